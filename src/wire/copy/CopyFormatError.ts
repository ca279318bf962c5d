import { TaggedError } from "../../model/TaggedError.js"

/** Data that are not what their COPY format says. What comes behind it is not interpreted. */
export class CopyFormatError extends TaggedError("CopyFormatError")<{
  /**
   * `malformed`: against the format or with another number of fields than columns. `truncated`: the data end too early.
   * `too-large`: a record beyond the limit, found before memory is taken for it.
   */
  readonly kind: "malformed" | "truncated" | "too-large"
  /** The record, counted from 1 without the header; 0 for the header. */
  readonly record: number
  /** Carries sizes and bytes of the format, never a value. */
  readonly reason: string
}> {
  override get message(): string {
    return `copy data, ${this.record === 0 ? "header" : `record ${this.record}`}: ${this.reason}`
  }
}
