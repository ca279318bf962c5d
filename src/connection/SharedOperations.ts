import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { PgType } from "../model/PgType.js"
import type { Statement } from "../model/Statement.js"
import type { Comparison } from "../schema/Compare.js"
import type * as Row from "../types/Row.js"
import type { QueryOptions, RowOperations, ValueOptions } from "./statement/RowOperations.js"

/** What a connection and a client have in common. */
export interface SharedOperations<E> extends RowOperations<E> {
  /** Rows as arrays in the order of the columns, which keeps equal names apart. */
  readonly values: (
    statement: Statement,
    options?: QueryOptions & ValueOptions
  ) => Effect.Effect<ReadonlyArray<Row.ArrayRow>, E>
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
