/** Copies of rows through a Schema, with a server that follows a script and with files. */
import { assert, describe, it } from "@effect/vitest"
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { PgCopyRowError } from "../../src/model/CopyRowError.js"
import * as Copy from "../../src/Copy.js"
import * as PgConnection from "../../src/connection/PgConnection.js"
import * as Oid from "../../src/model/Oid.js"
import { PgUsageError } from "../../src/model/PgError.js"
import * as Statement from "../../src/model/Statement.js"
import * as PgSchema from "../../src/PgSchema.js"
import * as PgTypes from "../../src/PgTypes.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import { opening } from "../connection/scripted.js"

const { column, expect, extendedQuery, readyForQuery, send, simpleQuery, startup } = ScriptedServer

const Person = Schema.Struct({
  id: PgSchema.Int4.pipe(Schema.positive({ description: "a positive number" })),
  name: PgSchema.Text.pipe(Schema.propertySignature, Schema.fromKey("full_name")),
  born: Schema.NullOr(PgSchema.as(Oid.text, Schema.DateFromString))
})
const columns = [
  { name: "id", type: "int4" },
  { name: "full_name", type: "text" },
  { name: "born", type: "text" }
]
const people = [
  { id: 1, name: "one", born: new Date(0) },
  { id: 2, name: "two", born: null }
]

const described = [
  column("id", { typeOid: Oid.int4 }),
  column("full_name", { typeOid: Oid.text }),
  column("born", { typeOid: Oid.text }),
  column("note", { typeOid: Oid.text })
]

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), (all) => [...all])
const csvOf = (rows: string) => Stream.encodeText(Stream.make(rows))

/** A session with a server that follows the script, and then receives nothing else before `select 'end'`. */
const withServer = <A, E>(
  script: ScriptedServer.Script,
  use: (copy: Copy.CopiesOn) => Effect.Effect<A, E>,
  version = "18.4"
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const end = simpleQuery("select 'end'", [{ commandTag: "SELECT 0" }])
      const scripts = [[startup({ parameters: { server_version: version } }), script, end]]
      const { outcome, server } = yield* opening(scripts, "")
      const connection = PgConnection.fromState(yield* outcome)
      const value = yield* use(Copy.on(connection))
      yield* connection.simple("select 'end'")
      yield* server.done
      return value
    })
  )

const copyIn: ScriptedServer.Script = [
  expect({ _tag: "Query", sql: /^copy "t" / }),
  send({ _tag: "CopyInResponse", format: 0, columnFormats: [0, 0, 0] })
]
const failsWith = (reason: RegExp): ScriptedServer.Script => [
  expect({ _tag: "CopyFail", reason }),
  send(ScriptedServer.errorResponse({ code: "57014", text: "COPY from stdin failed" }), readyForQuery())
]

const rowFailure = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.flatMap(Effect.flip(effect), (error) =>
    error instanceof PgCopyRowError ? Effect.succeed(error) : Effect.die(error)
  )

