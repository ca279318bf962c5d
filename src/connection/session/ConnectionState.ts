/**
 * The state of one open connection: what `Inbound` and `Outbound` work on. Everything pure is elsewhere; here are the
 * places where the pure values are kept between two events.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { ConnectFacts, Probe, SendCancel } from "./ConnectFacts.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgClosedError } from "../../model/PgError.js"
import type { ServerFields } from "../../model/ServerFields.js"
import type { Link } from "../../net/Transport.js"
import * as Session from "../../protocol/Session.js"
import type { Registry } from "../../types/Registry.js"
import type { Framer } from "../../wire/Framer.js"
import { Fairness } from "./Fairness.js"
import { Pulse } from "./Pulse.js"
import { SessionChanges } from "./SessionChanges.js"
import type { SideChannels } from "./SideChannels.js"
import type { StatementCache } from "./StatementCache.js"
import type { TransactionBlock } from "./TransactionBlock.js"
import { TypeBook } from "./TypeBook.js"

/** What a connection is made with. */
export interface CoreOptions {
  readonly link: Link
  readonly framer: Framer
  /** What the startup phase has written on: its buffer has room for all that small exchanges say. */
  readonly writer: ByteWriter
  readonly facts: ConnectFacts
  readonly registry: Registry
  readonly statements: StatementCache
  readonly side: SideChannels
  /** Exchanges that may be in flight at once; 1 switches pipelining off. */
  readonly pipelineDepth: number
  /** Bytes of undelivered rows or copy data at which reading from the socket stops. */
  readonly streamBufferBytes: number
  readonly sendCancel: SendCancel
  /** Runs what no fiber waits for: the cancelling of statements whose fibers have gone on. */
  readonly fork: (effect: Effect.Effect<void>) => void
  /** By which turns of the event loop are given. Default: the system's. */
  readonly clock?: Clock.Clock
  /** What is seen of `link`, if it is watched. */
  readonly pulse?: Pulse
  /** Tries a second connection to the same address; a failure says that the address cannot be reached. */
  readonly probe?: Probe
  /** Silence after which that is tried, unless a request has a time of its own. Default: never. */
  readonly probeAfter?: Duration.Duration
}

/** What a connection has to know of whoever waits for its answers. */
export interface Waiter {
  readonly state: "queued" | "sent" | "settled"
  readonly sql: string
  /** Keeps the first failure. */
  readonly fail: (error: PgSessionError) => void
}

export class ConnectionState<R extends Waiter> {
  session: Session.Session<R> = Session.make()
  /** Asked for and not yet written, oldest first; settled ones are skipped. */
  pending: Array<R> = []
  /** Index of the oldest in `pending`. */
  pendingFrom = 0
  /**
   * Refused before they ran, and to be sent once more in this order. Nothing is written until what was written behind
   * them has been answered.
   */
  repeats: Array<R> = []
  /** While set, nothing of other requests is written. */
  holder: R | undefined = undefined
  /** The transaction that `withTransaction` has open here. */
  transaction: TransactionBlock | undefined = undefined
  /** Cancels under way: until they are over nothing more is written. */
  cancels = 0
  /** Unwanted statements were left behind a wanted one. */
  hasUnwanted = false
  /** The socket asked us to wait before writing more. */
  blocked = false
  flushScheduled = false
  /** Why the connection has ended, if it has. */
  ended: PgSessionError | undefined = undefined
  /** The last FATAL, or the shutdown warning that comes before an unexplained end. */
  lastWord: ServerFields | undefined = undefined
  /** Called once when the connection ends. */
  readonly onEnded: Array<() => void> = []
  /** Woken when the socket takes bytes again, and when the connection ends. */
  drainWaiters: Array<() => void> = []
  /** Why the transaction has failed, where it was this side that failed it. */
  failedBecause: string | undefined = undefined
  /** How many transaction blocks have ended: what belongs to one of them is gone after it. */
  blocksEnded = 0

