/**
 * The differential test of one type: the server makes its values, random and extreme, alone and in arrays of all shapes;
 * sessions that read and write in binary and others that read and write in text then have to agree, under several
 * settings of the session, in both presets, and the server has to find what it is sent back equal to what it made.
 */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import { inspect, isDeepStrictEqual } from "node:util"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Oid from "../../../src/model/Oid.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import type { Target } from "../connection/sessions.js"
import { open, s } from "../connection/sessions.js"
import { makers } from "./makers.js"
import type { Preset, Reader, Sessions } from "./readers.js"
import { internal, samples } from "./samples.js"
import type { Sample } from "./samples/sample.js"

export interface Settings {
  readonly name: string
  readonly values: Readonly<Record<string, string>>
  /** Dates do not print as ISO: text that shows one is refused. */
  readonly isForeign?: true
  /** Floating-point numbers print with fewer digits than they have. */
  readonly isRounded?: true
}

const settingsOf = (
  DateStyle: string,
  IntervalStyle: string,
  TimeZone: string,
  bytea_output: string,
  extra_float_digits: string
): Settings => ({
  name: [DateStyle, IntervalStyle, TimeZone, bytea_output, extra_float_digits].join("; "),
  values: { DateStyle, IntervalStyle, TimeZone, bytea_output, extra_float_digits },
  ...(DateStyle.startsWith("ISO") ? {} : { isForeign: true }),
  ...(Number(extra_float_digits) < 1 ? { isRounded: true } : {})
})

/** Zones with seconds in their history, with daylight saving, and with offsets that are no whole hours. */
export const everySettings: ReadonlyArray<Settings> = [
  settingsOf("ISO, MDY", "postgres", "UTC", "hex", "1"),
  settingsOf("ISO, DMY", "iso_8601", "Africa/Monrovia", "escape", "3"),
  settingsOf("ISO, YMD", "sql_standard", "Asia/Kathmandu", "hex", "0"),
  settingsOf("German", "postgres_verbose", "America/St_Johns", "escape", "-15"),
  settingsOf("SQL, DMY", "postgres", "Europe/Dublin", "hex", "1"),
  settingsOf("Postgres, MDY", "postgres_verbose", "Pacific/Apia", "escape", "2")
]

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

let tables = 0

/** An array of the values around. */
const gathered = ({ isArray, type }: Sample): string => {
  const element = "case when random() < 0.8 then w.x end"
  const escaped = `regexp_replace((${element})::text, '["\\\\]', '\\\\\\&', 'g')`
  return isArray === true
    ? `('{' || string_agg(coalesce('"' || ${escaped} || '"', 'NULL'), ',') || '}')::${type}[]`
    : `array_agg(${element} order by w.at)`
}

/** Makes the table of values: `x` alone, `xs` an array of the values around it, of any shape. */
export const makeTable = (
  maker: PgConnection,
  sample: Sample,
  version: number,
  count: number,
  seed: number
) =>
  Effect.gen(function* () {
    const { type } = sample
    const table = `differential_${process.pid}_${++tables}`
    yield* Effect.acquireRelease(
      maker.simple(`create unlogged table ${table} (at int primary key, x ${type}, xs ${type}[])`),
      () => Effect.ignore(maker.simple(`drop table ${table}`))
    )
    const { from } = sample
    const literals =
      from !== undefined && version >= from.version ? [...sample.literals, ...from.literals] : sample.literals
    const given = literals.map((literal, at) => `(${at}, ${quoted(literal)}::${type})`)
    yield* maker.simple(
      `${makers}
      select setseed(${(seed % 2 ** 31) / 2 ** 31});
      insert into ${table} values ${given.join(", ")}, (${literals.length}, null);
      insert into ${table} select ${literals.length} + at, (${sample.random})::${type} from generate_series(1, ${count}) at;
      update ${table} v set xs = (
        select case v.at % 6
          when 0 then '{}'::${type}[]
          when 1 then xs
          when 2 then array[xs, xs]
          when 3 then pg_temp.moved(xs)::${type}[]
          when 4 then pg_temp.moved(array[xs, xs])::${type}[]
          else array[array[xs], array[xs]] end
        from (select ${gathered(sample)} xs
          from ${table} w where w.at between v.at - 2 and v.at + 1) around)`
    )
    return table
  })

/** The columns that are sent back: the value, and the array unless the preset's form of it holds less. */
const columnsOf = (preset: Preset, sample: Sample): ReadonlyArray<string> =>
  preset === "familiar" && sample.familiarHolds === "values" ? ["x"] : ["x", "xs"]

