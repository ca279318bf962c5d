/**
 * Facts of a result's columns that only the catalogue has: whether a table's column may be NULL, and the names of types
 * that the registry does not know. Queried only to show a comparison to a person.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-attribute.html
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Column } from "../../model/Column.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { CatalogueFacts } from "../../schema/Compare.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import * as Exchange from "../session/Exchange.js"
import type { QueryResult } from "./Query.js"
import { SimpleRequest } from "./Query.js"

/** Of views nothing is known: all their columns are reported to take NULL. All is text, which every registry reads. */
const textOf = (columns: ReadonlyArray<Column>): string => {
  const list = (numbers: ReadonlyArray<number>): string => `'{${numbers.join(",")}}'`
  return `select 'column' as kind, a.attrelid || '.' || a.attnum as key, a.attnotnull::text as fact
from unnest(${list(columns.map(({ tableOid }) => tableOid))}::oid[],
  ${list(columns.map(({ columnNumber }) => columnNumber))}::int2[]) as asked (relation, number)
join pg_catalog.pg_attribute a on a.attrelid = asked.relation and a.attnum = asked.number
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'f')
union all
select 'type', t.oid::text, coalesce(e.typname || '[]', t.typname::text)
from pg_catalog.pg_type t
left join pg_catalog.pg_type e on e.typarray = t.oid
where t.oid = any (${list(columns.map(({ typeOid }) => typeOid))}::oid[])`
}

const factsOf = (results: ReadonlyArray<QueryResult>): CatalogueFacts => {
  const facts = new Map<string, string>()
  for (const row of results.flatMap(({ rows }) => rows)) {
    if (Array.isArray(row)) facts.set(`${row[0]} ${row[1]}`, String(row[2]))
  }
  return {
    nullability: ({ columnNumber, tableOid }) => {
      const notNull = facts.get(`column ${tableOid}.${columnNumber}`)
      return notNull === undefined ? "unknown" : notNull === "true" ? "not null" : "nullable"
    },
    typeName: (oid) => facts.get(`type ${oid}`)
  }
}

const savepoint = "ep_facts"

/** Facts about these columns. In a transaction they are asked for behind a savepoint: a refusal does not fail it. */
export const ask = (
  core: ConnectionState,
  columns: ReadonlyArray<Column>,
  timeout: Duration.DurationInput | undefined
): Effect.Effect<CatalogueFacts, PgSessionError> => {
  const run = (sql: string): Effect.Effect<CatalogueFacts, PgSessionError> =>
    Effect.map(
      Exchange.run<ReadonlyArray<QueryResult>>(
        core,
        (outcome) => new SimpleRequest(sql, "array", outcome, "compare"),
        timeout
      ),
      factsOf
    )
  const sql = textOf(columns)
  return Effect.suspend(() =>
    core.session.status !== "T"
      ? run(sql)
      : Effect.tapError(run(`savepoint ${savepoint};${sql};release ${savepoint}`), () =>
          Effect.ignore(run(`rollback to ${savepoint};release ${savepoint}`))
        )
  )
}
