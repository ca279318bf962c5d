/** A scheduler of Effect's that chooses by a seed which of the fibers that are ready runs next. */
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import type { SeededRandom } from "./SeededRandom.js"

/** What the owner of a scheduler is called for. */
export interface SchedulerHooks {
  /** No task is left. */
  readonly onIdle: () => void
  /** A task is about to run, the how many-th. */
  readonly onStep: (steps: number) => void
}

interface ReadyTask {
  readonly run: Scheduler.Task
  readonly priority: number
}

/**
 * Runs one task per microtask, so that callbacks of links in memory come between them, always at the same places. As with
 * Effect's own scheduler, a task of a lower priority number runs before one of a higher.
 */
export class SeededScheduler implements Scheduler.Scheduler {
  private readonly ready: Array<ReadyTask> = []
  private isDraining = false
  private isStopped = false
  private readonly draining: () => void
  /** Tasks that have run. */
  steps = 0

  /** `yieldChance`: how likely a fiber is to give way between two of its steps, from 0 to 1. */
  constructor(
    private readonly random: SeededRandom,
    private readonly yieldChance: number,
    private readonly hooks: SchedulerHooks
  ) {
    const draining = (): void => this.drain()
    this.draining = draining
  }

  shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    return this.random.happens(this.yieldChance) ? 0 : Scheduler.defaultShouldYield(fiber)
  }

  scheduleTask(run: Scheduler.Task, priority: number): void {
    if (this.isStopped) return
    this.ready.push({ run, priority })
    if (this.isDraining) return
    this.isDraining = true
    queueMicrotask(this.draining)
  }

  get isIdle(): boolean {
    return this.ready.length === 0
  }

  /** No task runs any more. */
  stop(): void {
    this.isStopped = true
    this.ready.length = 0
  }

  private drain(): void {
    const task = this.take()
    if (task !== undefined) {
      this.hooks.onStep(++this.steps)
      if (!this.isStopped) task.run()
      queueMicrotask(this.draining)
      return
    }
    this.isDraining = false
    this.hooks.onIdle()
  }

  private take(): ReadyTask | undefined {
    const { ready } = this
    if (ready.length === 0) return undefined
    const first = ready.reduce((least, { priority }) => Math.min(least, priority), Infinity)
    const candidates = ready.filter(({ priority }) => priority === first)
    const task = candidates[this.random.below(candidates.length)]!
    ready.splice(ready.indexOf(task), 1)
    return task
  }
}