interface TypeFacts {
  readonly oid: number
  /** Values are compared by the bytes that the server would send. */
  readonly hasBytes: boolean
}

const factsOf = (maker: PgConnection, { comparedAsText, type }: Sample) =>
  Effect.map(
    maker.values(s(`select oid, typsend <> 0 from pg_type where oid = ${quoted(type)}::regtype`)),
    ([row]): TypeFacts => ({ oid: row![0] as number, hasBytes: row![1] === true && comparedAsText !== true })
  )

/** SQL that shows whether two rows hold the same, by their bytes where the type has any. */
const equalOf = (columns: ReadonlyArray<string>, { isJson }: Sample, hasBytes: boolean): string => {
  const rowOf = (table: string) => `row(${columns.map((column) => `${table}.${column}`).join(", ")})`
  if (isJson === true) {
    return "v.x::jsonb is not distinct from p.x::jsonb and v.xs::jsonb[] is not distinct from p.xs::jsonb[]"
  }
  return hasBytes
    ? `record_send(${rowOf("v")}) = record_send(${rowOf("p")})`
    : `${rowOf("v")}::text = ${rowOf("p")}::text`
}

type Rows = ReadonlyArray<ReadonlyArray<unknown>>

/** Each value is the same, and by `Equal` too, where it has that. */
const assertSame = (actual: Rows, expected: Rows, what: string): void => {
  assert.strictEqual(actual.length, expected.length, what)
  for (const [at, row] of actual.entries()) {
    if (!isDeepStrictEqual(row, expected[at]))
      assert.fail(row, expected[at], `${what}: row ${at}: ${inspect(row)} is not ${inspect(expected[at])}`)
    for (const [column, one] of row.entries()) {
      if (!Equal.isEqual(one)) continue
      const other = expected[at]![column]
      assert.isTrue(
        Equal.equals(one, other) && Hash.hash(one) === Hash.hash(other),
        `${what}: ${String(one)}`
      )
    }
  }
}

/** Rows sent back by one statement. */
const atOnce = 200

/** Sends values back and lets the server look for differences. `rows` begin with their `at`. */
const sendBack = (
  pg: PgConnection,
  table: string,
  columns: ReadonlyArray<string>,
  equal: string,
  type: string,
  rows: Rows,
  what: string
) =>
  Effect.gen(function* () {
    const casts = ["int4", type, `${type}[]`].slice(0, 1 + columns.length)
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce)
      const places = some.map(
        (_, row) => `(${casts.map((cast, at) => `$${casts.length * row + at + 1}::${cast}`).join(", ")})`
      )
      const shown = columns.map((column) => `v.${column}::text, p.${column}::text`).join(", ")
      const differing = yield* pg.values(
        s(
          `select p.at, ${shown} from (values ${places.join(", ")}) p(at, ${columns.join(", ")})
          join ${table} v using (at) where not (${equal})`,
          some.flatMap((row) => row.slice(0, casts.length))
        )
      )
      assert.deepStrictEqual(differing, [], `${what}: ${inspect(differing[0])}`)
    }
  })

/** Rows that a familiar `Date` can hold. */
export const withinDate = `coalesce(x < '275760-09-01' or not isfinite(x), true)
  and not exists (select from unnest(xs) e where isfinite(e) and e >= '275760-09-01')`

/** What is read one by one where reading may be refused. */
const fewRows = 25

/** Text that shows a date in another style is refused, or holds none and is right; it is never taken for another date. */
const readForeign = (text: PgConnection, table: string, binary: Rows, what: string) =>
  Effect.forEach(
    binary.slice(0, fewRows),
    (expected) =>
      Effect.map(
        Effect.either(text.values(s(`select at, x, xs from ${table} where at = $1`, [expected[0]]))),
        (outcome) => {
          if (Either.isRight(outcome)) assertSame(outcome.right, [expected], what)
          else assert.instanceOf(outcome.left, PgCodecError, what)
        }
      ),
    { discard: true }
  )

/** Anonymous records carry the types of their fields. */
const readRecords = (binary: PgConnection, table: string, rows: Rows, what: string) =>
  Effect.gen(function* () {
    const records = yield* binary.values(
      s(`select at, row(x, xs) from ${table} order by at limit ${fewRows}`)
    )
    const expected = new Map(rows.map(([at, ...values]) => [at, values]))
    const some = records.filter(([at]) => expected.has(at))
    assertSame(
      some.map(([, record]) => record as ReadonlyArray<unknown>),
      some.map(([at]) => expected.get(at)!),
      `${what}: in a record`
    )
  })

