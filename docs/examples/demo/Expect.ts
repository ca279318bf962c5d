/** What the demonstration claims is looked at, and a claim that does not hold ends it. */
import { Data, Effect, Equal } from "effect"

/** Something was not as expected. */
export class Unexpected extends Data.TaggedError("Unexpected")<{
  readonly what: string
  readonly expected: string
  readonly got: string
}> {
  override get message(): string {
    return `${this.what}: expected ${this.expected}, got ${this.got}`
  }
}

/** Fails unless the two are equal. */
export const equal = <A>(what: string, got: A, expected: A): Effect.Effect<void, Unexpected> =>
  Equal.equals(got, expected)
    ? Effect.void
    : Effect.fail(new Unexpected({ what, expected: String(expected), got: String(got) }))

/** Fails unless `holds`; `expected` and `got` name what was wanted and what came. */
export const that = (
  what: string,
  holds: boolean,
  expected: string,
  got: string
): Effect.Effect<void, Unexpected> =>
  holds ? Effect.void : Effect.fail(new Unexpected({ what, expected, got }))

/** The error of an effect that has to fail with this tag. */
export const failure = <A, E extends { readonly _tag: string }, R, T extends E["_tag"]>(
  what: string,
  effect: Effect.Effect<A, E, R>,
  tag: T
): Effect.Effect<Extract<E, { readonly _tag: T }>, E | Unexpected, R> =>
  Effect.matchEffect(effect, {
    onFailure: (error) =>
      error._tag === tag
        ? Effect.succeed(error as Extract<E, { readonly _tag: T }>)
        : Effect.fail<E | Unexpected>(error),
    onSuccess: () => Effect.fail(new Unexpected({ what, expected: tag, got: "success" }))
  })

/** The value of a query of one row and one column. */
export const single = <A>(rows: ReadonlyArray<Readonly<Record<string, unknown>>>): A =>
  Object.values(rows[0] ?? {})[0] as A
