import type { ServerFields } from "../model/ServerFields.js"
import { tagText } from "./Tag.js"
import { TaggedError } from "../model/TaggedError.js"

/** A complete frame whose body is not what its tag promises. The connection cannot be trusted any further. */
export class MalformedMessage extends TaggedError("MalformedMessage")<{
  /** The manual's name of the message, such as `RowDescription`; `unknown` for a tag no message has. */
  readonly kind: string
  /** The tag byte; `undefined` for the packets that have none. */
  readonly tag: number | undefined
  readonly reason: string
  /** What could still be read of a malformed `ErrorResponse` or `NoticeResponse`. */
  readonly partial: ServerFields | undefined
}> {
  override get message(): string {
    const which = this.tag === undefined ? this.kind : `${this.kind} '${tagText(this.tag)}'`
    const said =
      this.partial === undefined ? "" : `; the server reported: ${this.partial.severity} ${this.partial.text}`
    return `malformed message ${which}: ${this.reason}${said}`
  }
}
