import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

/**
 * JSON as its text, for when a JavaScript value would lose something: numbers beyond a double, `2.50` with its zero,
 * the order of keys, and `null` as JSON, which is not NULL. Parameters of `json` and `jsonb` take it everywhere; the
 * codecs `jsonAsText` and `jsonbAsText` also read it.
 *
 * Equal when the texts are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-json.html
 */
export class JsonText implements Equal.Equal {
  /** `text` is not checked here; the server refuses what is not JSON. */
  constructor(readonly text: string) {}

  toString(): string {
    return this.text
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof JsonText && that.text === this.text
  }

  [Hash.symbol](): number {
    return Hash.string(this.text)
  }
}
