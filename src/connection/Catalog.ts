/**
 * Types out of the catalogue: those asked for and whatever they are made of, in one query.
 *
 * A statement that meets types that nobody knows waits until the catalogue has told them. What refuses to tell (a right
 * taken away, a server that is no PostgreSQL of 14 or later) is not asked again by this connection, and such types are text.
 * Inside a transaction block the question stands behind a savepoint, so that a refusal does not fail the transaction.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-type.html
 */
import * as Column from "../model/Column.js"
import * as Oid from "../model/Oid.js"
import { PgCodecError, PgServerError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import type { PgType, PgTypeShape } from "../model/PgType.js"
import { nodes } from "../protocol/ExtendedQuery.js"
import * as Pipeline from "../protocol/Pipeline.js"
import * as Parameters from "../types/Parameters.js"
import { lossless } from "../types/Registry.js"
import * as Row from "../types/Row.js"
import type { FrameRun } from "../wire/FrameRun.js"
import * as ExtendedQuery from "../wire/messages/ExtendedQuery.js"
import * as Preset from "../wire/Preset.js"
import type { Core } from "./Core.js"
import { Request } from "./Request.js"
import * as Rows from "./Rows.js"

/**
 * Every name and operator is qualified: no search path has anything else run. A type that is asked for by a name comes
 * through `regtype`, which follows the search path as a cast does, and fails when there is none of the name.
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
  f.names, f.types,
  array(select asked.at::pg_catalog.int4 from asked where asked.oid operator(pg_catalog.=) t.oid)
from tree
join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) tree.oid
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
left join pg_catalog.pg_type e
  on e.oid operator(pg_catalog.=) t.typelem and e.typarray operator(pg_catalog.=) t.oid
cross join lateral (
  select pg_catalog.array_agg(a.attname::pg_catalog.text order by a.attnum),
    pg_catalog.array_agg(a.atttypid order by a.attnum)
  from pg_catalog.pg_attribute a
  where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
    and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
) f (names, types)`

const { oid, oidArray, text, textArray } = Oid
const columns = [
  ...[oid, oid, text, text, text, text, oid, text],
  ...[textArray, textArray, oidArray, Oid.int4Array]
].map((type) => Column.ofType(type))
const parameterTypes = [oidArray, textArray]

type TypeRow = readonly [
  oid: number,
  arrayOid: number,
  schema: string,
  name: string,
  delimiter: string,
  kind: string,
  part: number | null,
  extension: string | null,
  labels: ReadonlyArray<string>,
  fieldNames: ReadonlyArray<string> | null,
  fieldTypes: ReadonlyArray<number> | null,
  /** At which places of the question it was asked for, counted from 1. */
  at: ReadonlyArray<number>
]

