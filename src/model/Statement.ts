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
  /** Where in the program it was written, such as `people (file:///app/main.js:12:5)`: set by the `Sql` template, once for each place. */
  readonly place?: string | undefined
  /** The text is sent once only: it is not kept as a prepared statement. */
  readonly isOnce?: boolean | undefined
}

const none: ReadonlyArray<never> = []

/** A statement from its text, the values for `$1`, `$2` … and, where the caller states them, their type OIDs. */
export const make = (
  sql: string,
  parameters: ReadonlyArray<unknown> = none,
  types: ReadonlyArray<number> = none
): Statement => ({ sql, parameters, types })
