/** Results that must have a number of rows: one, at most one, at least one; and the one value of the one row. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as AST from "effect/SchemaAST"
import type { ExpectedRows } from "../../model/RowCountError.js"
import { PgRowCountError } from "../../model/RowCountError.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import type { QueryResult } from "./Query.js"
import type { QueryOptions, RowsAs } from "./QueryOptions.js"

/** The rows of a statement, as an operation gives them. */
interface Counted<E> {
  readonly one: {
    <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<Row.RowIn<M>, E | PgRowCountError>
    <A, I extends object, R>(
      statement: Statement,
      schema: Schema.Schema<A, I, R>,
      options?: QueryOptions
    ): Effect.Effect<A, E | PgRowCountError, R>
  }
  readonly option: {
    <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<Option.Option<Row.RowIn<M>>, E | PgRowCountError>
    <A, I extends object, R>(
      statement: Statement,
      schema: Schema.Schema<A, I, R>,
      options?: QueryOptions
    ): Effect.Effect<Option.Option<A>, E | PgRowCountError, R>
  }
  readonly many: {
    <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<readonly [Row.RowIn<M>, ...Array<Row.RowIn<M>>], E | PgRowCountError>
    <A, I extends object, R>(
      statement: Statement,
      schema: Schema.Schema<A, I, R>,
      options?: QueryOptions
    ): Effect.Effect<readonly [A, ...Array<A>], E | PgRowCountError, R>
  }
  readonly scalar: {
    (statement: Statement, options?: QueryOptions): Effect.Effect<unknown, E | PgRowCountError>
    <A, I, R>(
      statement: Statement,
      schema: Schema.Schema<A, I, R>,
      options?: QueryOptions
    ): Effect.Effect<A, E | PgRowCountError, R>
  }
}

/**
 * Operations that fail with `PgRowCountError` when the result has another number of rows. The statement has run by then: outside a
 * transaction what it has changed stays changed.
 */
export interface RowCountOperations<E> {
  /** The one row of the result. */
  readonly one: Counted<E>["one"]
  /** The one row of the result, or none. */
  readonly option: Counted<E>["option"]
  /** At least one row. `query` takes any number. */
  readonly many: Counted<E>["many"]
  /**
   * The first column of the one row of the result. A Schema is that of the value: `scalar(sql, PgSchema.Int8)`; every column of the
   * result must be of its type.
   */
  readonly scalar: Counted<E>["scalar"]
}

/** What the rows come from. */
interface Source<E> {
  readonly query: {
    <M extends Row.ResultMode>(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, E>
    <A, I extends object, R>(
      statement: Statement,
      schema: Schema.Schema<A, I, R>,
      options?: QueryOptions
    ): Effect.Effect<ReadonlyArray<A>, E, R>
  }
  readonly execute: <A, I extends object, R>(
    statement: Statement,
    schema: Schema.Schema<A, I, R>,
    options?: QueryOptions
  ) => Effect.Effect<QueryResult<A>, E, R>
}

const fits = (expected: ExpectedRows, rows: number): boolean =>
  expected === "one row" ? rows === 1 : expected === "at most one row" ? rows <= 1 : rows >= 1

const expecting =
  (operation: string, expected: ExpectedRows, { sql }: Statement) =>
  <A, E, R>(
    rows: Effect.Effect<ReadonlyArray<A>, E, R>
  ): Effect.Effect<ReadonlyArray<A>, E | PgRowCountError, R> =>
    Effect.flatMap(rows, (found) =>
      fits(expected, found.length)
        ? Effect.succeed(found)
        : Effect.fail(new PgRowCountError({ operation, expected, rows: found.length, sql }))
    )

/** Rows whose every column is of one Schema, made once for a Schema: rows are compiled by it. */
const records = new WeakMap<AST.AST, Schema.Schema.All>()

const recordOf = <A, I, R>(
  value: Schema.Schema<A, I, R>
): Schema.Schema<Readonly<Record<string, A>>, Readonly<Record<string, I>>, R> => {
  const known = records.get(value.ast)
  const record = known ?? Schema.Record({ key: Schema.String, value })
  if (known === undefined) records.set(value.ast, record)
  return record as Schema.Schema<Readonly<Record<string, A>>, Readonly<Record<string, I>>, R>
}

const isSchema = <A, I>(second: Schema.Schema<A, I> | object | undefined): second is Schema.Schema<A, I> =>
  second !== undefined && Schema.isSchema(second)

/** Where there is a Schema it comes second, and options third. */
export const operations = <E>({ execute, query }: Source<E>): RowCountOperations<E> => {
  type Second = Schema.Schema<unknown, object> | (QueryOptions & RowsAs<Row.ResultMode>) | undefined
  const rows = (
    operation: string,
    expected: ExpectedRows,
    statement: Statement,
    second: Second,
    options: QueryOptions | undefined
  ): Effect.Effect<ReadonlyArray<unknown>, E | PgRowCountError> =>
    expecting(
      operation,
      expected,
      statement
    )<unknown, E, never>(isSchema(second) ? query(statement, second, options) : query(statement, second))
  const one = (statement: Statement, second?: Second, options?: QueryOptions) =>
    Effect.map(rows("one", "one row", statement, second, options), ([row]) => row)
  const option = (statement: Statement, second?: Second, options?: QueryOptions) =>
    Effect.map(rows("option", "at most one row", statement, second, options), (found) =>
      found.length === 0 ? Option.none() : Option.some(found[0])
    )
  const many = (statement: Statement, second?: Second, options?: QueryOptions) =>
    rows("many", "at least one row", statement, second, options)
  const scalar = (
    statement: Statement,
    second?: Schema.Schema<unknown, unknown> | QueryOptions,
    options?: QueryOptions
  ): Effect.Effect<unknown, E | PgRowCountError> => {
    const single = expecting("scalar", "one row", statement)
    if (!isSchema(second))
      return Effect.map(single(query(statement, { ...second, rows: "array" })), ([row]) => row![0])
    return Effect.flatMap(execute(statement, recordOf(second), options), ({ columns, rows }) =>
      Effect.map(single(Effect.succeed(rows)), ([row]) => row![columns[0]?.name ?? ""])
    )
  }
  // The requirements of a Schema are those of the operation. The overloads have that; one body cannot.
  return { one, option, many, scalar } as unknown as RowCountOperations<E>
}
