/**
 * The text that `CommandComplete` carries, such as `INSERT 0 5` or `CREATE TABLE`, and the row count in it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-COMMANDCOMPLETE
 */
export interface CommandTag {
  /** The whole tag, as sent. */
  readonly text: string
  /** The words without the numbers, such as `INSERT` or `CREATE TABLE`. */
  readonly command: string
  /** Rows the command returned or changed; `undefined` when the tag has no number. */
  readonly rows: bigint | undefined
}

const isDigits = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 48 || code > 57) return false
  }
  return text.length > 0
}

class Parsed implements CommandTag {
  readonly command: string
  private readonly digits: string | undefined

  constructor(readonly text: string) {
    const words = text.split(" ")
    const last = words[words.length - 1]!
    this.digits = words.length > 1 && isDigits(last) ? last : undefined
    while (words.length > 1 && isDigits(words[words.length - 1]!)) words.pop()
    this.command = words.join(" ")
  }

  get rows(): bigint | undefined {
    return this.digits === undefined ? undefined : BigInt(this.digits)
  }
}

/** Reads a tag. Any text is accepted: an unknown tag is its own command without a count. */
export const parse = (text: string): CommandTag => new Parsed(text)

/** The tag of a statement without a command: an empty query. */
export const empty: CommandTag = parse("")
