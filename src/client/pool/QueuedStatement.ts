/**
 * Single statements of a pool whose connections are for one call at a time. A statement is sent in the step in which its connection comes
 * free, and the connection is given on in the step in which the statement is answered: its fiber is woken once, for the answer.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Request } from "../../connection/session/ConnectionState.js"
import type { Dispatched, Dispatcher } from "../../connection/session/Dispatch.js"
import type { PgTimeoutError } from "../../model/PgError.js"
import type { LeaseError } from "./LeaseError.js"
import { outsideLease } from "./LeaseError.js"
import * as Policy from "./Policy.js"
import type { PoolConnections } from "./PoolConnections.js"
import type { Turn } from "./PoolConnector.js"
import { PooledConnection } from "./PooledConnection.js"
import * as Return from "./Return.js"
import type { QueueEntry } from "./WaitQueue.js"

type AnyFiber = Fiber.RuntimeFiber<unknown, unknown>

type Refuse = (instead: Effect.Effect<never, LeaseError>) => void

/** A statement that waits for a connection, or is on one. */
class QueuedStatement implements QueueEntry<Turn>, Dispatched {
  handed: { readonly value: Turn } | undefined = undefined
  isOver = false
  end = 0
  ticket = 0
  private slot: PooledConnection | undefined = undefined

  constructor(
    private readonly pool: PoolConnections,
    private readonly late: () => PgTimeoutError,
    private readonly request: Request,
    private readonly fiber: AnyFiber,
    private readonly refuse: Refuse
  ) {}

  /** Its turn has come, or the wait for it was too long. */
  wake(): void {
    const turn = this.handed?.value
    if (turn === undefined) {
      if (this.request.state === "queued") this.refuse(Effect.fail(this.late()))
    } else if (turn instanceof PooledConnection) this.send(turn)
    else this.refuse(Effect.fail(turn))
  }

  send(slot: PooledConnection): void {
    const { fiber, pool, request } = this
    this.slot = slot
    pool.counts.acquired++
    slot.lend(pool.now, fiber)
    request.onceSettled = slot.onAnswered
    slot.session!.send(request)
  }

  get abandon(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { pool, request, slot } = this
      // A request that is over has given its connection on.
      if (request.state === "settled") return Effect.void
      if (slot === undefined) {
        request.state = "settled"
        pool.queue.quit(this)
        return Effect.void
      }
      request.onceSettled = undefined
      return Effect.zipRight(
        slot.session!.abandon(request),
        Effect.suspend(() => Return.fromUser(pool, slot))
      )
    })
  }
}

/** Whether statements can be queued at all: not where something is to be done around each. */
const canDispatch = ({ options, settings }: PoolConnections): boolean =>
  options.onAcquire === undefined && options.onRelease === undefined && settings.maxWaiting === Infinity

/** Sends the statements of a pool; `late`: the failure of one that has waited too long. */
export const dispatcher = (pool: PoolConnections, late: () => PgTimeoutError): Dispatcher<LeaseError> => {
  const isPossible = canDispatch(pool)
  return {
    outside: outsideLease,
    dispatch: (request, fiber, refuse) => {
      const { idle, openings, queue } = pool
      if (!isPossible || !pool.takesRequests || pool.drained !== undefined) return undefined
      const call = new QueuedStatement(pool, late, request, fiber, refuse)
      const slot = queue.waiting === 0 ? idle.at(-1) : undefined
      if (slot !== undefined) {
        if (slot.session?.isFree !== true || Policy.needsCheck(slot, pool.now, pool.settings))
          return undefined
        idle.pop()
        call.send(slot)
      } else {
        // The first that waits is a fiber's: it looks after those behind it, and learns why no connection can be opened.
        if (!queue.isWatched || openings.isFailing) return undefined
        queue.enter(call)
        pool.serve()
      }
      return call
    }
  }
}
