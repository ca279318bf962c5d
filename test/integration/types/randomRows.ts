/**
 * Rows of random Schemas through everything that takes them: queries, streams, parameters, COPY in its three formats both ways,
 * files, and typed tables of a feed. Values are made by the server from the samples of its types; what a query gives of them is
 * what every other way has to give.
 */
import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import fc from "fast-check"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Copy from "../../../src/Copy.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as Replication from "../../../src/Replication.js"
import type { Registry } from "../../../src/types/Registry.js"
import * as ColumnCodecs from "../../../src/schema/ColumnCodecs.js"
import * as PgType from "../../../src/schema/PgType.js"
import * as Recode from "../../../src/types/Recode.js"
import type { Target } from "../connection/sessions.js"
import { isClean, open, s } from "../connection/sessions.js"
import { connecting, fresh, slotName } from "../replication/support.js"
import { samples } from "./samples.js"
import type { Sample } from "./samples/sample.js"

type AnySchema = Schema.Schema<unknown, unknown>
type Field = Schema.Schema.AnyNoContext | Schema.PropertySignature.All
type RowSchema = Schema.Schema<Record<string, unknown>, Record<string, unknown>>

/** Schemas that a type has beside those of the presets. */
const further: Readonly<Record<string, ReadonlyArray<Schema.Schema.AnyNoContext>>> = {
  int8: [PgSchema.NumberFromInt8, PgSchema.Int8AsNumber],
  numeric: [PgSchema.BigDecimalFromNumeric, PgSchema.NumberFromNumeric, PgSchema.NumericAsNumber],
  timestamptz: [PgSchema.DateTimeUtcFromTimestampTz, PgSchema.DateFromTimestampTz],
  timestamp: [PgSchema.DateFromTimestampUtc],
  date: [PgSchema.DateFromDateUtc],
  interval: [PgSchema.DurationFromInterval],
  text: [PgSchema.AnyText, PgSchema.Text.pipe(Schema.brand("Note"))],
  json: [PgSchema.JsonAsText],
  jsonb: [PgSchema.JsonbAsText],
  int4: [Schema.Union(PgSchema.Int2, PgSchema.Int4), PgSchema.Int4.pipe(Schema.filter(() => true))]
}

/** A column of a random table, as choices. */
interface Choice {
  readonly sample: number
  readonly schema: number
  readonly shape: number
  readonly isArray: boolean
}

/** A random table, as choices. */
export interface Plan {
  readonly columns: ReadonlyArray<Choice>
  readonly form: number
}

const choice: fc.Arbitrary<Choice> = fc.record({
  sample: fc.nat(),
  schema: fc.nat(),
  shape: fc.nat(4),
  isArray: fc.integer({ min: 0, max: 3 }).map((at) => at === 0)
})

const plan: fc.Arbitrary<Plan> = fc.record({
  columns: fc.array(choice, { minLength: 1, maxLength: 5 }),
  form: fc.nat(3)
})

/** The same plans for the same seed. */
export const plans = (count: number, seed: number): ReadonlyArray<Plan> =>
  fc.sample(plan, { numRuns: count, seed })

/** A type that a Schema has nothing to do with: the server's text of a long number takes its time. */
const usual = samples.filter(({ isArray, type }) => isArray !== true && type !== "xml")

/** Every type by every Schema that it has, alone and in an array, five columns to a table. */
export const everyPair = (): ReadonlyArray<Plan> => {
  const choices = usual.flatMap(({ type }, sample) =>
    Array.from({ length: 2 + (further[type] ?? []).length }, (_, schema) => schema).flatMap((schema) =>
      [false, true].map((isArray): Choice => ({ sample, schema, shape: 0, isArray }))
    )
  )
  return Array.from({ length: Math.ceil(choices.length / 5) }, (_, at) => ({
    columns: choices.slice(5 * at, 5 * at + 5),
    form: 0
  }))
}

interface Column {
  readonly name: string
  readonly type: string
  readonly oid: number
  readonly sample: Sample
  readonly schema: AnySchema
  readonly field: Field
  /** SQL of values that the Schema reads. */
  readonly values: ReadonlyArray<string>
}

const pick = <A>(of: ReadonlyArray<A>, at: number): A => of[at % of.length]!
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const shaped = (schema: AnySchema, shape: number, column: string): Field => {
  switch (shape) {
    case 0:
      return Schema.NullOr(schema)
    case 1:
      return Schema.OptionFromNullOr(schema)
    case 2:
      return Schema.propertySignature(Schema.NullOr(schema)).pipe(Schema.fromKey(column))
    case 3:
      return schema.pipe(Schema.filter(() => true)) as Schema.Schema.AnyNoContext
    default:
      return schema as Schema.Schema.AnyNoContext
  }
}

/** A numeric of more than 15 digits, read as a whole number beyond 2^53: refused as a parameter, because it may have lost digits. */
const isRounded = (sample: Sample, value: unknown): boolean =>
  sample.type === "numeric" &&
  typeof value === "number" &&
  Number.isInteger(value) &&
  !Number.isSafeInteger(value) &&
  Number(value.toPrecision(15)) !== value

