/**
 * One exchange from the side of whoever asked for it: it writes its opening messages, hears what the server answers,
 * and is settled exactly once, at its ReadyForQuery or when the connection is lost.
 *
 * Handlers run inside the socket's callback: they must not wait. What one throws, because a codec or a value of the
 * application's does, is the failure of its request and of no other.
 */
import { commitsInside } from "../../model/CommitsInside.js"
import type { CommandTag } from "../../model/CommandTag.js"
import type { Column } from "../../model/Column.js"
import type { Notice } from "../../model/Notice.js"
import type { CancelOutcome, PgSessionError } from "../../model/PgError.js"
import type { Node } from "../../protocol/Machine.js"
import type { Script } from "../../protocol/Pipeline.js"
import type { CopyBothResponse, CopyInResponse, CopyOutResponse } from "../../wire/messages/Copy.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { threw } from "./CodecThrew.js"
import type { ConnectionState } from "./ConnectionState.js"
import type { TransactionBlock } from "./TransactionBlock.js"

type Core = ConnectionState<Request>

/** What becomes of a request, told to whoever asked. */
export type Outcome<A> = (failure: PgSessionError | undefined, value: A) => void

/** `queued`: nothing was written. `sent`: at least the first message was. `settled`: whoever asked has its answer. */
export type RequestState = "queued" | "sent" | "settled"

export abstract class Request {
  state: RequestState = "queued"
  /** Whoever asked is gone: rows are thrown away as they come, and no error is reported. */
  discarding = false
  /** Called with the bytes of rows and copy data that are thrown away. */
  onDropped: ((bytes: number) => void) | undefined = undefined
  /** A move of ours has ended it: its answer comes without a cancel. */
  isStopped = false
  /** What became of stopping it on the server, once that was tried. */
  cancel: CancelOutcome | undefined = undefined
  /** Why the server could not be told to stop it. */
  cancelFailure: string | undefined = undefined
  /** Its deadline has passed: whoever asked is to have the error soon, whether the server can be told or not. */
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

  /** Both for errors; `operation`: the name under which users call it. */
  constructor(
    readonly sql: string,
    readonly operation: string
  ) {}

  /** The text of the statement that is running, where the request has several. */
  get running(): string {
    return this.sql
  }
  /** Nothing else may be on the wire while this is: copies, leases, several statements in one text. */
  get exclusive(): boolean {
    return false
  }
  /** Nothing more is written until it is over: it is exclusive, or is to be sent once more after `before`. */
  get holds(): boolean {
    return this.exclusive || this.before?.state === "queued"
  }
  /** Sent as `Query` or `FunctionCall`, which need no Sync. */
  get simple(): boolean {
    return false
  }

  /** Whether a part of it may have been committed by the time that the server refuses it. */
  mayHaveCommitted(core: Core): boolean {
    return core.session.status === "I" && commitsInside(this.sql)
  }

  /**
   * Writes the opening messages and returns the answers expected for them. On a local failure it sets `failure`
   * and returns `undefined`; the writer is rolled back and nothing is sent.
   */
  abstract open(core: Core): Script | undefined

  /** Called once, when the request is over. */
  protected abstract onSettled(core: Core): void

  /** Called after the request has been settled: an interrupted fiber waits for that. */
  onceSettled: (() => void) | undefined = undefined

  settle(core: Core): void {
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

  /** Whoever asked is gone before anything was written. */
  withdraw(_core: Core): void {
    this.state = "settled"
    this.onceSettled?.()
  }

  /**
   * Ends a request that waits for a move of ours (an open copy, a suspended portal) by making the move that ends it.
   * False: the server is at work, and only a cancel stops it.
   */
  stop(_core: Core): boolean {
    return false
  }

  /** Keeps the first failure. */
  fail(error: PgSessionError): void {
    if (this.failure === undefined) this.failure = error
  }

  onParsed(_core: Core): void {}
  onBound(_core: Core): void {}
  onClosed(_core: Core): void {}
  onParameters(_core: Core, _types: ReadonlyArray<number>): void {}
  /** The description of a portal, in bytes. True: it is known, and `onColumns` is not told. The run is good only during the call. */
  onDescription(_run: FrameRun): boolean {
    return false
  }
  /** `undefined`: the statement returns no rows. */
  onColumns(_core: Core, _columns: ReadonlyArray<Column> | undefined): void {}
  /** The run is good only during the call. A returned text is a protocol violation. */
  onRows(_core: Core, _run: FrameRun): string | undefined {
    return undefined
  }
  onComplete(_core: Core, _tag: CommandTag): void {}
  onEmpty(_core: Core): void {}
  onSuspended(_core: Core): void {}
  onCopyIn(_core: Core, _response: CopyInResponse): void {}
  onCopyOut(_core: Core, _response: CopyOutResponse): void {}
  onCopyBoth(_core: Core, _response: CopyBothResponse): void {}
  /** The run is good only during the call. */
  onCopyData(_core: Core, _run: FrameRun): void {}
  onCopyDone(_core: Core): void {}
  /** The server has sent a notice while this request is the one that it answers. */
  onNotice(_core: Core, _notice: Notice): void {}
  onValue(_core: Core, _value: Uint8Array | null): void {}
  /** In which state the server refused, told before `onError`. */
  failedIn(_node: Node): void {}
  /** The server refused; `failure` is set. */
  onError(_core: Core): void {}
  /**
   * ReadyForQuery has been read. `true`: the request wants to be sent once more and is not settled.
   */
  onReady(_core: Core): boolean {
    return false
  }
}
