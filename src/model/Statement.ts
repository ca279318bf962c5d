/**
 * SQL text with its parameters: the argument of every query operation. It is a plain value, made by the template `Sql.sql` or by `make`.
 */
export interface Statement {
  readonly sql: string
  readonly parameters: ReadonlyArray<unknown>
  /** OID stated for each parameter; missing or 0 leaves the choice to the server. */
  readonly types: ReadonlyArray<number>
  /** Why the statement must not be sent: set by the `Sql` template, for its text, and by the helpers of `Sql`, for their values. */
  readonly refused?: string | undefined
  /** Its name on the server; see `named`. Unless given, a name of the connection's. */
  readonly name?: string | undefined
  /** The names of its columns in rows, made of the server's: set by a client whose option `names` maps them. */
  readonly columnNames?: ((column: string) => string) | undefined
  /** Where in the program it was written, such as `people (file:///app/main.js:12:5)`: set by the `Sql` template, once for each place. */
  readonly place?: string | undefined
  /** The text is sent once only: it is not kept as a prepared statement. */
  readonly isOnce?: boolean | undefined
  /** It has been prepared under `name` on one connection, and is never prepared anew: set by `prepare` of that connection. */
  readonly isPrepared?: boolean | undefined
  /** The open cursor that it reads: all statements of one cursor have the same columns. Set by `Cursor`. */
  readonly cursor?: object | undefined
}

const none: ReadonlyArray<never> = []

/** Makes a statement from its text, the values of `$1`, `$2` … and, if you state them, the OIDs of their types. Unless stated, the server chooses a type from
 * the SQL.
 *
 * ```ts
 * Statement.make("select $1::int4 + $2", [1, 2])
 * ```
 */
export const make = (
  sql: string,
  parameters: ReadonlyArray<unknown> = none,
  types: ReadonlyArray<number> = none
): Statement => ({ sql, parameters, types })

/**
 * Gives the statement a name of yours on the server, which `pg_prepared_statements` and the server's log show. A name has 1 to 63 bytes; otherwise the call fails with
 * `PgUsageError`. Two statements of one connection must not share a name. It has no effect with `statementCacheSize: 0`.
 */
export const named = (statement: Statement, name: string): Statement =>
  // Its getters stay, and what makes it a fragment.
  Object.assign(Object.create(statement) as Statement, { name })