describe("rows of a Schema, as the data of a copy", () => {
  it.effect("are encoded to columns by name, and decoded again, in every format", () =>
    Effect.gen(function* () {
      for (const format of ["binary", "text", "csv"] as const) {
        const bytes = Copy.encodeRows({ columns, format }, Person)(Stream.fromIterable(people))
        assert.deepStrictEqual(yield* collect(Copy.decodeRows({ columns, format }, Person)(bytes)), people)
      }
      const csv = Copy.encodeRows(
        { columns, format: "csv", header: true },
        Person
      )(Stream.fromIterable(people))
      assert.deepStrictEqual((yield* collect(csv)).map(textOf), [
        "id,full_name,born\n1,one,1970-01-01T00:00:00.000Z\n2,two,\n"
      ])
    })
  )

  it.effect("are refused by number, column and type, the way out after those before them were given", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const read = Copy.decodeRows({ columns, format: "csv" }, Person)(csvOf("1,a,\n2,b,\n-3,c,\n4,d,\n"))
      const error = yield* rowFailure(Stream.runForEach(read, ({ id }) => Effect.sync(() => seen.push(id))))
      assert.deepStrictEqual(seen, [1, 2])
      assert.deepStrictEqual(
        [error._tag, error.direction, error.rowNumber, error.column, error.place.index, error.type],
        ["PgCopyRowError", "decode", 3, "id", 0, "int4"]
      )
      assert.strictEqual(
        error.message,
        'row 3 of the copy cannot be read: column "id" of type int4: expected a positive number, got a number'
      )
      const chunks = Stream.flatMap(Stream.make("1,a,\n", "2,b,\n", "-3,c,\n"), csvOf)
      const later = yield* rowFailure(
        Stream.runDrain(Copy.decodeRows({ columns, format: "csv" }, Person)(chunks))
      )
      assert.strictEqual(later.rowNumber, 3)
    })
  )

  it.effect("are refused by the column's name in the database on the way in, never with the value", () =>
    Effect.gen(function* () {
      const write = (rows: Iterable<unknown>) =>
        rowFailure(
          Stream.runDrain(
            Copy.encodeRows(
              { columns },
              Person
            )(Stream.rechunk(Stream.fromIterable(rows as Iterable<(typeof people)[number]>), 2))
          )
        )
      const renamed = yield* write([...people, people[0], { id: 4, name: 12_345, born: null }])
      assert.deepStrictEqual(
        [renamed.direction, renamed.rowNumber, renamed.column, renamed.place.index, renamed.type],
        ["encode", 4, "full_name", 1, "text"]
      )
      assert.match(
        renamed.message,
        /^row 4 of the copy cannot be sent: column "full_name" of type text: expected string/
      )
      assert.notInclude(renamed.message, "12345")
      const whole = yield* write([null])
      assert.deepStrictEqual([whole.rowNumber, whole.column, whole.place.index], [1, undefined, undefined])
      assert.match(whole.message, /^row 1 of the copy cannot be sent: expected /)
    })
  )

  it.effect("may need effects and services, and are taken one after the other", () =>
    Effect.gen(function* () {
      class Offset extends Context.Tag("Offset")<Offset, number>() {}
      const Shifted = Schema.transformOrFail(PgSchema.Int4, Schema.Number, {
        strict: true,
        decode: (id) => Effect.map(Offset, (offset) => id + offset),
        encode: (id) =>
          Effect.zipRight(
            Effect.yieldNow(),
            Effect.map(Offset, (offset) => id - offset)
          )
      })
      const Row = Schema.Struct({ id: Shifted })
      const data = { columns: columns.slice(0, 1), format: "csv" } as const
      const rows = Stream.make({ id: 11 }, { id: 12 }, { id: 13 })
      const bytes = yield* Effect.provideService(collect(Copy.encodeRows(data, Row)(rows)), Offset, 10)
      assert.deepStrictEqual(bytes.map(textOf), ["1\n2\n3\n"])
      const read = collect(Copy.decodeRows(data, Row)(Stream.fromIterable(bytes)))
      assert.deepStrictEqual(yield* Effect.provideService(read, Offset, 100), [
        { id: 101 },
        { id: 102 },
        { id: 103 }
      ])
    })
  )

  it.effect("are compared with the columns of a file before anything is read", () =>
    Effect.gen(function* () {
      const stated = [{ name: "id", type: "int8" }, columns[2]!]
      let read = false
      const source = Stream.tap(csvOf("1,x\n"), () => Effect.sync(() => (read = true)))
      const error = yield* Effect.flip(
        Stream.runDrain(Copy.decodeRows({ columns: stated, format: "csv" }, Person)(source))
      )
      assert.deepInclude(error, { _tag: "PgCodecError", place: { _tag: "Columns", of: "copy" } })
      assert.isFalse(read)
      assert.isTrue(error.nothingSent)
      assert.match(error.message, /^the columns of the copy do not fit the Schema, and nothing was copied:\n/)
      assert.match(error.message, /\n {2}id +int8 .*int4/)
      assert.match(error.message, /full_name/)
    })
  )

  it.effect("may be defaults, where a column allows it", () =>
    Effect.gen(function* () {
      const Row = Schema.Struct({ id: Copy.orDefault(PgSchema.Int4), note: Schema.NullOr(PgSchema.Text) })
      const stated = [columns[0]!, { name: "note", type: "text" }]
      const rows = Stream.make({ id: 1, note: "D" }, { id: Copy.Default, note: null })
      const write = Copy.encodeRows({ columns: stated, format: "csv", defaultText: "D" }, Row)
      assert.deepStrictEqual((yield* collect(write(rows))).map(textOf), ['1,"D"\nD,\n'])
      const wrong = [{ name: "id", type: "text" }, stated[1]!]
      const error = yield* Effect.flip(Stream.runDrain(Copy.encodeRows({ columns: wrong }, Row)(rows)))
      assert.match(error.message, /id +text .*int4/)
    })
  )
})

