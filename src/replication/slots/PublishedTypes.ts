/**
 * The types of the columns that publications have now, for a feed that has to know before it begins whether all of them have
 * a binary form.
 *
 * @see https://www.postgresql.org/docs/current/view-pg-publication-tables.html
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import * as Walsender from "../walsender/Walsender.js"

/** Each type once. */
const query = `select distinct a.atttypid::pg_catalog.text as type
  from pg_catalog.pg_publication_tables t
  join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) t.schemaname
  join pg_catalog.pg_class c on c.relnamespace operator(pg_catalog.=) n.oid
    and c.relname operator(pg_catalog.=) t.tablename
  join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
    and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
  where t.pubname::pg_catalog.text operator(pg_catalog.=) any ($1::pg_catalog.text[])`

/** OIDs of the types. */
export const list = (
  connection: PgConnection,
  publications: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<number>, PgSessionError> =>
  Effect.map(connection.query(Statement.make(query, [publications])), (rows) =>
    rows.map((row) => Number(Walsender.textOf(row, "type")))
  )
