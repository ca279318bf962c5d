import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { PgType } from "../model/PgType.js"
import type { Statement } from "../model/Statement.js"
import type { Comparison } from "../schema/Compare.js"
import type * as Row from "../types/Row.js"
import type { BatchResult } from "./statement/BatchRequest.js"
import type { QueryOptions, RowsAs, ValueOptions } from "./statement/QueryOptions.js"
import type { RowOperations } from "./statement/RowOperations.js"

/** What a connection and a client have in common. */
export interface SharedOperations<E> extends RowOperations<E> {
  /** Rows as arrays in the order of the columns, which keeps equal names apart. */
  readonly values: (
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ) => Effect.Effect<ReadonlyArray<Row.ArrayRow>, E>
  /**
   * One statement with many sets of parameters, pipelined: described once, bound and executed for each set. Outside a transaction the
   * sets are one implicit transaction, all or nothing; inside one, a refused set fails the transaction. The sets are taken from the
   * iterable as the server answers, about 128 KiB of them ahead, so that memory is bounded by the rows that the statement returns. The
   * timeout is that of the whole batch, and interruption takes the batch back. Without a set nothing is sent.
   *
   * `statement` is called once for a set and must give the same text each time: another one fails with `PgUsageError`. Of a set that
   * the server refuses, `parameterSet` of the `PgServerError` is the number.
   */
  readonly batch: <A, M extends Row.ResultMode = "object">(
    sets: Iterable<A>,
    statement: (set: A) => Statement,
    options?: QueryOptions & RowsAs<M>
  ) => Effect.Effect<BatchResult<Row.RowIn<M>>, E>
  /**
   * The statement's columns beside those that a Schema wants, without running the statement, and whether the columns of
   * tables may be NULL, which the catalogue is asked for. For tests that hold statements to their Schemas.
   */
  readonly compare: (
    statement: Statement,
    schema: Schema.Schema.All,
    options?: QueryOptions
  ) => Effect.Effect<Comparison, E>
  /**
   * Asks the catalogue for types by name or OID, and for all that they are made of, in one round trip; every connection to the
   * database then knows them. Names are written as in SQL: `mood`, `shop."Mood"`, `mood[]`; the search path
   * counts. Gives one type for each that was asked for, in that order, and then those that they are made of; an OID that is not
   * there is left out.
   *
   * Not needed as a rule: types are asked for when a statement meets them. Fails with `PgServerError`: `42704` when there is no
   * type of a name.
   */
  readonly learnTypes: (
    types: ReadonlyArray<string | number>,
    options?: QueryOptions
  ) => Effect.Effect<ReadonlyArray<PgType>, E>
  /**
   * Forgets the types that were found, for every connection to the database: each is asked for again when it
   * is met next. For types that have been altered, or dropped and made again.
   */
  readonly refreshTypes: Effect.Effect<void>
}