describe("a Schema whose values may be without a column", () => {
  const Row = Schema.Struct({
    id: PgSchema.Int4,
    note: Schema.optional(PgSchema.Text),
    tag: Schema.optionalWith(PgSchema.Text, { as: "Option" })
  })
  const rows = Stream.die("nothing is read of the source")
  const table = ["id", "note", "tag"].map((name, index) =>
    column(name, { typeOid: index === 0 ? Oid.int4 : Oid.text })
  )

  it.effect("is refused before a row is written, with the cure", () =>
    Effect.gen(function* () {
      const describing = [extendedQuery({ sql: /^select /, columns: table })]
      const errors = [
        yield* Effect.flip(Stream.runDrain(Copy.encodeRows({ format: "text" }, Row)(rows))),
        yield* withServer(describing, (copy) => Effect.flip(copy.rowsInto({ table: "t" }, Row, rows))),
        yield* withServer(describing, (copy) =>
          Effect.flip(Stream.run(rows, copy.rowsSink({ table: "t" }, Row)))
        )
      ]
      for (const error of errors) {
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "schema" })
        assert.match(error.message, /must have a value for "note", "tag" in every row/)
        assert.match(error.message, /Schema\.NullOr stores NULL, Copy\.orDefault the column's default/)
      }
    })
  )

  it.effect("goes with columns that are named without it, and reads files", () =>
    Effect.gen(function* () {
      const stated = [{ name: "id", type: "int4" }]
      const some = Stream.make({ id: 1, tag: Option.none() })
      const bytes = yield* collect(Copy.encodeRows({ columns: stated, format: "csv" }, Row)(some))
      assert.deepStrictEqual(bytes.map(textOf), ["1\n"])
      const read = Copy.decodeRows({ columns: stated, format: "csv" }, Row)(Stream.fromIterable(bytes))
      assert.deepStrictEqual(yield* collect(read), [{ id: 1, tag: Option.none() }])
    })
  )

  it.effect("is reported by row where only the row shows it", () =>
    Effect.gen(function* () {
      const stated = [
        { name: "id", type: "int4" },
        { name: "note", type: "text" }
      ]
      const plain = Stream.fromIterable<Copy.RowInput>([{ id: 1, note: "a" }, { id: 2 }])
      const error = yield* rowFailure(Stream.runDrain(Copy.encodeRows({ columns: stated })(plain)))
      assert.strictEqual(
        error.message,
        `row 2 of the copy cannot be sent: column "note" of type text: expected a value or null, got undefined: null stores NULL, Copy.Default the column's default`
      )
    })
  )
})

describe("the columns of a file, where none are given", () => {
  class Row extends Schema.Class<Row>("Row")({
    id: PgSchema.Int8,
    name: PgSchema.AnyText.pipe(Schema.propertySignature, Schema.fromKey("full_name")),
    price: Schema.NullOr(PgSchema.BigDecimalFromNumeric),
    tags: PgSchema.array(PgSchema.Text)
  }) {}
  const given = [
    new Row({ id: 2n ** 60n, name: "a\tb", price: null, tags: ["x", "NULL"] }),
    new Row({ id: -1n, name: "", price: BigDecimal.unsafeFromString("1.50"), tags: [] })
  ]

  it.effect("are those of the Schema, by its types and in its order, in every format", () =>
    Effect.gen(function* () {
      for (const format of ["binary", "text", "csv", undefined] as const) {
        const bytes = yield* collect(Copy.encodeRows({ format }, Row)(Stream.fromIterable(given)))
        const read = yield* collect(Copy.decodeRows({ format }, Row)(Stream.fromIterable(bytes)))
        assert.deepStrictEqual(read, given)
      }
      const csv = Copy.encodeRows({ format: "csv", header: true }, Row)(Stream.fromIterable(given))
      assert.match((yield* collect(csv)).map(textOf).join(""), /^id,full_name,price,tags\n/)
    })
  )

  it.effect("have to be stated where the Schema has no one built-in type", () =>
    Effect.gen(function* () {
      for (const other of [
        Schema.String,
        PgSchema.type("mood", Schema.String),
        Schema.Union(PgSchema.Int2, PgSchema.Int4)
      ]) {
        const Untyped = Schema.Struct({ id: PgSchema.Int4, other: other as typeof Schema.String })
        for (const way of [
          Stream.runDrain(Copy.encodeRows({}, Untyped)(Stream.make({ id: 1, other: "" }))),
          Stream.runDrain(Copy.decodeRows({}, Untyped)(Stream.empty))
        ]) {
          const error = yield* Effect.flip(way)
          assert.deepInclude(error, { _tag: "PgUsageError", argument: "columns" })
          assert.match(error.message, /no built-in type for "other", or several/)
        }
      }
    })
  )
})

