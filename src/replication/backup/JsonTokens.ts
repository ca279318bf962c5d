/**
 * The tokens of a JSON text that comes in pieces, in bounded memory: no value is built, so that depth costs nothing, a string or a
 * number may have a bounded length only, and numbers stay text, as one above 2^53 is no JavaScript number.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 */

/** A token; of a string what it means, of a number and of a word its text. */
export type JsonToken =
  | { readonly _tag: "Mark"; readonly mark: "{" | "}" | "[" | "]" | ":" | "," }
  | { readonly _tag: "String"; readonly text: string }
  | { readonly _tag: "Number"; readonly text: string }
  | { readonly _tag: "Word"; readonly text: "true" | "false" | "null" }

/** Bytes that a string or a number may have. */
export const longestToken = 1 << 16

const quote = 0x22
const backslash = 0x5c
const marks: ReadonlySet<number> = new Set([..."{}[]:,"].map((mark) => mark.charCodeAt(0)))
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
/** Letters, digits, and signs of numbers. */
const isScalar = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x61 && byte <= 0x7a) ||
  byte === 0x2b ||
  byte === 0x2d ||
  byte === 0x2e ||
  byte === 0x45
const numberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

export class JsonTokens {
  /** What is open at the end of a piece: a string with its escapes, or the letters of a scalar. */
  private open: "string" | "scalar" | undefined
  private isEscaped = false
  private hasEscapes = false
  /** The pieces of what is open. */
  private held: Array<Uint8Array> = []
  private heldBytes = 0
  private readonly decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  /** What is wrong with the text; then there are no more tokens. */
  failure: string | undefined

  constructor(private readonly onToken: (token: JsonToken) => void) {}

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && this.failure === undefined) {
      if (this.open === "string") at = this.string(bytes, at)
      else if (this.open === "scalar") at = this.scalar(bytes, at)
      else {
        const byte = bytes[at]!
        if (byte === quote) {
          this.open = "string"
          at++
        } else if (marks.has(byte)) {
          this.onToken({ _tag: "Mark", mark: String.fromCharCode(byte) as ":" })
          at++
        } else if (isScalar(byte)) this.open = "scalar"
        else if (isSpace(byte)) at++
        else this.failure = `the byte 0x${byte.toString(16)} begins no value`
      }
    }
  }

  end(): void {
    if (this.failure !== undefined) return
    if (this.open === "string") this.failure = "the text ends inside a string"
    else if (this.open === "scalar") this.closeScalar()
  }

  private string(bytes: Uint8Array, from: number): number {
    let at = from
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (this.isEscaped) this.isEscaped = false
      else if (byte === backslash) {
        this.isEscaped = true
        this.hasEscapes = true
      } else if (byte === quote) {
        this.hold(bytes.subarray(from, at))
        this.closeString()
        return at + 1
      } else if (byte < 0x20) {
        this.failure = "a string has a control character"
        return at
      }
    }
    this.hold(bytes.slice(from, at))
    return at
  }

  private scalar(bytes: Uint8Array, from: number): number {
    let at = from
    while (at < bytes.length && isScalar(bytes[at]!)) at++
    this.hold(bytes.slice(from, at))
    if (at < bytes.length) this.closeScalar()
    return at
  }

  private hold(bytes: Uint8Array): void {
    this.heldBytes += bytes.length
    if (this.heldBytes > longestToken) {
      this.failure = `a string or a number has more than ${longestToken} bytes`
    } else if (bytes.length > 0) this.held.push(bytes)
  }

  private take(): string {
    const bytes = this.held.length === 1 ? this.held[0]! : Buffer.concat(this.held)
    this.held = []
    this.heldBytes = 0
    this.open = undefined
    try {
      return this.decoder.decode(bytes)
    } catch {
      this.failure = "a string is not UTF-8"
      return ""
    }
  }

  private closeString(): void {
    if (this.failure !== undefined) return
    const { hasEscapes } = this
    this.hasEscapes = false
    const raw = this.take()
    if (this.failure !== undefined) return
    if (!hasEscapes) return this.onToken({ _tag: "String", text: raw })
    try {
      this.onToken({ _tag: "String", text: JSON.parse(`"${raw}"`) as string })
    } catch {
      this.failure = "a string has an invalid escape"
    }
  }

  private closeScalar(): void {
    if (this.failure !== undefined) return
    const text = this.take()
    if (text === "true" || text === "false" || text === "null") this.onToken({ _tag: "Word", text })
    else if (numberForm.test(text)) this.onToken({ _tag: "Number", text })
    else this.failure = `${JSON.stringify(text.slice(0, 40))} is no value`
  }
}