const shapeOf = ([, , , , , kind, part, extension, labels, names, types]: TypeRow): PgTypeShape => {
  switch (kind) {
    case "a":
      return { _tag: "Array", element: part ?? 0 }
    case "c":
      return {
        _tag: "Composite",
        fields: (names ?? []).map((name, index) => ({ name, type: types?.[index] ?? 0 }))
      }
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

const typeOf = (row: TypeRow): PgType => {
  const [oid, arrayOid, schema, name, delimiter] = row
  return { oid, arrayOid, schema, name, delimiter, shape: shapeOf(row) }
}

/** The types asked for, in order, and then those that they are made of; or why there are none. */
type Told = (failure: PgSessionError | undefined, types: ReadonlyArray<PgType>) => void

const savepoint = "effect_postgres_types"

/** Asks for types by OID and by name. What is found goes into the connection's book, whatever becomes of whoever asked. */
export class CatalogRequest extends Request {
  private readonly rows: Array<Row.Row> = []
  private readonly decoder = Row.compile(columns, [0], lossless, "array")
  /** The question stands behind a savepoint. */
  private saved = false
  /** It was refused there, and the transaction block goes back to the savepoint. */
  private restoring = false
  private refusal: PgServerError | undefined

  constructor(
    private readonly asked: ReadonlyArray<string | number>,
    private readonly outcome: Told
  ) {
    super(sql)
  }

  override get exclusive(): boolean {
    return true
  }

  open(core: Core): Pipeline.Script | undefined {
    if (this.restoring) {
      const back = this.command(core, `rollback to savepoint ${savepoint}`)
      return this.closed(core, [back, this.command(core, `release savepoint ${savepoint}`)])
    }
    this.saved = core.session.status === "T"
    const before = this.saved ? [this.command(core, `savepoint ${savepoint}`)] : []
    const question = this.question(core)
    if (question === undefined) return undefined
    const after = this.saved ? [this.command(core, `release savepoint ${savepoint}`)] : []
    return this.closed(core, [...before, question, ...after])
  }

  private closed(core: Core, steps: ReadonlyArray<Pipeline.Script>): Pipeline.Script {
    Preset.sync(core.writer)
    return Pipeline.atomic(steps)
  }

  private command(core: Core, text: string): Pipeline.Script {
    ExtendedQuery.Parse.encode(core.writer, { _tag: "Parse", statement: "", sql: text, parameterTypes: [] })
    ExtendedQuery.Bind.encode(core.writer, {
      _tag: "Bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: [],
      resultFormats: []
    })
    Preset.executeUnnamed(core.writer)
    return step
  }

  private question(core: Core): Pipeline.Script | undefined {
    const { writer } = core
    const plan = Parameters.plan(parameterTypes, lossless)
    ExtendedQuery.Parse.encode(writer, { _tag: "Parse", statement: "", sql, parameterTypes })
    const mark = ExtendedQuery.Bind.begin(writer, "", "", plan.formats)
    const failure = plan.write(writer, [
      this.asked.map((type) => (typeof type === "number" ? type : null)),
      this.asked.map((type) => (typeof type === "string" ? type : null))
    ])
    if (failure !== null || !ExtendedQuery.Bind.finish(writer, mark, [])) {
      const reason = failure?.reason ?? writer.failure ?? "the message is too large"
      this.fail(
        new PgCodecError({ direction: "encode", where: "types", index: -1, type: "regtype", reason, sql })
      )
      return undefined
    }
    Preset.executeUnnamed(writer)
    return step
  }

  override onRows(_core: Core, run: FrameRun): string | undefined {
    return Rows.take(this, this.decoder, run, this.rows)
  }

  override onReady(core: Core): boolean {
    const { failure } = this
    if (
      !(failure instanceof PgServerError) ||
      core.session.status !== "E" ||
      !this.saved ||
      this.discarding ||
      this.restoring
    )
      return false
    this.restoring = true
    this.refusal = failure
    this.failure = undefined
    return true
  }

  protected onSettled(core: Core): void {
    const failure = this.failure ?? this.refusal
    if (failure !== undefined) return this.outcome(failure, [])
    const rows = this.rows as ReadonlyArray<unknown> as ReadonlyArray<TypeRow>
    const types = rows.map(typeOf)
    const oids = this.asked.filter((type) => typeof type === "number")
    core.types.learn(types, [...oids, ...types.map((type) => type.oid)])
    this.outcome(undefined, this.inOrder(rows, types))
  }

  /** Each type that was asked for, as often as it was, and then the types that they are made of. */
  private inOrder(rows: ReadonlyArray<TypeRow>, types: ReadonlyArray<PgType>): ReadonlyArray<PgType> {
    const wanted = rows.flatMap((row, index) => row[11].map((at) => ({ at, type: types[index]! })))
    return [
      ...wanted.sort((a, b) => a.at - b.at).map(({ type }) => type),
      ...types.filter((_, index) => rows[index]![11].length === 0)
    ]
  }
}

const step: Pipeline.Script = [nodes.Parsing, nodes.Binding, nodes.Fetching]

/** Which of these types are worth a question of this connection now. In a failed transaction none is. */
export const missing = (core: Core, oids: ReadonlyArray<number>): ReadonlyArray<number> =>
  core.findsTypes && core.session.status !== "E" ? core.types.unknown(oids) : []

/** Asks for types that were met. A refusal is the last question of the connection, unless it is the transaction's failure. */
export const ask = (core: Core, oids: ReadonlyArray<number>, told?: Told): CatalogRequest => {
  const request: CatalogRequest = new CatalogRequest(oids, (failure, types) => {
    const failed = failure instanceof PgServerError && failure.code === "25P02"
    if (failure !== undefined && !failed && !request.discarding) core.findsTypes = false
    told?.(failure, types)
  })
  return request
}

/** What has to be answered before a statement that has met these types may run; `undefined` when nothing has. */
export const before = (core: Core, oids: ReadonlyArray<number>): CatalogRequest | undefined => {
  const unknown = missing(core, oids)
  return unknown.length === 0 ? undefined : ask(core, unknown)
}
