/**
 * Messages one by one, for the startup phase: it is short, and each message decides what to do next.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { ByteWriter } from "../../bytes/ByteWriter.js"
import { PgClosedError, PgProtocolError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import type { Link } from "../../net/Transport.js"
import * as BackendMessage from "../../wire/BackendMessage.js"
import type { Framer } from "../../wire/Framer.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import * as FrontendMessage from "../../wire/FrontendMessage.js"
import { legacyText } from "../../wire/messages/Notice.js"

export type ConversationError = PgProtocolError | PgClosedError | TransportFailure

export class Conversation {
  private waiter: (() => void) | undefined
  private end: { readonly failure: TransportFailure | undefined } | undefined
  private first: Uint8Array | undefined
  /** One for the session's whole life: a writer that starts anew costs a buffer. */
  readonly writer = new ByteWriter(1 << 14)
  /** Name of the current state, for errors. */
  state = "Startup.Opening"

  constructor(
    readonly link: Link,
    readonly framer: Framer
  ) {
    link.listen({
      onData: (chunk) => {
        this.first ??= chunk
        this.framer.push(chunk)
        this.wake()
      },
      onDrain: () => {},
      onEnd: (failure) => {
        this.end = { failure }
        this.wake()
      }
    })
    link.resume()
  }

  /** Bytes or the end have come since `poll` was called last. */
  private hasArrived = false

  private wake(): void {
    this.hasArrived = true
    const waiter = this.waiter
    this.waiter = undefined
    waiter?.()
  }

  /** Sends one message. On a failure the reason is returned, and nothing of the message has been sent. */
  send(message: FrontendMessage.FrontendMessage): string | undefined {
    FrontendMessage.encode(this.writer, message)
    const failure = this.writer.failure
    if (failure !== null) {
      this.writer.rollback(0)
      return failure
    }
    this.link.write(this.writer.detach())
    return undefined
  }

  /** The next message, if it is there. Left: it is malformed or too long, or the link has ended before it. */
  poll(): Either.Either<BackendMessage.BackendMessage, ConversationError> | undefined {
    this.hasArrived = false
    const run = this.framer.next()
    if (run === null) return this.end === undefined ? undefined : Either.left(this.ended(this.end.failure))
    if ("least" in run) return Either.left(this.notPostgres(run.tag, run.message))
    const message = BackendMessage.decode(run.tag, run.bytes, run.starts[0]!, bodyEnd(run, 0))
    return Either.isRight(message)
      ? Either.right(message.right)
      : Either.left(this.notPostgres(run.tag, message.left.message))
  }

  /**
   * Succeeds when bytes or the end have come since `poll` had nothing, also when they came while the fiber gave way before
   * it began to wait. Interruption undoes nothing: to wake a fiber that no longer waits does nothing.
   */
  readonly arrival: Effect.Effect<void> = Effect.async<void>((resume) => {
    // A name first: V8 gives a function that is written into a property a place among the old, with all that it holds.
    const wake = (): void => resume(Effect.void)
    if (this.hasArrived) wake()
    else this.waiter = wake
  })

  /** The next message. Fails when it is malformed or too long, and when the link ends. */
  readonly next: Effect.Effect<BackendMessage.BackendMessage, ConversationError> = Effect.suspend(
    () => this.poll() ?? Effect.flatMap(this.arrival, () => this.next)
  )

  private notPostgres(tag: number, reason: string): PgProtocolError {
    const legacy = this.first === undefined ? undefined : legacyText(this.first)
    return new PgProtocolError({
      state: this.state,
      tag: BackendMessage.tagName(tag),
      reason: legacy === undefined ? reason : `an error in the form of an old server: ${legacy}`
    })
  }

  private ended(failure: TransportFailure | undefined): TransportFailure | PgClosedError {
    if (failure !== undefined) return failure
    const missing = this.framer.missing()
    const inMessage = missing > 0 ? `, ${missing} bytes before the end of a message` : ""
    return new PgClosedError({
      reason: `the server closed the connection in state ${this.state}${inMessage}`,
      sent: false,
      server: undefined,
      sql: ""
    })
  }
}
