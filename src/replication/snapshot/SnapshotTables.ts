/**
 * The tables that publications come to, and the query that reads of each what is published: its columns, its rows, and not
 * those of its heirs, which are published by themselves.
 *
 * @see https://www.postgresql.org/docs/current/view-pg-publication-tables.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as Identifier from "../../model/Identifier.js"
import type { PgUsageError, PgSessionError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { ObjectRow } from "../../types/Row.js"
import * as CatalogRow from "../walsender/CatalogRow.js"
import * as MissingPublication from "../slots/MissingPublication.js"
import * as Quoting from "../walsender/Quoting.js"
import * as SnapshotFailure from "./SnapshotFailure.js"
import type { PgSnapshotError } from "../../model/SnapshotError.js"
import * as Walsender from "../walsender/Walsender.js"

/** A table that is published, under the name under which the stream sends its changes. */
export interface PublishedTable {
  /** Its OID, as in the stream. */
  readonly id: number
  readonly schema: string
  readonly name: string
  /** Whether it has partitions and is published in their place. */
  readonly isPartitioned: boolean
  /** Names of the columns that are published, in the order of the table. */
  readonly columns: ReadonlyArray<string>
  /** The server's own text of the condition for rows; `undefined` when all are published. */
  readonly filter: string | undefined
  /** As the server's statistics have it; `undefined` when they know nothing of the table. */
  readonly estimatedRows: number | undefined
}

/**
 * The tables of the publications, each as often as it is in one. The view's rows are JSON, which has the columns that this
 * server has: up to 14 every column is published and every row. Up to 17 generated columns are not in the stream, though 15
 * names them. A partition is left out where a table it belongs to is published in its place, be it by another publication:
 * the stream has it so too.
 */
export const query = `with listed as (
  select p.published, c.oid, c.relname, c.relkind, c.reltuples, n.nspname,
      case when pg_catalog.jsonb_typeof(p.published operator(pg_catalog.->) 'attnames')
        operator(pg_catalog.=) 'array' then p.published operator(pg_catalog.->) 'attnames' end as attnames,
      pg_catalog.current_setting('server_version_num')::pg_catalog.int4
        operator(pg_catalog.>=) 180000 as has_generated
    from pg_catalog.pg_publication_tables t
    cross join lateral (select pg_catalog.to_jsonb(t) as published) p
    join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) t.schemaname
    join pg_catalog.pg_class c on c.relnamespace operator(pg_catalog.=) n.oid
      and c.relname operator(pg_catalog.=) t.tablename
    where t.pubname::pg_catalog.text operator(pg_catalog.=) any ($1::pg_catalog.text[]))
select pg_catalog.jsonb_build_object(
    'id', l.oid::pg_catalog.int8, 'schema', l.nspname, 'name', l.relname, 'kind', l.relkind,
    'columns', (select pg_catalog.jsonb_agg(a.attname order by a.attnum)
      from pg_catalog.pg_attribute a
      where a.attrelid operator(pg_catalog.=) l.oid and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
        and case when l.has_generated then l.attnames operator(pg_catalog.?) a.attname::pg_catalog.text
          else a.attgenerated operator(pg_catalog.=) ''
            and coalesce(l.attnames operator(pg_catalog.?) a.attname::pg_catalog.text, true) end),
    'filter', l.published operator(pg_catalog.->) 'rowfilter',
    'rows', case when l.relkind operator(pg_catalog.<>) 'p' then l.reltuples::pg_catalog.float8 else
      (select pg_catalog.sum(greatest(c.reltuples, 0)) from pg_catalog.pg_partition_tree(l.oid) p
        join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) p.relid where p.isleaf)::pg_catalog.float8
      end)::pg_catalog.text as published
  from listed l
  where not exists (select from pg_catalog.pg_partition_ancestors(l.oid) a
    join listed r on r.oid operator(pg_catalog.=) a.relid
    where r.oid operator(pg_catalog.<>) l.oid)
  order by l.nspname, l.relname, l.oid`

