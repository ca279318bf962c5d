/**
 * Connections that single statements of several calls share: each statement has its own Sync, and goes to the connection that has the
 * fewest. A connection is shared for as long as statements are on it, then it is idle again.
 *
 * A call that needs a connection for itself is not kept waiting by statements that come after it: a shared connection is reserved for
 * it, which takes no further statement.
 */
import * as Effect from "effect/Effect"
import type { Admission, TurnError } from "../../connection/session/Admission.js"
import type { SingleStatements } from "../../connection/SharedSession.js"
import { isForgotten } from "../../model/Judgement.js"
import type { PgError } from "../../model/PgError.js"
import { PgServerError, PgUsageError } from "../../model/PgError.js"
import { OwnConnection } from "./OwnConnection.js"
import type { LeaseError } from "./LeaseError.js"
import type { PooledConnection } from "./PooledConnection.js"
import type { Multiplex } from "./PoolOptions.js"
import type { WaitQueue } from "./WaitQueue.js"

/** What sharing needs of its pool. */
export interface SharingPool {
  readonly size: number
  readonly max: number
  readonly generation: number
  readonly openings: { readonly running: number; readonly isFailing: boolean }
  readonly queue: { readonly waiting: number }
  readonly settings: { readonly maxUses: number; readonly reset: string }
  readonly counts: { acquired: number; shared: number }
  /** The idle connection that was used last, which may be lent without a check; it stays where it is. */
  readonly freshest: PooledConnection | undefined
  readonly takeIdle: (slot: PooledConnection) => void
  /** A connection without statements is the pool's again. */
  readonly takeBack: (slot: PooledConnection) => void
  readonly serve: () => void
}

/** Between the choice of a connection and the statement another call has taken the connection. */
const moved = new PgUsageError({
  operation: "query",
  argument: "",
  reason: "the connection of the statement belongs to another call now; nothing was sent",
  sql: ""
})

/**
 * What a statement does next that has failed on a shared connection. `again`: it was not sent, and is sent on another connection.
 * `alone`: the server does not know the prepared statement any more, or has refused its plan; it is run on a connection of its own,
 * where it is prepared again.
 */
export const afterFailure = (error: { readonly _tag?: unknown }): "again" | "alone" | "fail" => {
  if (error === moved) return "again"
  if (error._tag === "PgClosedError" && (error as PgError).nothingSent) return "again"
  return error instanceof PgServerError && isForgotten(error) ? "alone" : "fail"
}

export class Sharing {
  /** Connections with statements of several calls. */
  readonly connections: Array<PooledConnection> = []
  private readonly own = new OwnConnection()
  /** Whether statements share connections at all. */
  readonly isUsed: boolean

  constructor(
    private readonly pool: SharingPool,
    private readonly multiplex: Multiplex,
    /** Statements for which no connection has room. */
    readonly queue: WaitQueue<PooledConnection | LeaseError>
  ) {
    this.isUsed = multiplex.depth > 0
  }

  /** Whether the statement may share a connection. */
  mayShare(sql: string): boolean {
    return this.isUsed && !this.own.isNeeded(sql)
  }

  /** Statements share connections, and there is room for one more connection. */
  get isCrowded(): boolean {
    return !this.multiplex.whenBusy && this.connections.some(({ load }) => load > 1)
  }

  /** The connection for the next statement; `undefined` when no connection has room, or other statements wait already. */
  pick(): PooledConnection | undefined {
    if (this.queue.waiting > 0) return undefined
    const { pool } = this
    if (pool.queue.waiting === 0) {
      const slot = pool.freshest
      if (slot?.session !== undefined && this.isFit(slot)) return slot
    }
    if (!this.isTime) return undefined
    let best: PooledConnection | undefined
    let least = this.multiplex.depth
    for (const slot of this.connections) {
      if (slot.load >= least || !this.hasRoom(slot)) continue
      best = slot
      least = slot.load
      if (least === 1) break
    }
    return best
  }

