/**
 * A COPY … FROM STDIN on the wire: from the statement to the server's consent, the end of the data or the reason for their
 * lack, and its result.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as CommandTag from "../../model/CommandTag.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as Session from "../../protocol/Session.js"
import * as Copy from "../../wire/messages/Copy.js"
import type { CopyInResponse } from "../../wire/messages/Copy.js"
import { notACopy, type TakeFormats } from "./CopyOut.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Deadline from "../session/Deadline.js"
import * as Outbound from "../session/Outbound.js"
import { Watchers } from "../session/Watchers.js"
import { TextRequest } from "../statement/Query.js"

export class CopyInRequest extends TextRequest {
  command: CommandTag.CommandTag = CommandTag.empty
  formats: CopyInResponse | undefined
  private reason = "the copy was interrupted"
  private stopped = false
  readonly changes = new Watchers()

  constructor(
    sql: string,
    operation: string,
    private readonly timeout: Duration.DurationInput | undefined,
    private readonly onFormats?: TakeFormats
  ) {
    super(sql, operation)
  }

  override onCopyIn(core: ConnectionState, formats: CopyInResponse): void {
    if (this.discarding || this.formats !== undefined) {
      // Interrupted meanwhile, or a second COPY in the same text, for which there is no data.
      this.reason = this.discarding ? this.reason : "one COPY at a time"
      this.stop(core)
      return
    }
    const { columnFormats, format } = formats
    this.formats = formats
    this.onFormats?.({ format, columnFormats })
    this.changes.changed()
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    this.command = CommandTag.parse(commandTag)
  }

  override onError(core: ConnectionState): void {
    this.changes.changed()
    core.drainWaiters.changed()
  }

  protected onSettled(): void {
    if (this.failure === undefined && this.formats === undefined)
      this.fail(notACopy(this.sql, "COPY FROM STDIN"))
    this.changes.changed()
  }

  /** Puts the deadline, if there is one, on a wait for the server. */
  within<A>(wait: Effect.Effect<A>): Effect.Effect<A, PgSessionError> {
    return Deadline.within(
      wait,
      this.timeout,
      () => this,
      (error) => this.failure ?? error
    )
  }

  /** True while the server takes data. */
  isFeeding(core: ConnectionState): boolean {
    return this.formats !== undefined && Outbound.takesData(core, this)
  }

  /** Ends the copy with a reason instead of data; the server stores nothing. */
  abort(core: ConnectionState, reason: string): void {
    this.reason = reason
    this.stop(core)
  }

  override stop(core: ConnectionState): boolean {
    if (this.stopped) return true
    const moved = core.session.owner === this ? Session.moved(core.session, "send CopyFail") : undefined
    if (moved === undefined) return false
    Copy.CopyFail.encode(core.writer, { _tag: "CopyFail", reason: this.reason.replaceAll("\0", "") })
    core.session = moved
    this.stopped = true
    Outbound.flush(core)
    return true
  }
}