/** Compares everything under settings that the sessions have already. */
const compare = (
  { binary, name, preset, text }: Reader,
  table: string,
  sample: Sample,
  { hasBytes, oid }: TypeFacts,
  settings: Settings
) =>
  Effect.gen(function* () {
    const { type } = sample
    const what = `${type}, ${name}, ${settings.name}`
    const isForeign = settings.isForeign === true && sample.isDated === true
    const isRounded = sample.isFloating === true && settings.isRounded === true
    const conditions = [
      ...(preset === "familiar" && sample.withinDate === true ? [withinDate] : []),
      // The greatest number of all is rounded up, and then is out of range.
      ...(isRounded ? ["row(x, xs)::text !~ 'e[+]308'"] : [])
    ]
    const rowsOf = (pg: PgConnection, columns: string, more: ReadonlyArray<string> = []) =>
      pg.values(
        s(
          `select ${columns} from ${table} where ${["true", ...conditions, ...more].join(" and ")} order by at`
        )
      )
    const rows = yield* rowsOf(binary, "at, x, xs")
    if (binary.types.lookup(Oid.record) !== undefined && binary.types.lookup(oid)?.decodeBinary !== undefined)
      yield* readRecords(binary, table, rows, what)
    if (isForeign) yield* readForeign(text, table, rows, what)
    else {
      // How a float4 prints is what it is in the familiar preset, and its text is not to be had any more.
      if (isRounded && preset === "familiar") return
      const expected = isRounded ? yield* rowsOf(binary, `at, x::text::${type}, xs::text::${type}[]`) : rows
      assertSame(yield* rowsOf(text, "at, x, xs"), expected, `${what}: text differs from binary`)
    }
    // Its texts may be in a style that only the server reads.
    if (preset === "familiar" && (sample.familiarHolds === "nothing" || isForeign)) return
    const columns = columnsOf(preset, sample)
    const equal = equalOf(columns, sample, hasBytes)
    const begins = preset === "familiar" ? ["coalesce(array_dims(xs), '[1:1]') ~ '^(\\[1:\\d+\\])+$'"] : []
    const noneEmpty =
      sample.hasNoEmptyInBinary === true
        ? ["coalesce(x::text, '-') <> '' and not exists (select from unnest(xs) e where e::text = '')"]
        : []
    const inBinary = new Set((yield* rowsOf(binary, "at", [...begins, ...noneEmpty])).flat())
    const inText = new Set((yield* rowsOf(binary, "at", begins)).flat())
    const send = (pg: PgConnection, some: ReadonlySet<unknown>, format: string) =>
      sendBack(
        pg,
        table,
        columns,
        equal,
        type,
        rows.filter(([at]) => some.has(at)),
        `${what}: sent back in ${format}`
      )
    yield* send(binary, inBinary, "binary")
    yield* send(text, inText, "text")
  })

export interface Differential {
  /** Random values of the type. */
  readonly count: number
  readonly seed: number
  readonly settings?: ReadonlyArray<Settings>
}

/** The whole comparison for one type. */
export const differential = ({ maker, readers, version }: Sessions, sample: Sample, options: Differential) =>
  Effect.gen(function* () {
    const table = yield* makeTable(maker, sample, version, options.count, options.seed)
    const facts = yield* factsOf(maker, sample)
    for (const settings of options.settings ?? everySettings) {
      const set = Object.entries(settings.values).map(([name, to]) => `set ${name} = ${quoted(to)}`)
      for (const reader of readers) {
        yield* reader.binary.simple(set.join("; "))
        yield* reader.text.simple(set.join("; "))
        yield* compare(reader, table, sample, facts, settings)
      }
    }
  })

/** Types of the server's catalog that are neither in `samples` nor known to be out of reach. */
export const unsampled = (target: Target | undefined) =>
  Effect.gen(function* () {
    const pg = yield* open(target === undefined ? {} : { target })
    const rows = yield* pg.values(
      s(
        `select typname::text from pg_type where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'r', 'm')
          and not exists (select from pg_type e where e.typarray = pg_type.oid)
          and oid <> all ($1::text[]::regtype[]) and typname <> all ($2)`,
        [samples.map(({ type }) => type), internal]
      )
    )
    return rows.flat()
  })
