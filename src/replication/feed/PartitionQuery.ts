/**
 * Partitioned tables and partitions with the whole of their trees, as the catalogue has them now.
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

/** The table, if it is there: `root` is NULL for one outside of any tree. */
const tables = `select c.oid, pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid as root
  from pg_catalog.pg_class c
  where c.oid operator(pg_catalog.=) any ($1::pg_catalog.text[]::pg_catalog.oid[])`

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

/**
 * Without a function that locks tables: a transaction that has one locked may be the one that is read, and wait for its consumer when
 * it is prepared.
 */
export const query = `with recursive asked as materialized (${tables}),
  tree (relid, parentrelid, root) as (
    select root, null::pg_catalog.oid, root from asked where root is not null
    union all
    select i.inhrelid, i.inhparent, tree.root
    from tree join pg_catalog.pg_inherits i on i.inhparent operator(pg_catalog.=) tree.relid
  )
  select asked.oid::pg_catalog.text as id, null as member from asked
  union all
  select m.relid::pg_catalog.text, pg_catalog.jsonb_build_object(
    'root', m.root, 'parent', m.parentrelid, 'schema', n.nspname, 'name', c.relname,
    'isLeaf', c.relkind operator(pg_catalog.<>) 'p', 'keys', (${keys}), 'partitionedBy', (${partitionedBy}))::pg_catalog.text
  from tree m
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

/** Asks for a table that the stream has described. One that is not there stays unknown. */
export const learn = (
  connection: PgConnection,
  table: number,
  trees: PartitionTrees
): Effect.Effect<void, PgSessionError> =>
  Effect.map(connection.query(Statement.make(query, [[String(table)]])), (rows) => {
    const asked: Array<number> = []
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
