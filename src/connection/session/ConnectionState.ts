/**
 * The state of one open connection: what `Inbound` and `Outbound` work on. Everything pure is elsewhere; here are the
 * places where the pure values are kept between two events.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { Column } from "../../model/Column.js"
import { commitsInside } from "../../model/CommitsInside.js"
import type { Notice } from "../../model/Notice.js"
import type { CancelOutcome, PgSessionError } from "../../model/PgError.js"
import type { ServerFields } from "../../model/ServerFields.js"
import type { Link } from "../../net/Transport.js"
import type { Node } from "../../protocol/Machine.js"
import type { PipelineScript } from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import type { Registry } from "../../types/Registry.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import type { Framer } from "../../wire/Framer.js"
import type { CopyBothResponse, CopyInResponse, CopyOutResponse } from "../../wire/messages/Copy.js"
import { threw } from "./CodecThrew.js"
import type { ConnectFacts, ProbeAddress, RoleQuestion, RoleReports, SendCancel } from "./ConnectFacts.js"
import { Fairness } from "./Fairness.js"
import { Pulse } from "./Pulse.js"
import { SessionChanges } from "./SessionChanges.js"
import type { ShutdownCounts } from "./ShutdownLog.js"
import type { SideChannels } from "./SideChannels.js"
import type { StatementCache } from "./StatementCache.js"
import type { Trace } from "./TracedLink.js"
import { Watchers } from "./Watchers.js"
import type { TransactionBlock } from "./TransactionBlock.js"
import type { KnownTypes } from "./KnownTypes.js"

/** What the sessions of one connector share. */
export interface SessionSettings {
  /** The known types of all connections to the database. */
  readonly types: KnownTypes
  /** Whether the catalogue is asked for unknown types. */
  readonly findsTypes: boolean
  /** Whether the portal of every execution is described, also that of a statement with a name. */
  readonly describesPortals: boolean
  /** Whether errors print what quotes values of rows. */
  readonly showsValues: boolean
  /** How long stopping a statement may take before the connection is closed instead. */
  readonly cancelDeadline: Duration.Duration
  /** Writes the conversation of a link down, where that is asked for. */
  readonly trace?: Trace | undefined
  /** Counts the server's warnings of its end. */
  readonly shutdowns: ShutdownCounts
  /** Whether reported roles are relied on. */
  readonly roleReports: RoleReports
}

/** What a connection is made with. */
export interface ConnectionOptions extends SessionSettings {
  readonly link: Link
  readonly framer: Framer
  /** The writer of the startup phase. Its buffer is large enough for small exchanges. */
  readonly writer: ByteWriter
  readonly facts: ConnectFacts
  readonly statements: StatementCache
  readonly side: SideChannels
  /** Exchanges that may be in flight at once; 1 switches pipelining off. */
  readonly pipelineDepth: number
  /** Bytes of undelivered rows or copy data at which reading from the socket stops. */
  readonly streamBufferBytes: number
  readonly sendCancel: SendCancel
  /** Runs effects that no fiber waits for: cancelling statements whose fibers have continued. */
  readonly fork: (effect: Effect.Effect<void>) => void
  /** Gives the event loop its turns. Default: the system's. */
  readonly clock?: Clock.Clock
  /** Tries a second connection to the same address. It fails when the address cannot be reached. */
  readonly probe?: ProbeAddress
  /** Silence after which that is tried, unless a request has a time of its own. Default: never. */
  readonly probeAfter?: Duration.Duration
  /** The default deadline of a statement. */
  readonly statementTimeout?: Duration.Duration | undefined
  /** Whether the session still has the requested role, as far as the server reports it. Default: true. */
  readonly fitsRole?: (() => boolean | undefined) | undefined
  /** How a session is asked for its role whose server does not report it. */
  readonly roleQuestion?: RoleQuestion | undefined
}

/** One open connection. */
export class ConnectionState {
  session: Session.Session<Request> = Session.make()
  /** Asked for and not yet written, oldest first; settled ones are skipped. */
  pending: Array<Request> = []
  /** Index of the oldest in `pending`. */
  pendingFrom = 0
  /**
   * Requests that were refused before they ran, and are sent once more in this order. Nothing is written until the requests written after them have been answered.
   */
  repeats: Array<Request> = []
  /** While set, nothing of other requests is written. */
  holder: Request | undefined = undefined
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
  /** Called once, when the first request is written. */
  onFirstRequest: (() => void) | undefined = undefined
  /** Called once when the connection ends. */
  readonly onEnded: Array<() => void> = []
  /** Notified when the socket accepts bytes again, and when the connection ends. */
  readonly drainWaiters = new Watchers()
  /** Why the client has failed the transaction, if it was the client. */
  failedBecause: string | undefined = undefined
  /** How many transaction blocks have ended. What belongs to a block is void after it. */
  blocksEnded = 0

