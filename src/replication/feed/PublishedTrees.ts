/**
 * The partitioned tables and partitions among what publications publish now, with the whole of their trees.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { Member, PartitionTrees } from "../changes/PartitionTree.js"
import * as CatalogRow from "../walsender/CatalogRow.js"
import * as Walsender from "../walsender/Walsender.js"

/** The tables that are published by these publications, and those of these OIDs: `root` is NULL for a table outside of any tree. */
const tables = `select c.oid, pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid as root
  from pg_catalog.pg_class c
  where c.oid operator(pg_catalog.=) any ($2::pg_catalog.text[]::pg_catalog.oid[])
    or (c.relnamespace, c.relname) in (
      select n.oid, t.tablename from pg_catalog.pg_publication_tables t
      join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) t.schemaname
      where t.pubname::pg_catalog.text operator(pg_catalog.=) any ($1::pg_catalog.text[]))`

/** The unique indexes of a member whose columns are all NOT NULL. */
const keys = `select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'identity', case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end,
      'columns', k.columns))
    from pg_catalog.pg_index i
    cross join lateral (
      select pg_catalog.jsonb_agg(a.attname) as columns, pg_catalog.bool_and(a.attnotnull) as whole
      from pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality u (attnum, place)
      join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
        and a.attnum operator(pg_catalog.=) u.attnum
      where u.place operator(pg_catalog.<=) i.indnkeyatts) k
    where i.indrelid operator(pg_catalog.=) c.oid and i.indisunique and i.indimmediate
      and i.indpred is null and i.indexprs is null and k.whole`

const partitionedBy = `select pg_catalog.jsonb_agg(a.attname)
    from pg_catalog.pg_partitioned_table p
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) p.partrelid
      and a.attnum operator(pg_catalog.=) any (p.partattrs::pg_catalog.int2[])
    where p.partrelid operator(pg_catalog.=) c.oid`

export const query = `with asked as materialized (${tables})
  select asked.oid::pg_catalog.text as id, null as member from asked
  union all
  select m.relid::pg_catalog.oid::pg_catalog.text, pg_catalog.jsonb_build_object(
    'root', r.root, 'parent', m.parentrelid::pg_catalog.oid, 'schema', n.nspname, 'name', c.relname,
    'isLeaf', m.isleaf, 'keys', (${keys}), 'partitionedBy', (${partitionedBy}))::pg_catalog.text
  from (select distinct root from asked where root is not null) r
  cross join lateral pg_catalog.pg_partition_tree(r.root) m
  join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) m.relid
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace`

const names = (value: unknown): ReadonlyArray<string> => (Array.isArray(value) ? value.map(String) : [])

const memberOf = (id: number, source: string): Member | undefined => {
  const row = CatalogRow.fromText(source)
  if (row === undefined) return undefined
  const parent = Number(row["parent"] ?? 0)
  const list: unknown = row["keys"]
  return {
    id,
    root: Number(row["root"]),
    parent: parent === 0 ? undefined : parent,
    schema: CatalogRow.text(row, "schema") ?? "",
    name: CatalogRow.text(row, "name") ?? "",
    isLeaf: CatalogRow.yes(row, "isLeaf"),
    keys: Array.isArray(list)
      ? list.map((key: { readonly identity: unknown; readonly columns: unknown }) => ({
          identity: key.identity === true,
          columns: names(key.columns)
        }))
      : [],
    partitionedBy: names(row["partitionedBy"])
  }
}

/** Asks for the tables of the publications, and for this one, which the stream has described. */
export const learn = (
  connection: PgConnection,
  publications: ReadonlyArray<string>,
  table: number,
  trees: PartitionTrees
): Effect.Effect<void, PgSessionError> =>
  Effect.map(connection.query(Statement.make(query, [publications, [String(table)]])), (rows) => {
    const asked: Array<number> = [table]
    const members: Array<Member> = []
    for (const row of rows) {
      const id = Number(Walsender.textOf(row, "id"))
      const source = Walsender.textOf(row, "member")
      if (source === undefined) asked.push(id)
      const member = source === undefined ? undefined : memberOf(id, source)
      if (member !== undefined) members.push(member)
    }
    trees.learn(asked, members)
  })
