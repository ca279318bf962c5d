/**
 * What a description does not tell of a result's columns and the catalogue does: whether a table's column may be NULL, and
 * the names of types that the registry does not know. Asked only when people are told of a comparison.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-attribute.html
 */
import * as Effect from "effect/Effect"
import type * as Duration from "effect/Duration"
import type { Column } from "../model/Column.js"
import type { PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { CatalogueFacts } from "../schema/Compare.js"
import type { Core } from "./Core.js"
import * as Exchange from "./Exchange.js"
import type { QueryResult } from "./Query.js"
import { QueryRequest } from "./Query.js"

/** Views tell nothing: all their columns are said to take NULL. All is text, which every registry reads. */
const sql = `select 'column' as kind, a.attrelid || '.' || a.attnum as key, a.attnotnull::text as fact
from unnest($1::text::oid[], $2::text::int2[]) as asked (relation, number)
join pg_catalog.pg_attribute a on a.attrelid = asked.relation and a.attnum = asked.number
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f')
union all
select 'type', t.oid::text, coalesce(e.typname || '[]', t.typname::text)
from pg_catalog.pg_type t
left join pg_catalog.pg_type e on e.typarray = t.oid
where t.oid = any ($3::text::oid[])`

const list = (numbers: ReadonlyArray<number>): string => `{${numbers.join(",")}}`

const keyOf = (column: Column): string => `column ${column.tableOid}.${column.columnNumber}`

/** Facts about these columns, by one query of the connection. */
export const ask = (
  core: Core,
  columns: ReadonlyArray<Column>,
  timeout: Duration.DurationInput | undefined
): Effect.Effect<CatalogueFacts, PgSessionError> => {
  const plain = columns.filter(({ columnNumber, tableOid }) => tableOid !== 0 && columnNumber !== 0)
  const statement = Statement.make(sql, [
    list(plain.map(({ tableOid }) => tableOid)),
    list(plain.map(({ columnNumber }) => columnNumber)),
    list(columns.map(({ typeOid }) => typeOid))
  ])
  return Effect.map(
    Exchange.run<QueryResult>(core, (outcome) => new QueryRequest(statement, "array", outcome), timeout),
    ({ rows }) => {
      const facts = new Map<string, string>()
      for (const row of rows) if (Array.isArray(row)) facts.set(`${row[0]} ${row[1]}`, String(row[2]))
      return {
        nullability: (column) => {
          const notNull = facts.get(keyOf(column))
          return notNull === undefined ? "unknown" : notNull === "true" ? "not null" : "nullable"
        },
        typeName: (oid) => facts.get(`type ${oid}`)
      }
    }
  )
}