  readonly link: Link
  readonly framer: Framer
  readonly writer: ByteWriter
  readonly facts: ConnectFacts
  readonly types: KnownTypes
  /** Whether the catalogue is asked for unknown types: until it refuses to answer. */
  findsTypes: boolean
  /** Copies into it that are being fed. */
  feeds = 0
  /** What its statements may have changed for the next user of the session. */
  readonly changes = new SessionChanges()
  /** Whether the server has refused a write as one in a read-only transaction (`25006`). */
  refusedWrite = false
  /** Whether the open transaction was begun as read-only: then a refused write is not a sign of the server's role. */
  isReadOnly = false
  readonly cancelDeadline: Duration.Duration
  readonly describesPortals: boolean
  readonly showsValues: boolean
  readonly statements: StatementCache
  readonly side: SideChannels
  readonly pipelineDepth: number
  readonly streamBufferBytes: number
  readonly sendCancel: SendCancel
  readonly fork: ConnectionOptions["fork"]
  readonly pulse: Pulse
  readonly probe: ProbeAddress
  readonly probeAfter: Duration.Duration
  readonly statementTimeout: Duration.Duration | undefined
  readonly fitsRole: (() => boolean | undefined) | undefined
  readonly roleQuestion: RoleQuestion | undefined
  readonly roleReports: RoleReports
  readonly fairness: Fairness
  /** Bytes that have come since the last check whether the event loop is due a turn. */
  sinceAsked = 0

  constructor(options: ConnectionOptions) {
    this.link = options.link
    this.framer = options.framer
    this.writer = options.writer
    this.facts = options.facts
    this.types = options.types
    this.findsTypes = options.findsTypes
    this.describesPortals = options.describesPortals
    this.showsValues = options.showsValues
    this.cancelDeadline = options.cancelDeadline
    this.statements = options.statements
    this.side = options.side
    this.pipelineDepth = Math.max(1, options.pipelineDepth)
    this.streamBufferBytes = options.streamBufferBytes
    this.sendCancel = options.sendCancel
    this.fork = options.fork
    this.pulse = new Pulse(options.link)
    this.probe = options.probe ?? Effect.succeed(undefined)
    this.fairness = new Fairness(options.clock ?? Clock.make())
    this.probeAfter = options.probeAfter ?? Duration.infinity
    this.statementTimeout = options.statementTimeout
    this.fitsRole = options.fitsRole
    this.roleQuestion = options.roleQuestion
    this.roleReports = options.roleReports
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
}

/** The outcome of a request, for its caller. */
export type Outcome<A> = (failure: PgSessionError | undefined, value: A) => void

/** `queued`: nothing was written. `sent`: at least the first message was. `settled`: the caller has its answer. */
export type RequestState = "queued" | "sent" | "settled"

/**
 * One exchange from the caller's side: it writes its opening messages, receives the server's answers, and is settled exactly once, at its ReadyForQuery or when the connection is lost.
 *
 * Handlers run inside the socket's callback: they must not wait. When a handler throws, because a codec or a value of the application does, only its own request fails.
 */
export abstract class Request {
  state: RequestState = "queued"
  /** The caller is gone: rows are discarded as they come, and no error is reported. */
  discarding = false
  /** Called with the bytes of rows and copy data that are thrown away. */
  onDropped: ((bytes: number) => void) | undefined = undefined
  /** A message of the client has ended it: its answer comes without a cancel. */
  isStopped = false
  /** What became of stopping it on the server, once that was tried. */
  cancel: CancelOutcome | undefined = undefined
  /** Why no cancel request could be delivered. */
  cancelFailure: string | undefined = undefined
  /** Its deadline has passed: the caller gets the error soon, whether the server can be reached or not. */
  isOverdue = false
  /** Whether any of it has been written to the socket, so that the server may have acted on it. */
  wasSent = false
  /** The transaction in which it was asked for: outside it, it is not written. */
  block: TransactionBlock | undefined = undefined
  /** Whether it has a watch over a silent server of its own, so that the connection's has to leave it alone. */
  hasOwnWatch = false
  /** Why the server refused it before it ran, when it is to be sent once more. */
  refusedBy: PgSessionError | undefined = undefined
  /** The first thing that went wrong. */
  failure: PgSessionError | undefined = undefined

