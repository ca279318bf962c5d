import * as Option from "effect/Option"
import { Printed } from "./Printed.js"

/** The weight of a place in a document; `D` unless it was set. */
export type TsWeight = "A" | "B" | "C" | "D"

/** A word of a `tsvector` with the places at which it stands. */
export interface TsLexeme {
  readonly lexeme: string
  /** In ascending order, from 1 to 16383; none when the vector was stripped. */
  readonly positions: ReadonlyArray<{ readonly position: number; readonly weight: TsWeight }>
}

const entry = /'((?:[^'\\]|''|\\\\)*)'(?::(\d{1,5}[ABC]?(?:,\d{1,5}[ABC]?)*))?(?: |$)/y

/** A lexeme in quotes, the form that vectors and queries share. */
export const quoted = (lexeme: string): string => `'${lexeme.replaceAll(/['\\]/g, "$&$&")}'`

/** What stands between such quotes. */
export const unquoted = (text: string): string => text.replaceAll(/''|\\\\/g, (pair) => pair[0]!)

/**
 * A document as its lexemes, PostgreSQL's `tsvector`. Equal when all lexemes, positions and weights are.
 *
 * @see https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSVECTOR
 */
export class PgTsVector extends Printed {
  /** From the server the lexemes come sorted and without repetition; what is sent need not be so. */
  constructor(readonly lexemes: ReadonlyArray<TsLexeme>) {
    super()
  }

  /** From `'cat':3 'fat':2A,4`, quoted as the server prints it. */
  static fromText(text: string): Option.Option<PgTsVector> {
    const lexemes: Array<TsLexeme> = []
    entry.lastIndex = 0
    while (entry.lastIndex < text.length) {
      const match = entry.exec(text)
      if (match === null) return Option.none()
      const positions = (match[2] ?? "").split(",").filter((part) => part !== "")
      lexemes.push({
        lexeme: unquoted(match[1]!),
        positions: positions.map((part) => ({
          position: Number.parseInt(part, 10),
          weight: (/[ABC]$/.exec(part)?.[0] ?? "D") as TsWeight
        }))
      })
    }
    return text.endsWith(" ") ? Option.none() : Option.some(new PgTsVector(lexemes))
  }

  /** `'cat':3 'fat':2A,4` */
  toString(): string {
    return this.lexemes
      .map(({ lexeme, positions }) => {
        const places = positions.map(({ position, weight }) => `${position}${weight === "D" ? "" : weight}`)
        return places.length === 0 ? quoted(lexeme) : `${quoted(lexeme)}:${places.join(",")}`
      })
      .join(" ")
  }
}
