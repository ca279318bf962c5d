/** A stream of rows with the other facts of their result: the columns before the first row, and the command behind the last. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Column } from "../../model/Column.js"
import type * as CommandTag from "../../model/CommandTag.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { RowsAs, StreamOptions } from "./QueryOptions.js"
import { observing, ResultObserver } from "./ResultObserver.js"

/** A result whose rows are a stream. */
export interface StreamedResult<A, E, R = never> {
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
  /** Can be consumed once, while the scope is open: a second run goes on where the first one stopped. */
  readonly rows: Stream.Stream<A, E, R>
  /** The command with the number of its rows; `None` until the rows have ended. */
  readonly command: Effect.Effect<Option.Option<CommandTag.CommandTag>>
}

/** The operation, with and without a Schema. */
export interface StreamResult<E> {
  <M extends Row.ResultMode = "object">(
    statement: Statement,
    options?: StreamOptions & RowsAs<M>
  ): Effect.Effect<StreamedResult<Row.RowIn<M>, E>, E, Scope.Scope>
  <A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: StreamOptions
  ): Effect.Effect<StreamedResult<A, E, R>, E, R | Scope.Scope>
}

/** The operation over a stream of a statement, whose last argument is options. */
export const operation = <E>(stream: unknown): StreamResult<E> => {
  const open = stream as (statement: Statement, ...rest: ReadonlyArray<unknown>) => Stream.Stream<unknown, E>
  const run = (
    statement: Statement,
    second?: object,
    third?: object
  ): Effect.Effect<StreamedResult<unknown, E>, E, Scope.Scope> =>
    Effect.gen(function* () {
      const observer = new ResultObserver()
      const given = (options: object | undefined): object => observing(options, observer)
      const isTyped = Schema.isSchema(second)
      const pull = yield* Stream.toPull(
        isTyped ? open(statement, second, given(third)) : open(statement, given(second))
      )
      let isOver = false
      let first: Chunk.Chunk<unknown> = Chunk.empty()
      while (!isOver && Chunk.isEmpty(first)) {
        const next = yield* Effect.either(pull)
        if (Either.isRight(next)) first = next.right
        else if (Option.isSome(next.left)) return yield* Effect.fail(next.left.value)
        else isOver = true
      }
      const more = Effect.suspend(() => {
        if (Chunk.isEmpty(first)) return isOver ? Effect.fail(Option.none<E>()) : pull
        const chunk = first
        first = Chunk.empty()
        return Effect.succeed(chunk)
      })
      return {
        columns: observer.columns ?? [],
        rows: Stream.fromPull(Effect.succeed(more)),
        command: Effect.sync(() => Option.fromNullable(observer.command))
      }
    })
  return run as unknown as StreamResult<E>
}
