/**
 * COPY with rows in place of bytes, by way of the client: the connection comes from the pool (inside a transaction it is
 * the transaction's) and goes back clean. `Copy.on` has the same for a connection of one's own.
 *
 * With a Schema the rows are values of its type. Its columns are compared with those of the copy as soon as the server has
 * told them, and what does not fit is refused with `PgCodecError`, which tells both sides, before anything is copied. A value
 * that it refuses fails as any row does. What the Schema requires is required of the copy.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import * as CopyRows from "../copy/CopyRows.js"
import type { RowInput, RowOf, RowsFrom, RowsInto, TypedInto } from "../copy/CopyRows.js"
import type { PgCopyRowError, PgSessionError } from "../model/PgError.js"
import type * as Row from "../types/Row.js"
import type { PgClientError } from "./PgClient.js"
import type { PgClient } from "./PgClient.js"
import * as CopyWays from "./CopyWays.js"

/** Copies of rows, on a connection or by way of the client. */
export interface RowCopies<Err, Env> {
  /**
   * Copies rows into a table and answers with the number stored. Rows are objects by column name, or arrays in the order
   * of `columns`; each value is what the column's type takes as a parameter. With a Schema the rows are its values, and
   * columns that are not named are those that it has.
   *
   * A row that cannot be written fails with `PgCopyRowError`, which names row and column. Then, when the server refuses a
   * row, and when the source fails or is interrupted, nothing is stored.
   */
  readonly rowsInto: {
    <E, R>(target: RowsInto, rows: Stream.Stream<RowInput, E, R>): Effect.Effect<CopyResult, Err | E, Env | R>
    <A, I extends object, RS, E, R>(
      target: TypedInto,
      schema: Schema.Schema<A, I, RS>,
      values: Stream.Stream<NoInfer<A>, E, R>
    ): Effect.Effect<CopyResult, Err | E, Env | R | RS>
  }
  /** `rowsInto` as a sink, for the end of a pipeline. It hears the server only when rows come. */
  readonly rowsSink: {
    (target: RowsInto): Sink.Sink<CopyResult, RowInput, never, Err, Env>
    <A, I extends object, RS>(
      target: TypedInto,
      schema: Schema.Schema<A, I, RS>
    ): Sink.Sink<CopyResult, A, never, Err, Env | RS>
  }
  /**
   * The rows of a table or a query, at the consumer's pace; a connection is held while the stream is open. Leaving it early
   * cancels the copy on the server. Rows before one that cannot be read are given.
   */
  readonly rowsFrom: {
    <M extends Row.RowMode = "object">(source: RowsFrom<M>): Stream.Stream<RowOf<M>, Err, Env>
    <A, I extends object, RS>(
      source: RowsFrom,
      schema: Schema.Schema<A, I, RS>
    ): Stream.Stream<A, Err, Env | RS>
  }
}

export const make = <Err, Env>(
  ways: CopyWays.Ways<Err, Env>
): RowCopies<Err | PgSessionError | PgCopyRowError, Env> => {
  type Failure<E> = Err | PgSessionError | PgCopyRowError | E

  function rowsInto<E, R>(
    target: RowsInto,
    rows: Stream.Stream<RowInput, E, R>
  ): Effect.Effect<CopyResult, Failure<E>, Env | R>
  function rowsInto<A, I extends object, RS, E, R>(
    target: TypedInto,
    schema: Schema.Schema<A, I, RS>,
    values: Stream.Stream<NoInfer<A>, E, R>
  ): Effect.Effect<CopyResult, Failure<E>, Env | R | RS>
  function rowsInto<A, I extends object, RS, E, R>(
    ...[target, second, values]:
      | readonly [RowsInto, Stream.Stream<RowInput, E, R>, undefined?]
      | readonly [TypedInto, Schema.Schema<A, I, RS>, Stream.Stream<A, E, R>]
  ): Effect.Effect<CopyResult, Failure<E>, Env | R | RS> {
    return values === undefined
      ? ways.effect((connection) => CopyRows.into(connection, target, second))
      : ways.effect((connection) => CopyRows.typedInto(connection, target, second, values))
  }

  function rowsSink(target: RowsInto): Sink.Sink<CopyResult, RowInput, never, Failure<never>, Env>
  function rowsSink<A, I extends object, RS>(
    target: TypedInto,
    schema: Schema.Schema<A, I, RS>
  ): Sink.Sink<CopyResult, A, never, Failure<never>, Env | RS>
  function rowsSink<A, I extends object, RS>(
    ...[target, schema]: readonly [RowsInto, undefined?] | readonly [TypedInto, Schema.Schema<A, I, RS>]
  ) {
    return schema === undefined
      ? ways.sink((connection) => CopyRows.sink(connection, target))
      : ways.sink((connection) => CopyRows.typedSink(connection, target, schema))
  }

  function rowsFrom<M extends Row.RowMode = "object">(
    source: RowsFrom<M>
  ): Stream.Stream<RowOf<M>, Failure<never>, Env>
  function rowsFrom<A, I extends object, RS>(
    source: RowsFrom,
    schema: Schema.Schema<A, I, RS>
  ): Stream.Stream<A, Failure<never>, Env | RS>
  function rowsFrom<A, I extends object, RS, M extends Row.RowMode>(
    ...[source, schema]: readonly [RowsFrom<M>, undefined?] | readonly [RowsFrom, Schema.Schema<A, I, RS>]
  ) {
    return schema === undefined
      ? ways.stream((connection) => CopyRows.from(connection, source))
      : ways.stream((connection) => CopyRows.typedFrom(connection, source, schema))
  }

  return { rowsInto, rowsSink, rowsFrom }
}

export const { rowsFrom, rowsInto, rowsSink }: RowCopies<PgClientError | PgCopyRowError, PgClient> = make(
  CopyWays.pooled
)

export { decode as decodeRows, encode as encodeRows } from "../copy/CopyRows.js"