const textList = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined

/** A row of `query`; `undefined` when it is no such row. */
export const fromText = (source: string | undefined): PublishedTable | undefined => {
  const row = CatalogRow.fromText(source)
  if (row === undefined) return undefined
  const id = CatalogRow.whole(row, "id")
  const schema = CatalogRow.text(row, "schema")
  const name = CatalogRow.text(row, "name")
  if (id === undefined || schema === undefined || name === undefined) return undefined
  const rows = row["rows"]
  return {
    id,
    schema,
    name,
    isPartitioned: CatalogRow.text(row, "kind") === "p",
    columns: textList(row["columns"]) ?? [],
    filter: CatalogRow.text(row, "filter"),
    estimatedRows: typeof rows === "number" && rows >= 0 ? rows : undefined
  }
}

const sameColumns = (self: PublishedTable, that: PublishedTable): boolean =>
  self.columns.length === that.columns.length && self.columns.every((name, at) => name === that.columns[at])

/** A row that one of the publications publishes is published. */
const either = (self: string | undefined, that: string | undefined): string | undefined => {
  if (self === undefined || that === undefined) return undefined
  return self === that ? self : `(${self}) or (${that})`
}

/**
 * Each table once. Left when publications differ in its columns; in its rows they add up, as in the stream.
 */
export const merge = (
  listed: ReadonlyArray<PublishedTable>
): Either.Either<ReadonlyArray<PublishedTable>, PgSnapshotError> => {
  const tables = new Map<number, PublishedTable>()
  for (const table of listed) {
    const known = tables.get(table.id)
    if (known !== undefined && !sameColumns(known, table)) {
      return Either.left(
        SnapshotFailure.failure(
          "columns",
          "the publications publish different columns of this table: give it the same columns in each of them",
          table
        )
      )
    }
    tables.set(
      table.id,
      known === undefined ? table : { ...table, filter: either(known.filter, table.filter) }
    )
  }
  return Either.right([...tables.values()])
}

/** The table's name as SQL has it, with its schema. */
export const quoted = ({ name, schema }: PublishedTable): Either.Either<string, PgUsageError> =>
  Either.mapLeft(Identifier.quotePath([schema, name]), (reason) => Quoting.misnamed("publications", reason))

/** Where the rows come from. Rows of tables that inherit from it are theirs, rows of partitions are its own. */
export const source = (table: PublishedTable): Either.Either<string, PgUsageError> =>
  Either.map(quoted(table), (path) => (table.isPartitioned ? path : `only ${path}`))

/** What is published of the table. `first`: a condition that is evaluated before it is read. */
export const select = (table: PublishedTable, first?: string): Either.Either<string, PgUsageError> =>
  Either.gen(function* () {
    const columns = table.columns.length === 0 ? "" : yield* Quoting.nameList("publications", table.columns)
    const conditions = [first, table.filter].flatMap((one) => (one === undefined ? [] : [`(${one})`]))
    const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`
    return `select ${columns} from ${yield* source(table)}${where}`
  })

/** The tables that the publications come to, by schema and name. There is at least one. */
export const list = (
  connection: PgConnection,
  publications: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<PublishedTable>, PgSessionError | PgSnapshotError> =>
  Effect.gen(function* () {
    const missing = yield* MissingPublication.find(connection, publications)
    if (missing !== undefined) {
      return yield* SnapshotFailure.failure("no-publication", `there is no publication ${missing}`)
    }
    const rows = yield* connection.query(Statement.make(query, [publications]))
    const listed = yield* Effect.forEach(rows, (row: ObjectRow) =>
      Effect.mapError(Effect.fromNullable(fromText(Walsender.textOf(row, "published"))), () =>
        Walsender.unreadable("published", query, "published table")
      )
    )
    if (listed.length === 0) {
      return yield* SnapshotFailure.failure("no-tables", `${publications.join(", ")} has no tables`)
    }
    return yield* merge(listed)
  })
