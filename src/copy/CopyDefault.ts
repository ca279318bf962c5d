/**
 * A value that stands for its column's default, in rows that are copied into a table as lines.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Schema from "effect/Schema"
import * as PgType from "../schema/PgType.js"

const DefaultTypeId: unique symbol = Symbol.for("effect-postgres/Copy/Default")

/** The type of `Default`, of which there is one value. */
export interface Default {
  readonly [DefaultTypeId]: true
}

/**
 * In place of a value: the column's default, as if the row were inserted without it. It needs the text or the CSV format
 * with `defaultText`, and PostgreSQL 16 or later. A column without a default is refused by the server.
 */
export const Default: Default = Object.freeze({ [DefaultTypeId]: true as const })

const isDefault = (value: unknown): value is Default => value === Default

/** A Schema for a column that may also be left to its default. */
export const orDefault = <A, I, R>(
  schema: Schema.Schema<A, I, R>
): Schema.Schema<A | Default, I | Default, R> => {
  const either = Schema.Union(schema, Schema.declare(isDefault, { title: "Copy.Default" }))
  const types = PgType.of(schema.ast)
  return types === undefined ? either : PgType.annotate(either, types)
}