  /** Whether a statement shares a connection now: `whenBusy` waits for one that is being opened, or may be. */
  private get isTime(): boolean {
    const { max, openings, size } = this.pool
    return !this.multiplex.whenBusy || openings.isFailing || (size >= max && openings.running === 0)
  }

  /** The statements of a connection that was picked: they count from the step in which they are written until they are answered. */
  statementsOf(slot: PooledConnection): SingleStatements {
    if (slot.statements !== undefined) return slot.statements
    const left = (): void => this.left(slot)
    const admission: Admission = {
      enter: () => (this.enter(slot) ? left : undefined),
      run: <A, E, R, E2>(operation: Effect.Effect<A, E, R>, refused: (error: TurnError) => E2) =>
        Effect.uninterruptibleMask((restore): Effect.Effect<A, E | E2, R> =>
          this.enter(slot)
            ? Effect.ensuring(restore(operation), Effect.sync(left))
            : Effect.fail(refused(moved))
        )
    }
    return (slot.statements = slot.session!.admitted(admission))
  }

  private enter(slot: PooledConnection): boolean {
    if (slot.where === "idle" && !slot.isDoubted) {
      this.pool.takeIdle(slot)
      this.begin(slot)
    } else if (slot.where !== "shared" || !this.hasRoom(slot)) return false
    this.count(slot)
    if (slot.load > 1 && this.pool.size < this.pool.max && this.pool.openings.running === 0) this.pool.serve()
    return true
  }

  private begin(slot: PooledConnection): void {
    slot.where = "shared"
    slot.load = 0
    slot.isReserved = false
    slot.isRetiring = false
    this.connections.push(slot)
  }

  private count(slot: PooledConnection): void {
    slot.load++
    slot.uses++
    this.pool.counts.acquired++
    if (slot.load > 1) this.pool.counts.shared++
  }

  private hasRoom(slot: PooledConnection): boolean {
    return (
      slot.load < this.multiplex.depth &&
      !slot.isReserved &&
      !slot.isRetiring &&
      !slot.isDoubted &&
      slot.uses < this.pool.settings.maxUses &&
      slot.generation === this.pool.generation &&
      this.isFit(slot)
    )
  }

  /** A connection that only wraps a session takes one statement at a time. */
  private isFit({ load, session }: PooledConnection): boolean {
    if (session === undefined) return load === 0
    return session.takesMore && (this.pool.settings.reset === "none" || !session.changes.isChanged)
  }

  /** A statement has been answered, or has left. */
  left(slot: PooledConnection): void {
    slot.load--
    if (slot.where !== "shared") return
    if (slot.load > 0) return this.fill(slot)
    const last = this.connections.pop()!
    if (last !== slot) this.connections[this.connections.indexOf(slot)] = last
    this.pool.takeBack(slot)
  }

  /** Gives a connection that is free to the statements that wait; false when none waits. */
  hand(slot: PooledConnection): boolean {
    if (this.queue.waiting === 0 || !this.isFit(slot)) return false
    this.begin(slot)
    this.handOne(slot)
    this.fill(slot)
    return true
  }

  private fill(slot: PooledConnection): void {
    while (this.queue.waiting > 0 && this.isTime && this.hasRoom(slot)) this.handOne(slot)
  }

  private handOne(slot: PooledConnection): void {
    this.count(slot)
    this.queue.hand(slot)
  }

  /** A call waits for a connection of its own: the one that will be free first takes no more statements. */
  reserve(): boolean {
    let best: PooledConnection | undefined
    for (const slot of this.connections)
      if (!slot.isReserved && (best === undefined || slot.load < best.load)) best = slot
    if (best === undefined) return false
    best.isReserved = true
    return true
  }

  /** Connections that are promised to calls that wait. */
  get reserved(): number {
    let count = 0
    for (const { isReserved } of this.connections) if (isReserved) count++
    return count
  }

  /** So many connections are too many: they take no more statements. */
  retire(count: number): void {
    const byLoad = [...this.connections].sort((a, b) => a.load - b.load)
    for (const slot of byLoad.slice(0, Math.max(0, count))) slot.isRetiring = true
  }
}
