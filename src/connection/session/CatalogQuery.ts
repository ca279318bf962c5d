/**
 * The question to the catalogue: types by OID and by name, and whatever they are made of, in one query.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-type.html
 */
import * as Column from "../../model/Column.js"
import * as Oid from "../../model/Oid.js"
import type { PgField, PgType, PgTypeShape } from "../../model/PgType.js"

/**
 * Every name and operator is qualified: no search path has anything else run. A type that is asked for by a name comes
 * through `regtype`, which follows the search path as a cast does, and fails when no type has the name.
 */
export const sql = `with recursive asked (at, oid) as (
  select a.at, coalesce(a.oid, a.name::pg_catalog.regtype::pg_catalog.oid)
  from rows from (pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.text[]))
    with ordinality as a (oid, name, at)
), tree (oid) as (
  select oid from asked
  union
  select part.oid
  from tree
  join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) tree.oid
  cross join lateral (
    select e.oid from pg_catalog.pg_type e
    where e.oid operator(pg_catalog.=) t.typelem and e.typarray operator(pg_catalog.=) t.oid
    union all
    select t.typbasetype where t.typtype operator(pg_catalog.=) 'd'
    union all
    select a.atttypid from pg_catalog.pg_attribute a
    where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
      and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
    union all
    select r.rngsubtype from pg_catalog.pg_range r
    where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
  ) part (oid)
)
select t.oid, t.typarray, n.nspname::pg_catalog.text, t.typname::pg_catalog.text, t.typdelim::pg_catalog.text,
  case when e.oid is not null then 'a' else t.typtype::pg_catalog.text end,
  case
    when e.oid is not null then e.oid
    when t.typtype operator(pg_catalog.=) 'd' then t.typbasetype
    else (
      select r.rngsubtype from pg_catalog.pg_range r
      where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
    )
  end,
  (
    select x.extname::pg_catalog.text from pg_catalog.pg_depend d
    join pg_catalog.pg_extension x on x.oid operator(pg_catalog.=) d.refobjid
    where d.classid operator(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid
      and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
      and d.objid operator(pg_catalog.=) t.oid and d.deptype operator(pg_catalog.=) 'e'
  ),
  array(
    select l.enumlabel::pg_catalog.text from pg_catalog.pg_enum l
    where l.enumtypid operator(pg_catalog.=) t.oid order by l.enumsortorder
  ),
  f.names, f.types, f.changes,
  array(select asked.at::pg_catalog.int4 from asked where asked.oid operator(pg_catalog.=) t.oid)
from tree
join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) tree.oid
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
left join pg_catalog.pg_type e
  on e.oid operator(pg_catalog.=) t.typelem and e.typarray operator(pg_catalog.=) t.oid
cross join lateral (
  select pg_catalog.array_agg(case when not a.attisdropped then a.attname::pg_catalog.text end order by a.attnum),
    pg_catalog.array_agg(a.atttypid order by a.attnum),
    pg_catalog.array_agg(a.xmin::pg_catalog.text::pg_catalog.oid order by a.attnum)
  from pg_catalog.pg_attribute a
  where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
    and a.attnum operator(pg_catalog.>) 0
) f (names, types, changes)`

const { oid, oidArray, text, textArray } = Oid
/** The columns of the answer. */
export const columns = [
  ...[oid, oid, text, text, text, text, oid, text],
  ...[textArray, textArray, oidArray, oidArray, Oid.int4Array]
].map((type) => Column.ofType(type))
/** The types asked for by OID, and those by name; `null` in the one is a type in the other. */
export const parameterTypes = [oidArray, textArray]

/** One row of the answer. */
export type TypeRow = readonly [
  oid: number,
  arrayOid: number,
  schema: string,
  name: string,
  delimiter: string,
  kind: string,
  part: number | null,
  extension: string | null,
  labels: ReadonlyArray<string>,
  /** Of the attributes of a composite; `null` is the name of one that was dropped. */
  attributeNames: ReadonlyArray<string | null> | null,
  attributeTypes: ReadonlyArray<number> | null,
  /** The transactions that last changed them. */
  attributeChanges: ReadonlyArray<number> | null,
  /** At which places of the question it was asked for, counted from 1. */
  at: ReadonlyArray<number>
]

const compositeOf = (
  names: ReadonlyArray<string | null>,
  types: ReadonlyArray<number>,
  changes: ReadonlyArray<number>
): PgTypeShape => {
  const fields: Array<PgField> = []
  const attributes = names.map((name, index) => ({
    field: name === null ? -1 : fields.push({ name, type: types[index] ?? 0 }) - 1,
    changedBy: changes[index] ?? 0
  }))
  return { _tag: "Composite", fields, attributes }
}

const shapeOf = ([, , , , , kind, part, extension, labels, names, types, changes]: TypeRow): PgTypeShape => {
  switch (kind) {
    case "a":
      return { _tag: "Array", element: part ?? 0 }
    case "c":
      return compositeOf(names ?? [], types ?? [], changes ?? [])
    case "d":
      return { _tag: "Domain", base: part ?? 0 }
    case "e":
      return { _tag: "Enum", labels }
    case "r":
      return { _tag: "Range", subtype: part ?? 0 }
    case "m":
      return { _tag: "Multirange", subtype: part ?? 0 }
    case "b":
      return { _tag: "Base", extension }
    default:
      return { _tag: "Pseudo" }
  }
}

export const typeOf = (row: TypeRow): PgType => {
  const [oid, arrayOid, schema, name, delimiter] = row
  return { oid, arrayOid, schema, name, delimiter, shape: shapeOf(row) }
}
