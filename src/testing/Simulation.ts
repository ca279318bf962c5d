/**
 * Programs in virtual time, in an order that follows from a seed. Which of the fibers that are ready runs next, where a
 * fiber gives way, which of several timers of the same moment fires first and what `Random` gives: a seed decides all of
 * them, so a failing interleaving can be run again by its number.
 *
 * When no fiber can go on, the clock moves to the next timer at once: a program that waits for a day is over in a moment.
 * This suits programs in memory (`MemoryTransport`, `ScriptedServer`, `SimulatedNetwork`). When a program waits for a real
 * socket, a file or a child process, its timers fire before the answer comes.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import { afterTurn } from "../host/EventLoop.js"
import { TaggedError } from "../model/TaggedError.js"
import { SeededRandom } from "./SeededRandom.js"
import { SeededScheduler } from "./SeededScheduler.js"
import { VirtualClock } from "./VirtualClock.js"

const afterQuiet = (callback: () => void): void => afterTurn(() => afterTurn(callback))

/** Above it, fibers would be busy with giving way alone. */
const maxYields = 0.05

/** How a program is run. */
export interface SimulationOptions {
  /** A whole number. The same program with the same seed runs in the same way. */
  readonly seed: number
  /**
   * How likely a fiber is to give way between two of its steps, from 0 to 0.05; giving way is a dozen steps itself. Unless given,
   * it is drawn from the seed, so that some courses have long runs of one fiber and others change fibers often.
   */
  readonly yieldChance?: number
  /** The most turns of fibers before the run fails with `SimulationStuck`. Default 1,000,000. */
  readonly maxSteps?: number
  /** Milliseconds since 1970 at which the clock begins. Default 0. */
  readonly start?: number
}

/** A program that does not end: every fiber waits and no timer is set, or it has passed `maxSteps`. */
export class SimulationStuck extends TaggedError("SimulationStuck")<{
  readonly reason: "deadlock" | "steps"
  readonly seed: number
  /** Turns of fibers so far. */
  readonly steps: number
  /** The virtual time, in milliseconds since the start. */
  readonly millis: number
}> {
  override get message(): string {
    const what =
      this.reason === "deadlock"
        ? "every fiber waits and no timer is set"
        : "the program has not ended after the steps it was given"
    return `seed ${this.seed}: ${what} (${this.steps} steps, ${this.millis} ms of virtual time)`
  }
}

/** A seed under which the program fails, and how it fails. */
export class SimulationFailure extends TaggedError("SimulationFailure")<{
  readonly seed: number
  readonly cause: Cause.Cause<unknown>
}> {
  override get message(): string {
    return `the program fails with seed ${this.seed}: ${Cause.pretty(this.cause)}`
  }
}

/** Lets time pass while no fiber runs, as when the machine is frozen. Outside `simulate` it does nothing. */
export const freeze = (millis: number): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      if (clock instanceof VirtualClock) clock.jump(millis)
    })
  )

/**
 * Runs the program in virtual time and in the order of the seed. Fails with the program's error, and with `SimulationStuck`
 * when the program does not end. Fibers that outlive the program stop where they are, because the clock stops. Interrupting
 * interrupts the program.
 */
export const simulate = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: SimulationOptions
): Effect.Effect<A, E | SimulationStuck, R> =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.async<A, E | SimulationStuck>((resume) => {
      const { maxSteps = 1_000_000, seed, start = 0 } = options
      const random = new SeededRandom(seed)
      const yieldChance = Math.min(maxYields, options.yieldChance ?? random.next() * maxYields)
      let isWaiting = false
      let isOver = false

      const stuck = (reason: SimulationStuck["reason"]): void => {
        isOver = true
        scheduler.stop()
        const millis = clock.unsafeCurrentTimeMillis() - start
        resume(Effect.fail(new SimulationStuck({ reason, seed, steps: scheduler.steps, millis })))
      }
      // Callbacks of links in memory are microtasks, and a connection that has read much gives the event loop a turn: all of them
      // have run when the loop had two turns in which no fiber became ready.
      const settle = (): void => {
        if (isWaiting || isOver) return
        isWaiting = true
        afterQuiet(() => {
          isWaiting = false
          if (isOver || !scheduler.isIdle) return
          if (!clock.advance((count) => random.below(count))) return stuck("deadlock")
          settle()
        })
      }
      const scheduler = new SeededScheduler(random, yieldChance, {
        onIdle: settle,
        onStep: (steps) => {
          if (steps > maxSteps && !isOver) stuck("steps")
        }
      })
      const clock = new VirtualClock(start, settle)

      const fiber = Runtime.runFork(
        runtime,
        program.pipe(Effect.withClock(clock), Effect.withRandom(Random.make(seed))),
        { scheduler, immediate: false }
      )
      fiber.addObserver((exit) => {
        if (isOver) return
        isOver = true
        resume(exit)
      })
      return Effect.suspend(() => (isOver ? Effect.void : Fiber.interrupt(fiber)))
    })
  )

/** The seeds to try. */
export interface ExploreOptions extends Omit<SimulationOptions, "seed"> {
  /** The first seed. Default 0. */
  readonly seed?: number
  /** How many seeds, one after another. Default 100. */
  readonly runs?: number
}

/**
 * Runs the program once for each of `runs` seeds, and fails with the first under which it fails or dies: `simulate(program,
 * { seed })` repeats that run.
 */
export const explore = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  options: ExploreOptions = {}
): Effect.Effect<void, SimulationFailure, R> => {
  const { runs = 100, seed: first = 0, ...settings } = options
  return Effect.iterate(first, {
    while: (seed) => seed < first + runs,
    body: (seed) =>
      Effect.flatMap(Effect.exit(simulate(program, { ...settings, seed })), (exit) =>
        Exit.isSuccess(exit)
          ? Effect.succeed(seed + 1)
          : Effect.fail(new SimulationFailure({ seed, cause: exit.cause }))
      )
  }).pipe(Effect.asVoid)
}