  readonly link: Link
  readonly framer: Framer
  readonly writer: ByteWriter
  readonly facts: ConnectFacts
  /** What is known of types; of its own, until a connector gives it the book of all its connections. */
  types: TypeBook
  /** Whether types that nobody knows are asked for. */
  findsTypes = false
  /** Copies into it that are being fed. */
  feeds = 0
  /** Whether the session still has the role wanted, as far as the server reports it. */
  fitsRole: () => boolean | undefined = () => true
  /** What its statements can have changed for the next user. */
  readonly changes = new SessionChanges()
  /** Whether the server has refused a write as one in a read-only transaction (`25006`). */
  refusedWrite = false
  /** Whether the open transaction was begun as a read-only one: then a refused write says nothing of the server. */
  isReadOnly = false
  /** How long stopping a statement may take before the connection is closed instead. */
  cancelDeadline: Duration.Duration = Duration.seconds(5)
  /** Whether the portal of every execution is described, also that of a statement with a name. */
  describesPortals = false
  /** Whether errors print what quotes values of rows. */
  showsValues = false
  readonly statements: StatementCache
  readonly side: SideChannels
  readonly pipelineDepth: number
  readonly streamBufferBytes: number
  readonly sendCancel: SendCancel
  readonly fork: CoreOptions["fork"]
  readonly pulse: Pulse
  readonly probe: Probe
  readonly probeAfter: Duration.Duration
  readonly fairness: Fairness
  /** Bytes that have come since it was asked last whether the event loop is to have a turn. */
  sinceAsked = 0

  constructor(options: CoreOptions) {
    this.link = options.link
    this.framer = options.framer
    this.writer = options.writer
    this.facts = options.facts
    this.types = new TypeBook(options.registry)
    this.statements = options.statements
    this.side = options.side
    this.pipelineDepth = Math.max(1, options.pipelineDepth)
    this.streamBufferBytes = options.streamBufferBytes
    this.sendCancel = options.sendCancel
    this.fork = options.fork
    this.pulse = options.pulse ?? new Pulse()
    this.probe = options.probe ?? Effect.succeed(undefined)
    this.fairness = new Fairness(options.clock ?? Clock.make())
    this.probeAfter = options.probeAfter ?? Duration.infinity
  }

  /** The codecs there are now. */
  get registry(): Registry {
    return this.types.registry
  }

  /** How many requests wait to be written. */
  get waiting(): number {
    let count = this.repeats.length
    for (let at = this.pendingFrom; at < this.pending.length; at++) {
      if (this.pending[at]!.state === "queued") count++
    }
    return count
  }

  /** The failure of a request that meets an ended connection; `isLate`: it was called after the end. */
  closedError(sent: boolean, sql: string, isLate = false): PgSessionError {
    const ended = this.ended
    if (
      sent &&
      ended !== undefined &&
      (ended._tag === "PgProtocolError" || ended._tag === "PgTimeoutError")
    ) {
      return ended
    }
    const reason =
      ended === undefined
        ? "the connection has been closed"
        : ended._tag === "PgClosedError"
          ? ended.reason
          : `the connection has been closed after: ${ended.message}`
    return new PgClosedError({ reason, sent, server: this.lastWord, sql, ...(isLate ? { ended: true } : {}) })
  }
}

/**
 * Ends the connection: the socket is destroyed, unless `hangUp` does otherwise, every request that waits is settled once with the first
 * cause, and no further byte is interpreted. Idempotent.
 */
export const breakOff = <R extends Waiter & { readonly settle: (core: ConnectionState<R>) => void }>(
  core: ConnectionState<R>,
  cause: PgSessionError,
  hangUp: () => void = () => core.link.destroy()
): void => {
  if (core.ended !== undefined) return
  core.ended = cause
  hangUp()
  const sent = Session.owners(core.session)
  const queued = [...core.repeats, ...core.pending.slice(core.pendingFrom)]
  core.session = Session.make()
  core.pending = []
  core.pendingFrom = 0
  core.repeats = []
  core.holder = undefined
  for (const request of sent) {
    request.fail(core.closedError(true, request.sql))
    request.settle(core)
  }
  for (const request of queued) {
    if (request.state !== "queued") continue
    request.fail(core.closedError(false, request.sql))
    request.settle(core)
  }
  core.side.end(cause)
  const waiters = core.drainWaiters
  core.drainWaiters = []
  for (const wake of waiters) wake()
  for (const notify of core.onEnded) notify()
}