describe("the codec that a Schema brings for a column", () => {
  const upper = PgTypes.mapped(
    PgTypes.lossless.lookup(Oid.text)!,
    (text) => ({ upper: String(text).toUpperCase() }),
    (value) => (value as { readonly upper: string }).upper.toLowerCase()
  )
  const Row = Schema.Struct({
    a: PgSchema.as(upper, Schema.Struct({ upper: Schema.String })),
    b: PgSchema.Text
  })

  it.effect("reads and writes that column, and no other of its type", () =>
    Effect.gen(function* () {
      const stated = ["a", "b"].map((name) => ({ name, type: "text" }))
      for (const format of ["binary", "text", "csv"] as const) {
        const bytes = yield* collect(
          Copy.encodeRows({ columns: stated, format }, Row)(Stream.make({ a: { upper: "ABC" }, b: "Def" }))
        )
        assert.include(bytes.map(textOf).join(""), "abc")
        assert.deepStrictEqual(
          yield* collect(Copy.decodeRows({ columns: stated, format }, Row)(Stream.fromIterable(bytes))),
          [{ a: { upper: "ABC" }, b: "Def" }]
        )
      }
    })
  )
})

describe("a string of a JSON value, with the familiar preset", () => {
  it.effect("is written as the Schema's codec writes it, and not as the text of a value", () =>
    Effect.gen(function* () {
      const Row = Schema.Struct({ doc: PgSchema.Jsonb, docs: PgSchema.array(PgSchema.Json) })
      const stated = [
        { name: "doc", type: "jsonb" },
        { name: "docs", type: "json[]" }
      ]
      const data = { columns: stated, types: PgTypes.familiar, format: "csv", quote: "'" } as const
      const given = [{ doc: "1", docs: ["2"] }]
      const bytes = yield* collect(Copy.encodeRows(data, Row)(Stream.fromIterable(given)))
      assert.match(textOf(bytes[0]!), /^"1",/)
      assert.deepStrictEqual(yield* collect(Copy.decodeRows(data, Row)(Stream.fromIterable(bytes))), given)
    })
  )
})

describe("what a codec of the application's throws", () => {
  const broken = PgTypes.mapped(
    PgTypes.lossless.lookup(Oid.text)!,
    (text) => {
      if (text === "c") throw new RangeError("on the way out")
      return text
    },
    (value) => {
      if (value === "c") throw new RangeError("on the way in")
      return value
    }
  )
  const types = PgTypes.lossless.with(broken)
  const stated = { columns: [{ name: "x", type: "text" }], types }

  it.effect("is the failure of its row, and those before it are given", () =>
    Effect.gen(function* () {
      for (const format of ["binary", "text", "csv"] as const) {
        const rows = Stream.make(["a"], ["b"], ["c"], ["d"])
        const sound = { columns: stated.columns, format }
        const written = yield* rowFailure(Stream.runDrain(Copy.encodeRows({ ...stated, format })(rows)))
        let count = 0
        const read = yield* rowFailure(
          Stream.runForEach(Copy.decodeRows({ ...stated, format })(Copy.encodeRows(sound)(rows)), () =>
            Effect.sync(() => count++)
          )
        )
        assert.strictEqual(count, 2)
        for (const error of [written, read]) {
          assert.deepStrictEqual([error.rowNumber, error.column], [3, undefined])
          assert.instanceOf(error.cause, RangeError)
          assert.match(error.message, /^row 3 of the copy cannot be (?:read|sent): a codec threw RangeError$/)
        }
      }
    })
  )
})