  /** The text of the statement that is running, where the request has several. */
  running: string
  /** The server has run it, and its rows wait for their types. It is not sent again. */
  hasRun = false
  /** Bind has been answered. */
  isBound = false

  /** Both for errors; `operation`: the name under which users call it. */
  constructor(
    readonly sql: string,
    readonly operation: string,
    /** Nothing else may be on the wire while this is: copies, leases, several statements in one text. */
    readonly exclusive = false,
    /** Sent as `Query` or `FunctionCall`, which need no Sync. */
    readonly simple = false
  ) {
    this.running = sql
  }

  /** Where in the program its statement was written, if that is known. */
  get place(): string | undefined {
    return undefined
  }

  /** Whether a part of it may have been committed by the time that the server refuses it. */
  mayHaveCommitted(core: ConnectionState): boolean {
    return core.session.status === "I" && commitsInside(this.sql)
  }

  /**
   * Writes the opening messages and returns the answers expected for them. On a local failure it sets `failure`
   * and returns `undefined`; the writer is rolled back and nothing is sent.
   */
  abstract open(core: ConnectionState): PipelineScript | undefined

  /** Called once, when the request is over. */
  protected abstract onSettled(core: ConnectionState): void

  /** Called after the request has been settled: an interrupted fiber waits for that. */
  onceSettled: (() => void) | undefined = undefined

  settle(core: ConnectionState): void {
    if (this.state === "settled") return
    this.state = "settled"
    try {
      this.onSettled(core)
    } catch (cause) {
      // With a failure a request gives no value, and so has nothing to make one of.
      this.fail(threw(cause, this))
      this.onSettled(core)
    }
    this.onceSettled?.()
  }

  /**
   * What has to be answered before this request is sent once more. It goes to the server when `onReady` has asked for that,
   * ahead of all that wait.
   */
  before: Request | undefined = undefined

  /** The caller is gone before anything was written. */
  withdraw(_core: ConnectionState): void {
    this.state = "settled"
    this.onceSettled?.()
  }

  /**
   * Ends a request that waits for a message of the client (an open copy, a suspended portal) by sending that message. False: the server is working, and only a cancel stops it.
   */
  stop(_core: ConnectionState): boolean {
    return false
  }

  /** Keeps the first failure. */
  fail(error: PgSessionError): void {
    if (this.failure === undefined) this.failure = error
  }

  onParsed(_core: ConnectionState): void {}
  onClosed(_core: ConnectionState): void {}
  onParameters(_core: ConnectionState, _types: ReadonlyArray<number>): void {}
  /** The description of a portal, in bytes. True: it is known, and `onColumns` is not called. The run is good only during the call. */
  onDescription(_run: FrameRun): boolean {
    return false
  }
  /** `undefined`: the statement returns no rows. */
  onColumns(_core: ConnectionState, _columns: ReadonlyArray<Column> | undefined): void {}
  /** The run is good only during the call. A returned text is a protocol violation. */
  onRows(_core: ConnectionState, _run: FrameRun): string | undefined {
    return undefined
  }
  onComplete(_core: ConnectionState, _commandTag: string): void {}
  onEmpty(_core: ConnectionState): void {}
  onSuspended(_core: ConnectionState): void {}
  onCopyIn(_core: ConnectionState, _response: CopyInResponse): void {}
  onCopyOut(_core: ConnectionState, _response: CopyOutResponse): void {}
  onCopyBoth(_core: ConnectionState, _response: CopyBothResponse): void {}
  /** The run is good only during the call. */
  onCopyData(_core: ConnectionState, _run: FrameRun): void {}
  onCopyDone(_core: ConnectionState): void {}
  /** The server has sent a notice while this request is the one that it answers. */
  onNotice(_core: ConnectionState, _notice: Notice): void {}
  onValue(_core: ConnectionState, _value: Uint8Array | null): void {}
  /** The state in which the server refused; called before `onError`. */
  failedIn(_node: Node): void {}
  /** The server refused; `failure` is set. */
  onError(_core: ConnectionState): void {}
  /** ReadyForQuery has been read, and the request has sent another Sync. */
  onSynced(_core: ConnectionState): void {}
  /**
   * The last ReadyForQuery has been read. `true`: the request must be sent once more and is not settled.
   */
  onReady(_core: ConnectionState): boolean {
    return false
  }
}
