/** The types of a table's columns, asked of the catalogue: for `Sql.unnest`. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Identifier from "../model/Identifier.js"
import type { Statement } from "../model/Statement.js"
import { refuse } from "./Fragment.js"
import { sql } from "./Sql.js"

/** What asks: a client or a connection. */
interface Asks<E> {
  readonly values: (statement: Statement) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, E>
}

/**
 * The types of a table's columns by name, as `Sql.unnest` takes them: of all columns that can be written, or of `columns`, in that order. The
 * table is a name, or a schema and a name. One round trip: ask once, and keep the answer.
 *
 * Fails with `PgServerError` (`42P01`) when there is no such table, and with `PgUsageError` when it has no such column.
 *
 * ```ts
 * const types = yield* Sql.typesOf(pg, "people", ["id", "name"])
 * yield* pg.execute(sql`insert into people (id, name) select * from ${Sql.unnest(rows, types)}`)
 * ```
 */
export const typesOf = <E>(
  pg: Asks<E>,
  table: string | readonly [schema: string, table: string],
  columns?: ReadonlyArray<string>
): Effect.Effect<Readonly<Record<string, string>>, E> => {
  const quoted = Identifier.quotePath(typeof table === "string" ? [table] : table)
  const failing = (reason: string): Effect.Effect<Readonly<Record<string, string>>, E> =>
    Effect.map(pg.values(refuse(`Sql.typesOf: ${reason}`)), () => ({}))
  if (Either.isLeft(quoted)) return failing(quoted.left)
  const statement = sql`select attname::text, pg_catalog.format_type(atttypid, null) from pg_catalog.pg_attribute
    where attrelid = ${quoted.right}::pg_catalog.regclass and attnum > 0 and not attisdropped and attgenerated = ''
    order by attnum`
  return Effect.flatMap(pg.values(statement), (rows) => {
    const types = new Map(rows.map(([name, type]) => [String(name), String(type)]))
    const missing = columns?.find((column) => !types.has(column))
    if (missing !== undefined)
      return failing(`${quoted.right} has no column ${JSON.stringify(missing)} that can be written`)
    return Effect.succeed(
      Object.fromEntries((columns ?? [...types.keys()]).map((column) => [column, types.get(column)!]))
    )
  })
}
