/** Rows through a parser, one after the other, up to the first that it refuses. Effects are run only by a parser that has some. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as ParseSteps from "./ParseSteps.js"

/** What code of the application's threw while a row went through its Schema. */
export class Thrown {
  readonly _tag = "Thrown"
  constructor(readonly cause: unknown) {}
}

/** Why a row did not go through. */
export type RowFault = ParseResult.ParseIssue | Thrown

export interface ParsedRows<A> {
  /** Of the rows before the refused one, or of all. */
  readonly values: ReadonlyArray<A>
  /** Why the row behind `values` was refused. */
  readonly fault: RowFault | undefined
}

/** An `Either` where no effect is run. */
export type ParseRow<I, A, R> = (
  row: I
) => Either.Either<A, ParseResult.ParseIssue> | Effect.Effect<A, ParseResult.ParseIssue, R>

/** A compiled parser: where it stops, the other one decides. Forgotten for good when a row needs an effect. */
export interface CompiledParser {
  step: ParseSteps.ParseStep | undefined
}

export const parse = <I, A, R>(
  rows: ReadonlyArray<I>,
  parser: ParseRow<I, A, R>,
  compiled: CompiledParser = { step: undefined }
): Effect.Effect<ParsedRows<A>, never, R> => {
  const values: Array<A> = []
  try {
    for (let index = 0; index < rows.length; index++) {
      const { step } = compiled
      if (step !== undefined) {
        const value = step(rows[index])
        if (value !== ParseSteps.refused && value !== ParseSteps.undecided) {
          values.push(value as A)
          continue
        }
      }
      const parsed = parser(rows[index]!)
      if (!Either.isEither(parsed)) {
        compiled.step = undefined
        return rest(rows, index, parsed, values, parser)
      }
      if (Either.isLeft(parsed)) return Effect.succeed({ values, fault: parsed.left })
      values.push(parsed.right)
    }
  } catch (thrown) {
    return Effect.succeed({ values, fault: new Thrown(thrown) })
  }
  return Effect.succeed({ values, fault: undefined })
}

/** From the first row on that needs an effect. */
const rest = <I, A, R>(
  rows: ReadonlyArray<I>,
  from: number,
  begun: Effect.Effect<A, ParseResult.ParseIssue, R>,
  values: Array<A>,
  parser: ParseRow<I, A, R>
): Effect.Effect<ParsedRows<A>, never, R> =>
  Effect.match(
    Effect.forEach(
      rows.slice(from),
      (row, at) =>
        Effect.map(
          Effect.catchAllDefect(
            at === 0 ? begun : Effect.suspend(() => parser(row)),
            (thrown): Effect.Effect<never, RowFault> => Effect.fail(new Thrown(thrown))
          ),
          (value) => values.push(value)
        ),
      { discard: true }
    ),
    {
      onFailure: (fault) => ({ values, fault }),
      onSuccess: () => ({ values, fault: undefined })
    }
  )
