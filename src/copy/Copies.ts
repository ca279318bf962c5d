/**
 * The copies of bytes and of rows, on a connection of one's own and on one that is lent: what `Copy` gives to users.
 *
 * What is copied is the text of a statement, or a table or a query with a format and its options: then names are quoted, and
 * options that do not go together, or that the server does not know yet, are refused with `PgUsageError` before anything is
 * sent. With a Schema the rows are values of its type, and its columns are compared with those of the copy before anything is
 * copied.
 *
 * Interrupting, or a source that fails, ends a copy in with CopyFail, and nothing is stored; closing a copy out early
 * cancels it on the server. The deadline (`timeout`) is for each wait for the server.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Sink from "effect/Sink"
import type * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import type { CopyOptions, PgConnection } from "../connection/PgConnection.js"
import type { PgCopyRowError, PgSessionError } from "../model/PgError.js"
import type * as Row from "../types/Row.js"
import * as CopyBytes from "./CopyBytes.js"
import * as CopyRows from "./CopyRows.js"
import type { BytesFrom, BytesInto, RowInput, RowOf, RowsFrom, RowsInto, TypedInto } from "./CopyTarget.js"

/** How a copy comes by its connection: it is one's own, or a pool's for as long as the copy runs. */
export interface Ways<Err, Env> {
  readonly effect: <A, E, R>(
    use: (connection: PgConnection) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, Err | E, Env | R>
  readonly sink: <A, In, E, R>(
    use: (connection: PgConnection) => Sink.Sink<A, In, never, E, R>
  ) => Sink.Sink<A, In, never, Err | E, Env | R>
  readonly stream: <A, E, R>(
    use: (connection: PgConnection) => Stream.Stream<A, E, R>
  ) => Stream.Stream<A, Err | E, Env | R>
}

/** Copies of bytes, on a connection or by way of the client. */
export interface ByteCopies<Err, Env> {
  /**
   * Feeds a `copy … from stdin` from a stream and answers with the number of rows stored. The server's refusal ends it at
   * once, however much input is left.
   */
  readonly from: <E, R>(
    target: string | BytesInto,
    source: Stream.Stream<Uint8Array, E, R>,
    options?: CopyOptions
  ) => Effect.Effect<CopyResult, Err | E, Env | R>
  /** `from` as a sink, for the end of a pipeline. */
  readonly sink: (
    target: string | BytesInto,
    options?: CopyOptions
  ) => Sink.Sink<CopyResult, Uint8Array, never, Err, Env>
  /** The bytes of a `copy … to stdout`, at the consumer's pace; pieces are not cut at rows. */
  readonly to: (source: string | BytesFrom, options?: CopyOptions) => Stream.Stream<Uint8Array, Err, Env>
}

const bytes = <Err, Env>(ways: Ways<Err, Env>): ByteCopies<Err | PgSessionError, Env> => ({
  from: (target, source, options) =>
    ways.effect((connection) => CopyBytes.into(connection, target, source, options)),
  sink: (target, options) => ways.sink((connection) => CopyBytes.sink(connection, target, options)),
  to: (source, options) => ways.stream((connection) => CopyBytes.from(connection, source, options))
})

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
  /** `rowsInto` as a sink, for the end of a pipeline. It receives the server's errors only when rows come. */
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

type RowFailure<Err> = Err | PgSessionError | PgCopyRowError

const rows = <Err, Env>(ways: Ways<Err, Env>): RowCopies<RowFailure<Err>, Env> => {
  type Typed = Schema.Schema<unknown, object>
  type Source = Stream.Stream<unknown>
  const rowsInto = (target: TypedInto, ...[first, second]: readonly [Source] | readonly [Typed, Source]) =>
    ways.effect((connection) =>
      second === undefined
        ? CopyRows.into(connection, target, undefined, first as Source)
        : CopyRows.into(connection, target, first as Typed, second)
    )
  const rowsSink = (target: TypedInto, schema?: Typed) =>
    ways.sink((connection) => CopyRows.sink(connection, target, schema))
  const rowsFrom = (source: RowsFrom<Row.RowMode>, schema?: Typed) =>
    ways.stream((connection) => CopyRows.from(connection, source, schema))
  // The interface gives the results for each kind of arguments.
  return { rowsInto, rowsSink, rowsFrom } as unknown as RowCopies<RowFailure<Err>, Env>
}

export type Copies<Err, Env> = ByteCopies<Err | PgSessionError, Env> & RowCopies<RowFailure<Err>, Env>

export const make = <Err, Env>(ways: Ways<Err, Env>): Copies<Err, Env> => ({
  ...bytes<Err, Env>(ways),
  ...rows<Err, Env>(ways)
})

/** The copies of rows on one connection. */
export type RowsOn = RowCopies<PgSessionError | PgCopyRowError, never>

/** The copies of bytes and of rows on one connection. */
export type CopiesOn = ByteCopies<PgSessionError, never> & RowsOn

/** Copies on a connection of one's own, such as one held for several steps. */
export const on = (connection: PgConnection): CopiesOn =>
  make<never, never>({
    effect: (use) => use(connection),
    sink: (use) => use(connection),
    stream: (use) => use(connection)
  })