describe("a default among rows", () => {
  const stated = columns.slice(0, 2)
  const rows = Stream.fromIterable<Copy.RowInput>([[1, Copy.Default], { id: Copy.Default, full_name: "D" }])

  it.effect("is written as the text for it, in either format of lines", () =>
    Effect.gen(function* () {
      const write = (format: "text" | "csv") =>
        Effect.map(collect(Copy.encodeRows({ columns: stated, format, defaultText: "D" })(rows)), (all) =>
          all.map(textOf)
        )
      assert.deepStrictEqual(yield* write("text"), ["1\tD\nD\t\\104\n"])
      assert.deepStrictEqual(yield* write("csv"), ['1,D\nD,"D"\n'])
    })
  )

  it.effect("stands beside NULL, and neither it nor a header is put in quotes", () =>
    Effect.gen(function* () {
      const forced = {
        columns: stated,
        format: "csv",
        defaultText: "D",
        forceQuote: "*",
        header: true
      } as const
      const mixed = Stream.fromIterable<Copy.RowInput>([
        [null, Copy.Default],
        [Copy.Default, null],
        [7, "x"]
      ])
      assert.deepStrictEqual((yield* collect(Copy.encodeRows(forced)(mixed))).map(textOf), [
        'id,full_name\n,D\nD,\n"7","x"\n'
      ])
    })
  )

  it.effect("is refused by row and column where nothing stands for it", () =>
    Effect.gen(function* () {
      for (const format of [undefined, "binary", "text", "csv"] as const) {
        const error = yield* rowFailure(Stream.runDrain(Copy.encodeRows({ columns: stated, format })(rows)))
        assert.deepStrictEqual([error.rowNumber, error.column], [1, "full_name"])
        assert.match(error.reason, /^Copy.Default needs the format text or csv and the option defaultText/)
      }
    })
  )
})

