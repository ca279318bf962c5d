/**
 * SQL text with its parameters: what every query operation takes. A value, made by the `Sql` template or by `make`.
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
}

const none: ReadonlyArray<never> = []

/** A statement from its text, the values for `$1`, `$2` … and, where the caller states them, their type OIDs. */
export const make = (
  sql: string,
  parameters: ReadonlyArray<unknown> = none,
  types: ReadonlyArray<number> = none
): Statement => ({ sql, parameters, types })

/**
 * The same statement under a name of the caller's on the server, where the name is seen in `pg_prepared_statements` and in logs. 1 to 63 bytes;
 * two statements of one connection must not have the same name. It has no effect where named statements are off.
 */
export const named = (statement: Statement, name: string): Statement =>
  // Its getters stay, and what makes it a fragment.
  Object.assign(Object.create(statement) as Statement, { name })