const columnOf = (pg: PgConnection, { isArray, sample: at, schema: choice, shape }: Choice, index: number) =>
  Effect.gen(function* () {
    const sample = pick(usual, at)
    const name = shape === 2 ? `Column ${index}` : `c${index}`
    const [[one, many] = []] = yield* pg.values(
      s("select $1::regtype::oid, (select typarray from pg_type where oid = $1::regtype)", [sample.type])
    )
    const known = [PgSchema.lossless, PgSchema.familiar].flatMap((preset) => preset.get(one as number) ?? [])
    const schemas = [...known, ...(further[sample.type] ?? [])]
    const element = (schemas.length === 0 ? Schema.String : pick(schemas, choice)) as AnySchema
    const literals: Array<string> = []
    // What the Schema does not read, such as an infinity as a Date, is no value for it.
    for (const literal of sample.literals) {
      // `JSON.stringify` has no minus zero.
      if (literal.length > 1500 || (sample.isJson === true && literal.includes("-0"))) continue
      const value = `${quoted(literal)}::${sample.type}`
      const read = yield* Effect.either(pg.query(s(`select ${value} as x`), Schema.Struct({ x: element })))
      if (read._tag === "Right" && !isRounded(sample, read.right[0]?.x)) literals.push(value)
    }
    if (literals.length === 0) return undefined
    const schema = isArray ? (PgSchema.array(Schema.NullOr(element)) as unknown as AnySchema) : element
    const type = isArray ? `${sample.type}[]` : sample.type
    const column: Column = {
      name,
      type,
      oid: (isArray ? many : one) as number,
      sample,
      schema,
      field: shaped(schema, shape, name),
      values: [
        ...(isArray
          ? [`array[${literals.join(", ")}, null]::${type}`, `array[]::${type}`]
          : literals.slice(0, 5)),
        ...(shape <= 2 ? [`null::${type}`] : [])
      ]
    }
    return column
  })

const rowSchema = (columns: ReadonlyArray<Column>, form: number): RowSchema => {
  const fields = Object.fromEntries(
    columns.map(({ field }, index) => [`c${index}`, field])
  ) as Schema.Struct.Fields
  switch (form) {
    case 1:
      return class Row extends Schema.Class<Row>("Row")(fields) {} as unknown as RowSchema
    case 2:
      return Schema.Struct(fields).pipe(
        Schema.filter((row) => Object.keys(row).length > 0)
      ) as unknown as RowSchema
    default:
      return Schema.Struct(fields) as unknown as RowSchema
  }
}

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

export interface Sides {
  readonly target: Target
  readonly types: Registry
  /** Through a feed too. */
  readonly feeds: boolean
}

