/** Rows through a parser, one after the other, up to the first that it refuses. Effects are run only by a parser that has some. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"

export interface Parsed<A> {
  /** Of the rows before the refused one, or of all. */
  readonly values: ReadonlyArray<A>
  /** Why the row behind `values` was refused. */
  readonly issue: ParseResult.ParseIssue | undefined
}

export type Parse<I, A, R> = (row: I) => Effect.Effect<A, ParseResult.ParseIssue, R>

export const parse = <I, A, R>(
  rows: ReadonlyArray<I>,
  parser: Parse<I, A, R>
): Effect.Effect<Parsed<A>, never, R> => {
  const values: Array<A> = []
  for (let index = 0; index < rows.length; index++) {
    const parsed = parser(rows[index]!)
    if (!isDone(parsed)) return rest(rows, index, parsed, values, parser)
    if (Either.isLeft(parsed)) return Effect.succeed({ values, issue: parsed.left })
    values.push(parsed.right)
  }
  return Effect.succeed({ values, issue: undefined })
}

/** From the first row on that needs an effect. */
const rest = <I, A, R>(
  rows: ReadonlyArray<I>,
  from: number,
  begun: Effect.Effect<A, ParseResult.ParseIssue, R>,
  values: Array<A>,
  parser: Parse<I, A, R>
): Effect.Effect<Parsed<A>, never, R> =>
  Effect.match(
    Effect.forEach(
      rows.slice(from),
      (row, at) => Effect.map(at === 0 ? begun : parser(row), (value) => values.push(value)),
      { discard: true }
    ),
    {
      onFailure: (issue) => ({ values, issue }),
      onSuccess: () => ({ values, issue: undefined })
    }
  )

/** The parser answers with an `Either` where no effect is run. */
const isDone = <A, E, R>(parsed: Effect.Effect<A, E, R>): parsed is Either.Either<A, E> =>
  Either.isEither(parsed)
