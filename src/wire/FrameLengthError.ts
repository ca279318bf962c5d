import { tagText } from "./Tag.js"
import { TaggedError } from "../model/TaggedError.js"

/** A length no message of this kind may have here. What follows it cannot be divided into messages, so the connection is lost. */
export class FrameLengthError extends TaggedError("FrameLengthError")<{
  /** The tag byte. */
  readonly tag: number
  /** The length word as a signed number. */
  readonly length: number
  readonly least: number
  readonly most: number
  /** Name of the phase whose limits were in force. */
  readonly phase: string
}> {
  override get message(): string {
    return (
      `message '${tagText(this.tag)}' announces a length of ${this.length} bytes, ` +
      `the ${this.phase} phase allows ${this.least} to ${this.most}`
    )
  }
}