/** A random table through all the ways. Gives the number of rows. */
export const throughAll = ({ columns: choices, form }: Plan, { feeds, target, types }: Sides) =>
  Effect.gen(function* () {
    const pg = yield* open({ target, types })
    const found = yield* Effect.forEach(choices, (choice, index) => columnOf(pg, choice, index))
    const columns = found.filter((column) => column !== undefined)
    if (columns.length !== choices.length) return 0
    const Row = rowSchema(columns, form)
    const schema = fresh("random")
    const names = columns.map(({ name }) => `"${name}"`)
    const [source, copied] = [`${schema}.source`, `${schema}.copied`]
    const height = Math.max(...columns.map(({ values }) => values.length))
    const definition = `(at int4, ${columns.map(({ name, type }) => `"${name}" ${type}`).join(", ")})`
    yield* pg.simple(
      `create schema ${schema}; create table ${source} ${definition}; create table ${copied} ${definition}`
    )
    yield* Effect.addFinalizer(() => Effect.ignore(pg.simple(`drop schema ${schema} cascade`)))
    const about = () =>
      `${columns.map(({ name, schema, type }) => `${name} ${type}: ${String(schema.ast)}`).join("; ")}`
    const listed = names.join(", ")
    const statementOf = (table: string) => s(`select ${listed} from ${table} order by at`)
    const same = (rows: ReadonlyArray<unknown>, way: string): void =>
      assert.deepStrictEqual(rows, expected, `${way}: ${about()}`)

    const slots = feeds ? [yield* slotName(target), yield* slotName(target)] : []
    const publication = fresh("random")
    if (feeds) {
      yield* pg.simple(`create publication ${publication} for table ${source}`)
      yield* Effect.addFinalizer(() => Effect.ignore(pg.simple(`drop publication ${publication}`)))
      for (const slot of slots) yield* Replication.Slot.create(slot).pipe(connecting({ target }))
    }
    const rows = Array.from(
      { length: height },
      (_, at) => `(${[at, ...columns.map(({ values }) => pick(values, at))].join(", ")})`
    )
    yield* pg.simple(`insert into ${source} values ${rows.join(", ")}`)

    const expected = yield* pg.query(statementOf(source), Row)
    same(yield* collect(pg.stream(statementOf(source), Row)), "a stream")
    same(yield* collect(pg.stream(statementOf(source), Row, { fetchSize: 2 })), "a portal")

    // Parameters are written by the client's codecs, and not by the Schema's.
    const isSent = columns.every(({ oid, schema }) => {
      const brought = ColumnCodecs.brought(
        { name: "", types: PgType.of(schema.ast), nullable: true, optional: false },
        oid
      )
      return brought === undefined || Recode.isSameWriter(brought, pg.types.lookup(oid))
    })
    const encoded = yield* Effect.forEach(isSent ? expected : [], (row) => Schema.encode(Row)(row))
    for (const [at, row] of encoded.entries()) {
      const values = columns.map(({ name }) => row[name])
      const places = columns.map(({ type }, index) => `$${index + 2}::${type}`)
      yield* pg.query(s(`insert into ${copied} values ($1::int4, ${places.join(", ")})`, [at, ...values]))
    }
    if (isSent) same(yield* pg.query(statementOf(copied), Row), "parameters")
    yield* pg.simple(`truncate ${copied}`)

    const table = [schema, "source"]
    const into = [schema, "copied"]
    const order = columns.map(({ name }) => name)
    const registry = yield* pg.findTypes(columns.map(({ oid }) => oid))
    const stated = columns.map(({ name, oid }) => ({ name, type: oid }))
    const noEmpty = columns.some(({ sample }) => sample.hasNoEmptyInBinary === true)
    for (const format of ["binary", "text", "csv"] as const) {
      const query = statementOf(source)
      const read = yield* Effect.either(collect(Copy.on(pg).rowsFrom({ query, format }, Row)))
      if (read._tag === "Left") {
        if (format === "binary" && /no binary form/.test(read.left.message)) continue
        return yield* Effect.die(new Error(`COPY out in ${format}: ${about()}`, { cause: read.left }))
      }
      same(read.right, `COPY out in ${format}`)
      if (format === "binary" && noEmpty) continue
      // Rows of a copied table are in the order in which they were written.
      const back = s(`select ${listed} from ${copied}`)
      for (const way of ["rows", "a file"] as const) {
        const given = Stream.fromIterable(expected)
        const copy =
          way === "rows"
            ? Copy.on(pg).rowsInto({ table: into, columns: order, format }, Row, given)
            : Copy.on(pg).from(
                { table: into, columns: order, format },
                Copy.encodeRows({ columns: stated, types: registry, format }, Row)(given)
              )
        yield* Effect.mapError(
          copy,
          (cause) => new Error(`COPY of ${way} in ${format}: ${about()}`, { cause })
        )
        same(yield* pg.query(back, Row), `COPY of ${way} in ${format}`)
        yield* pg.simple(`truncate ${copied}`)
      }
      const bytes = Copy.on(pg).to({ query, format })
      const decoded = Copy.decodeRows({ columns: stated, types: registry, format }, Row)(bytes)
      same(yield* collect(decoded), `a file in ${format}`)
      yield* isClean(pg)
    }
    if (feeds) yield* throughFeed(pg, slots, publication, { target, types }, table, Row, same)
    return expected.length
  }).pipe(Effect.scoped)

const throughFeed = (
  pg: PgConnection,
  slots: ReadonlyArray<string>,
  publication: string,
  { target, types }: Omit<Sides, "feeds">,
  [schema, name]: ReadonlyArray<string>,
  Row: RowSchema,
  same: (rows: ReadonlyArray<unknown>, way: string) => void
) =>
  Effect.gen(function* () {
    const [[end] = []] = yield* pg.values(s("select (pg_current_wal_lsn() - '0/0')::text"))
    const table = Replication.table(`${schema}.${name}`, Row)
    const until = BigInt(String(end))
    for (const [at, slot] of slots.entries()) {
      const isText = at === 1
      const feed = yield* Replication.logical({
        slot,
        publications: [publication],
        // Unless text is asked for, a feed is in binary for as long as all types have a binary form.
        ...(isText ? { binary: false } : {}),
        until
      })
      const rows: Array<unknown> = []
      const read = Stream.runForEach(feed.changes, (event) =>
        event._tag !== "Insert"
          ? Effect.void
          : Effect.map(table.decode(event), (change) => {
              const typed = Option.getOrUndefined(change)
              if (typed?._tag === "Insert") rows.push(typed.new.row)
            })
      )
      // A feed whose codecs lose what the Schema's need is refused as a whole.
      const isRefused = yield* Effect.matchEffect(read, {
        onFailure: (error) =>
          /its values have lost what that one needs/.test(error.message)
            ? Effect.succeed("at once")
            : // A Date does not hold every time, so that the feed ends at the first row that has another.
              /beyond the range of Date/.test(error.message)
              ? Effect.succeed("later")
              : Effect.die(error),
        onSuccess: () => Effect.succeed("not")
      })
      if (isRefused === "at once") assert.deepStrictEqual(rows, [])
      else if (isRefused === "later") continue
      else same(rows, `a feed in ${isText ? "text" : "binary"}`)
    }
  }).pipe(Effect.scoped, connecting({ target, connector: { types } }))