describe("a copy through a Schema, by the wire", () => {
  it.effect("has the columns of the Schema, as the server describes them", () =>
    Effect.gen(function* () {
      const stored = yield* withServer(
        [
          extendedQuery({ sql: 'select * from "t"', columns: described }),
          expect({
            _tag: "Query",
            sql: 'copy "t" ("id", "full_name", "born") from stdin with (format csv, freeze)'
          }),
          send({ _tag: "CopyInResponse", format: 0, columnFormats: [0, 0, 0] }),
          expect({
            _tag: "CopyData",
            data: new TextEncoder().encode("1,one,1970-01-01T00:00:00.000Z\n2,two,\n")
          }),
          expect({ _tag: "CopyDone" }),
          send({ _tag: "CommandComplete", commandTag: "COPY 2" }, readyForQuery())
        ],
        (copy) =>
          copy.rowsInto({ table: "t", format: "csv", freeze: true }, Person, Stream.fromIterable(people))
      )
      assert.strictEqual(stored.rows, 2n)
    })
  )

  it.effect("ends with CopyFail when the Schema refuses a row, by effect and by sink (FLW-073)", () =>
    Effect.gen(function* () {
      const script = [
        extendedQuery({ sql: 'select * from "t"', columns: described }),
        copyIn,
        failsWith(/^the source of the copy failed$/)
      ]
      const rows = Stream.make(...people, { ...people[0]!, id: -3 })
      const target = { table: "t", format: "csv" } as const
      const runs = [
        (copy: Copy.CopiesOn) => copy.rowsInto(target, Person, rows),
        (copy: Copy.CopiesOn) => Stream.run(rows, copy.rowsSink(target, Person))
      ]
      for (const run of runs) {
        const error = yield* rowFailure(withServer(script, run))
        assert.deepStrictEqual([error.rowNumber, error.column, error.type], [3, "id", "int4"])
        assert.match(error.sql, /^copy "t"/)
      }
    })
  )

  it.effect("ends with CopyFail when it is interrupted while the Schema is at work", () =>
    Effect.gen(function* () {
      const Slow = Schema.Struct({
        id: Schema.transformOrFail(PgSchema.Int4, Schema.Number, {
          strict: true,
          decode: Effect.succeed,
          encode: () => Effect.never
        })
      })
      const exit = yield* withServer(
        [
          extendedQuery({ sql: 'select * from "t"', columns: described }),
          copyIn,
          failsWith(/the copy was interrupted/)
        ],
        (copy) =>
          Effect.gen(function* () {
            const fiber = yield* Effect.fork(
              copy.rowsInto({ table: "t", format: "csv" }, Slow, Stream.make({ id: 1 }))
            )
            for (let turn = 0; turn < 50; turn++) yield* Effect.yieldNow()
            return yield* Fiber.interrupt(fiber)
          })
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))
    })
  )

  it.effect("is refused with both sides when the table has other columns, and nothing is copied", () =>
    Effect.gen(function* () {
      const wrong = [column("id", { typeOid: Oid.int8 }), column("born", { typeOid: Oid.text })]
      const asked = extendedQuery({ sql: 'select * from "t"', columns: wrong })
      // Of what is to be read the catalogue is asked what it knows, and has no answer here.
      const unknown = simpleQuery(/pg_attribute/, [{ error: { code: "42501", text: "permission denied" } }])
      const into = withServer([asked], (copy) =>
        Effect.flip(copy.rowsInto({ table: "t" }, Person, Stream.never))
      )
      const from = withServer([asked, asked, unknown], (copy) =>
        Effect.flip(Stream.runDrain(copy.rowsFrom({ table: "t" }, Person)))
      )
      for (const way of [into, from]) {
        const error = yield* way
        assert.deepInclude(error, { _tag: "PgCodecError", place: { _tag: "Columns", of: "copy" } })
        assert.match(error.message, /id +int8 .*int4/)
        assert.match(error.message, /full_name/)
      }
    })
  )

  it.effect("needs columns that are named, where the Schema does not name them, and a Schema of rows", () =>
    Effect.gen(function* () {
      const Row = Schema.Record({ key: Schema.String, value: PgSchema.Int4 })
      const Mixed = Schema.Struct({ id: PgSchema.Int4 }, { key: Schema.String, value: PgSchema.Int4 })
      for (const [schema, why] of [
        [Row, "takes columns of any name"],
        [Mixed, "takes columns of any name"],
        [Schema.Struct({}), "has no columns"]
      ] as const) {
        const error = yield* withServer([], (copy) =>
          Effect.flip(copy.rowsInto({ table: "t" }, schema as typeof Row, Stream.make({ id: 1 })))
        )
        assert.deepInclude(error, { _tag: "PgUsageError", operation: "Copy.rowsInto", argument: "columns" })
        assert.include(error.message, `because the Schema ${why}`)
      }
      const Tuple = Schema.Tuple(Schema.Number)
      for (const way of [
        withServer([], (copy) =>
          Effect.flip(copy.rowsInto({ table: "t" }, Tuple, Stream.make([1] as const)))
        ),
        withServer([], (copy) => Effect.flip(Stream.runDrain(copy.rowsFrom({ table: "t" }, Tuple)))),
        Effect.flip(Stream.runDrain(Copy.encodeRows({ columns }, Tuple)(Stream.make([1] as const)))),
        Effect.flip(Stream.runDrain(Copy.decodeRows({ columns }, Tuple)(Stream.empty)))
      ]) {
        const error = yield* way
        assert.deepInclude(error, { _tag: "PgUsageError", argument: "schema" })
        assert.match(error.message, /must decode from an object whose fields are columns/)
      }
    })
  )
})

describe("a table that is not there, by a name with a point in it", () => {
  const refusedBy = (sql: string | RegExp) => [
    expect({ _tag: "Query", sql }),
    send(
      ScriptedServer.errorResponse({ code: "42P01", text: 'relation "public.items" does not exist' }),
      readyForQuery()
    )
  ]
  const hint =
    'HINT: table: "public.items" is one name, with the point in it. A schema and a table are written table: ["public", "items"].'

  it.effect("is refused with the cure, by rows and by bytes", () =>
    Effect.gen(function* () {
      const table = "public.items"
      const stated = [{ name: "id", type: "int4" }]
      const rows = Stream.make([1])
      const bytes = Stream.make(new Uint8Array(1))
      const undescribed = [
        expect({ _tag: "Parse", sql: 'select * from "public.items"' }),
        expect({ _tag: "Describe" }),
        expect({ _tag: "Sync" }),
        send(ScriptedServer.errorResponse({ code: "42P01" }), readyForQuery())
      ]
      for (const [script, run] of [
        [refusedBy(/^copy "public/), (copy) => copy.rowsInto({ table, columns: stated }, rows)],
        [refusedBy(/^copy "public/), (copy) => Stream.run(rows, copy.rowsSink({ table, columns: stated }))],
        [refusedBy(/^copy \(select/), (copy) => Stream.runDrain(copy.rowsFrom({ table, columns: stated }))],
        [undescribed, (copy) => Stream.runDrain(copy.rowsFrom({ table }))],
        [refusedBy(/^copy "public/), (copy) => copy.from({ table, format: "text" }, bytes)],
        [refusedBy(/^copy "public/), (copy) => Stream.run(bytes, copy.sink({ table, format: "text" }))],
        [refusedBy(/^copy \(select/), (copy) => Stream.runDrain(copy.to({ table, format: "text" }))]
      ] as ReadonlyArray<
        readonly [ScriptedServer.Script, (copy: Copy.CopiesOn) => Effect.Effect<unknown, Error>]
      >) {
        const error = yield* withServer(script, (copy) => Effect.flip(run(copy)))
        assert.include(error.message, hint)
      }
      const plain = yield* withServer(refusedBy(/^copy "items"/), (copy) =>
        Effect.flip(copy.from({ table: ["items"], format: "text" }, bytes))
      )
      assert.notInclude(plain.message, "HINT")
    })
  )
})

describe("an option that the server does not know", () => {
  it.effect("is refused by name before anything is sent", () =>
    Effect.gen(function* () {
      const bytes = Stream.make(new Uint8Array(1))
      const rows = Stream.make([1])
      const into = { table: "t", columns: ["a"] }
      const cases: ReadonlyArray<
        readonly [string, string, (copy: Copy.CopiesOn) => Effect.Effect<unknown, unknown>]
      > = [
        ["15.4", "defaultText", (copy) => copy.rowsInto({ ...into, format: "csv", defaultText: "D" }, rows)],
        ["16.9", "onError", (copy) => copy.rowsInto({ ...into, format: "text", onError: "ignore" }, rows)],
        [
          "17.10",
          "rejectLimit",
          (copy) => copy.rowsInto({ ...into, format: "csv", onError: "ignore", rejectLimit: 1 }, rows)
        ],
        [
          "18.4",
          'onError: "set_null"',
          (copy) => copy.rowsInto({ ...into, format: "csv", onError: "set_null" }, rows)
        ],
        [
          "18.4",
          'onError: "set_null"',
          (copy) => copy.from({ table: "t", format: "text", onError: "set_null" }, bytes)
        ],
        [
          "14.1",
          "header",
          (copy) => Stream.runDrain(copy.rowsFrom({ table: "t", format: "text", header: true }))
        ],
        [
          "14.1",
          "header",
          (copy) => Stream.run(bytes, copy.sink({ table: "t", format: "csv", header: "match" }))
        ],
        ["14.1", "header", (copy) => Stream.runDrain(copy.to({ table: "t", format: "text", header: true }))],
        [
          "16.1",
          "forceNull",
          (copy) => Stream.run(bytes, copy.sink({ table: "t", format: "csv", forceNull: "*" }))
        ]
      ]
      for (const [version, option, run] of cases) {
        const error = yield* withServer([], (copy) => Effect.flip(run(copy)), version)
        assert.instanceOf(error, PgUsageError)
        assert.match(
          error.message,
          new RegExp(`${option}.* needs PostgreSQL \\d+ or later, and the server has`)
        )
      }
    })
  )

  it.effect("is sent to the first server that knows it, also to a beta", () =>
    Effect.gen(function* () {
      for (const version of ["19.0", "19beta1"]) {
        const result = yield* withServer(
          [
            expect({ _tag: "Query", sql: `copy "t" from stdin with (format csv, on_error set_null)` }),
            send({ _tag: "CopyInResponse", format: 0, columnFormats: [0] }),
            expect({ _tag: "CopyDone" }),
            send({ _tag: "CommandComplete", commandTag: "COPY 0" }, readyForQuery())
          ],
          (copy) => copy.from({ table: "t", format: "csv", onError: "set_null" }, Stream.empty),
          version
        )
        assert.strictEqual(result.rows, 0n)
      }
    })
  )

  it.effect("is taken where the version is not known, and then it is the server that refuses", () =>
    Effect.gen(function* () {
      const refused = ScriptedServer.errorResponse({ code: "42601", text: 'option "default" not recognized' })
      const error = yield* withServer(
        [
          expect({ _tag: "Query", sql: `copy "t" from stdin with (format csv, default 'D')` }),
          send(refused, readyForQuery())
        ],
        (copy) => Effect.flip(copy.from({ table: "t", format: "csv", defaultText: "D" }, Stream.empty)),
        "unheard of"
      )
      assert.deepStrictEqual(
        Option.getOrUndefined(Option.liftPredicate(error, ({ _tag }) => _tag === "PgServerError"))?._tag,
        "PgServerError"
      )
    })
  )
})

describe("a type that the server does not have, such as oid8 before 19", () => {
  const columns = [{ name: "a", type: "oid8" }]

  it.effect("fails by its name before the copy is sent", () =>
    Effect.gen(function* () {
      const text = 'type "oid8" does not exist'
      const error = yield* withServer(
        [
          expect({ _tag: "Parse", sql: /pg_type/ }),
          expect({ _tag: "Bind" }),
          expect({ _tag: "Execute" }),
          expect({ _tag: "Sync" }),
          send(ScriptedServer.errorResponse({ code: "42704", text }), readyForQuery())
        ],
        (copy) => Effect.flip(copy.rowsInto({ table: "t", columns }, Stream.make([1])))
      )
      assert.strictEqual(error._tag, "PgServerError")
      assert.include(error.message, text)
    })
  )

  it.effect("fails by its name without a server", () =>
    Effect.gen(function* () {
      const encode = Copy.encodeRows({ columns, format: "csv" })
      const error = yield* Effect.flip(Stream.runDrain(encode(Stream.make([1]))))
      assert.instanceOf(error, PgUsageError)
      assert.include(error.message, 'column "a": type must be a built-in type or an OID, got "oid8"')
    })
  )
})

describe("bytes copied by a table or a query", () => {
  it.effect("are copied by a statement with quoted names, in the encoding that they have", () =>
    Effect.gen(function* () {
      const got = yield* withServer(
        [
          expect({
            _tag: "Query",
            sql: `copy "my ""t""" ("a") from stdin with (format csv, force_not_null ("a"), on_error ignore, encoding 'LATIN1') where a > 1`
          }),
          send({ _tag: "CopyInResponse", format: 0, columnFormats: [0] }),
          expect({ _tag: "CopyData", data: Uint8Array.of(0xe9) }),
          expect({ _tag: "CopyDone" }),
          send({ _tag: "CommandComplete", commandTag: "COPY 1" }, readyForQuery()),
          expect({
            _tag: "Query",
            sql: `copy (select "a", "B" from "s"."t") to stdout with (format csv, header, force_quote *, encoding 'LATIN1')`
          }),
          send(
            { _tag: "CopyOutResponse", format: 0, columnFormats: [0] },
            { _tag: "CopyData", data: Uint8Array.of(0xe9) },
            { _tag: "CopyDone" },
            { _tag: "CommandComplete", commandTag: "COPY 1" },
            readyForQuery()
          )
        ],
        (copy) =>
          Effect.gen(function* () {
            const bytes = Stream.make(Uint8Array.of(0xe9))
            const lenient = { format: "csv", encoding: "LATIN1", onError: "ignore" } as const
            const where = Statement.make("a > 1")
            yield* copy.from({ table: 'my "t"', columns: ["a"], ...lenient, forceNotNull: "*", where }, bytes)
            return yield* collect(
              copy.to({
                table: ["s", "t"],
                columns: ["a", "B"],
                format: "csv",
                header: true,
                encoding: "LATIN1",
                forceQuote: "*"
              })
            )
          })
      )
      assert.deepStrictEqual(got, [Uint8Array.of(0xe9)])
    })
  )

  it.effect("are refused with settings that cannot be, before anything is sent", () =>
    Effect.gen(function* () {
      const reasons = yield* withServer([], (copy) =>
        Effect.all([
          Effect.flip(copy.from({ table: "t", format: "csv", quote: "ab" }, Stream.empty)),
          Effect.flip(
            copy.from({ table: "t", columns: ["a"], format: "csv", forceNull: ["b"] }, Stream.empty)
          ),
          Effect.flip(Stream.runDrain(copy.to({ table: "t", format: "text", delimiter: "a" }))),
          Effect.flip(copy.from({ table: "", format: "binary" }, Stream.empty)),
          Effect.flip(Stream.runDrain(copy.to({ query: Statement.make("select $1", [1]), format: "binary" })))
        ])
      )
      const expected = [
        /quote must be one character/,
        /forceNull must name columns that are copied, got "b"/,
        /small letter or a digit/,
        /cannot be empty/,
        /the query has 1/
      ]
      reasons.forEach((reason, index) => assert.match(reason.message, expected[index]!))
    })
  )
})
