import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Stream from "effect/Stream"
import type { CopyFormat, RowData, RowInput } from "../../src/Copy.js"
import * as CopyRows from "../../src/copy/CopyRows.js"
import { pieceBytes } from "../../src/copy/CopyRowEncoder.js"
import { PgCopyRowError } from "../../src/model/CopyRowError.js"
import * as Oid from "../../src/model/Oid.js"
import { familiar, Registry } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import { cut } from "../wire/bytes.js"

const formats: ReadonlyArray<CopyFormat> = [
  { format: "binary" },
  { format: "text" },
  { format: "csv" },
  { format: "text", delimiter: "|", nullText: "NULL", header: "match" },
  { format: "csv", delimiter: ";", quote: "'", escape: "\\", nullText: "-", header: "match" }
]

const people = [
  { name: "id", type: "int4" },
  { name: "name", type: "text" },
  { name: "tags", type: "text[]" },
  { name: "data", type: Oid.bytea }
] as const

const collect = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.map(Stream.runCollect(stream), (all) => [...all])

const bytesOf = (data: RowData, rows: ReadonlyArray<RowInput>) =>
  Effect.map(collect(CopyRows.encode(data)(Stream.fromIterable(rows))), (chunks) =>
    Uint8Array.from(Buffer.concat(chunks))
  )

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const utf8 = (text: string) => new TextEncoder().encode(text)

/** The failure of a stream, and how many elements came before it. */
const failure = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.gen(function* () {
    let count = 0
    const outcome = yield* Effect.either(Stream.runForEach(stream, () => Effect.sync(() => count++)))
    if (Either.isRight(outcome)) return yield* Effect.die("no failure")
    return [outcome.left, count] as const
  })

const rowFailure = <A, E>(stream: Stream.Stream<A, E>) =>
  Effect.flatMap(failure(stream), ([error, count]) =>
    error instanceof PgCopyRowError ? Effect.succeed({ error, count }) : Effect.die(error)
  )

const person = fc.record({
  id: fc.option(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })),
  name: fc.option(fc.string({ unit: fc.constantFrom(..."a,|;\t\n\r\\.\"'N-é😀"), maxLength: 6 })),
  tags: fc.option(fc.array(fc.option(fc.constantFrom("", "NULL", 'a\\,"b', "{x}", "\n")), { maxLength: 3 })),
  data: fc.option(fc.uint8Array({ maxLength: 5 }))
})

describe("rows as the data of a copy", () => {
  for (const format of formats) {
    it.effect.prop(
      `come back from ${JSON.stringify(format)} however it is cut (FLW-076, FLW-077, FLW-078, TRP-072)`,
      [
        fc.array(person, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
      ],
      ([rows, cuts]) =>
        Effect.gen(function* () {
          const data = { ...format, columns: people }
          const bytes = yield* bytesOf(data, rows)
          const pieces = Stream.fromIterable(cut(bytes, cuts))
          assert.deepStrictEqual(yield* collect(CopyRows.decode(data)(pieces)), rows)
          assert.deepStrictEqual(
            yield* collect(CopyRows.decode({ ...data, mode: "array" })(Stream.make(bytes))),
            rows.map(({ data, id, name, tags }) => [id, name, tags, data])
          )
        }),
      { fastCheck: { numRuns: 40 } }
    )
  }

  it.effect("are objects in any order, of any make, or arrays, and other properties do not matter", () =>
    Effect.gen(function* () {
      class Made {
        constructor(readonly name: string) {}
        get id(): number {
          return 4
        }
      }
      const rows = [
        { name: "a", other: true, id: 1 },
        [2, "b"],
        Object.assign(Object.create(null), { id: 3, name: null }) as { id: number; name: null },
        new Made("d") as unknown as { id: number; name: string }
      ]
      const columns = people.slice(0, 2)
      assert.strictEqual(text(yield* bytesOf({ columns, format: "csv" }, rows)), "1,a\n2,b\n3,\n4,d\n")
    })
  )

  it.effect("know no name with a meaning of its own", () =>
    Effect.gen(function* () {
      const columns = [
        { name: "__proto__", type: "int4" },
        { name: "constructor", type: "text" }
      ]
      const rows = [JSON.parse('{"__proto__": 1, "constructor": "c"}') as Record<string, unknown>]
      const bytes = yield* bytesOf({ columns }, rows)
      assert.deepStrictEqual(yield* collect(CopyRows.decode({ columns })(Stream.make(bytes))), rows)
      const { error } = yield* rowFailure(CopyRows.encode({ columns })(Stream.make({})))
      assert.deepStrictEqual(
        [error.column, error.reason],
        [
          "__proto__",
          "expected a value or null, got undefined: null stores NULL, Copy.Default the column's default"
        ]
      )
    })
  )

  it.effect("leave in pieces of a bounded size, and none is kept behind", () =>
    Effect.gen(function* () {
      const columns = [{ name: "x", type: "text" }]
      const rows = Stream.range(1, 5000).pipe(Stream.map((x) => ({ x: String(x).padStart(100, "0") })))
      const sizes = yield* collect(Stream.map(CopyRows.encode({ columns })(rows), ({ length }) => length))
      assert.strictEqual(
        sizes.reduce((sum, size) => sum + size),
        19 + 5000 * 106 + 2
      )
      assert.isTrue(sizes.slice(0, -1).every((size) => size >= pieceBytes && size < pieceBytes + 200))
    })
  )

  it.effect("can be none: then there is a header and a trailer, or nothing (FLW-074)", () =>
    Effect.gen(function* () {
      const columns = people.slice(0, 2)
      assert.strictEqual((yield* bytesOf({ columns }, [])).length, 21)
      assert.strictEqual((yield* bytesOf({ columns, format: "text" }, [])).length, 0)
      assert.strictEqual(text(yield* bytesOf({ columns, format: "csv", header: true }, [])), "id,name\n")
      for (const format of ["text", "csv"] as const)
        assert.deepStrictEqual(yield* collect(CopyRows.decode({ columns, format })(Stream.empty)), [])
    })
  )

  it.effect("are encoded anew each time the stream is run", () =>
    Effect.gen(function* () {
      const stream = CopyRows.encode({ columns: people.slice(0, 1), format: "csv" })(Stream.make([1], [2]))
      for (const _ of [1, 2]) assert.deepStrictEqual((yield* collect(stream)).map(text), ["1\n2\n"])
      const rows = CopyRows.decode({ columns: people.slice(0, 1), format: "csv" })(stream)
      for (const _ of [1, 2]) assert.deepStrictEqual(yield* collect(rows), [{ id: 1 }, { id: 2 }])
    })
  )

  it.effect("have the types that the registry gives them", () =>
    Effect.gen(function* () {
      const columns = [{ name: "n", type: "int8" }]
      const bytes = yield* bytesOf({ columns }, [{ n: 12n }])
      assert.deepStrictEqual(yield* collect(CopyRows.decode({ columns })(Stream.make(bytes))), [{ n: 12n }])
      const asUsual = CopyRows.decode({ columns, types: familiar })
      assert.deepStrictEqual(yield* collect(asUsual(Stream.make(bytes))), [{ n: "12" }])
    })
  )
})

describe("a row that cannot be written", () => {
  it.effect("is named with its column and what came in its place, never with the value", () =>
    Effect.gen(function* () {
      for (const format of ["binary", "text", "csv"] as const) {
        const rows = Stream.make({ id: 1, name: "a" }, { id: "a secret", name: "b" })
        const { error } = yield* rowFailure(CopyRows.encode({ columns: people.slice(0, 2), format })(rows))
        assert.strictEqual(error._tag, "PgCopyRowError")
        assert.deepStrictEqual(error.place, { _tag: "CopyRow", row: 2, column: "id", index: 0 })
        assert.deepStrictEqual(
          [error.direction, error.rowNumber, error.column, error.type, error.nothingSent],
          ["encode", 2, "id", "int4", false]
        )
        assert.match(
          error.message,
          /^row 2 of the copy cannot be sent: column "id" of type int4: expected .*got string of 8/
        )
        assert.notInclude(error.message, "secret")
      }
    })
  )

  it.effect("has as many values as there are columns, none of them undefined", () =>
    Effect.gen(function* () {
      const encode = (row: RowInput) =>
        rowFailure(CopyRows.encode({ columns: people.slice(0, 2) })(Stream.make(row)))
      assert.strictEqual(
        (yield* encode([1])).error.message,
        "row 1 of the copy cannot be sent: 1 value for 2 columns"
      )
      assert.match((yield* encode([1, "a", 3])).error.reason, /3 values for 2 columns/)
      const missing = yield* encode({ id: 1 })
      assert.deepStrictEqual([missing.error.column, missing.error.place.index], ["name", 1])
      assert.match(missing.error.reason, /undefined/)
    })
  )

  it.effect("is one with an empty text where NULL is written as nothing", () =>
    Effect.gen(function* () {
      const data = { columns: people.slice(0, 2), format: "text", nullText: "" } as const
      const { error } = yield* rowFailure(CopyRows.encode(data)(Stream.make([1, "a"], [2, ""])))
      assert.deepStrictEqual([error.rowNumber, error.column], [2, undefined])
      assert.match(error.reason, /empty text would be read as NULL/)
    })
  )
})

describe("data that cannot be read", () => {
  const decode = (bytes: Uint8Array, format: CopyFormat = { format: "csv" }, maxRecordBytes = 1000) =>
    rowFailure(
      CopyRows.decode({ columns: people.slice(0, 2), maxRecordBytes, ...format })(Stream.make(bytes))
    )

  it.effect("gives the rows before the fault, then names row, column and type", () =>
    Effect.gen(function* () {
      const { count, error } = yield* decode(utf8("1,a\n2,b\nx,c\n4,d\n"))
      assert.strictEqual(count, 2)
      assert.deepStrictEqual(
        [error.direction, error.rowNumber, error.column, error.place.index, error.type],
        ["decode", 3, "id", 0, "int4"]
      )
      assert.match(
        error.message,
        /^row 3 of the copy cannot be read: column "id" of type int4: text of 1 byte is not/
      )
    })
  )

  it.effect("counts rows over chunks", () =>
    Effect.gen(function* () {
      const chunks = Stream.rechunk(Stream.fromIterable(cut(utf8("1,a\n2,b\n3,c\nx,d\n"), [5])), 1)
      const { count, error } = yield* rowFailure(
        CopyRows.decode({ columns: people.slice(0, 2), format: "csv" })(chunks)
      )
      assert.deepStrictEqual([count, error.rowNumber], [3, 4])
    })
  )

  it.effect(
    "names the row that has other fields than columns, is cut short or too large, or is not a header",
    () =>
      Effect.gen(function* () {
        const few = yield* decode(utf8("1,a\n2\n"))
        assert.deepStrictEqual(
          [few.count, few.error.rowNumber, few.error.column, few.error.place.index],
          [1, 2, undefined, undefined]
        )
        assert.match(
          few.error.message,
          /^row 2 of the copy cannot be read: 1 field where 2 columns are expected/
        )
        const short = yield* decode(utf8("1,a\n2"))
        assert.strictEqual(short.error.rowNumber, 2)
        const large = yield* decode(utf8(`1,a\n2,${"x".repeat(1000)}\n`))
        assert.match(large.error.reason, /maxRecordBytes is 1000/)
        const header = yield* decode(utf8("no,name\n"), { format: "csv", header: "match" })
        assert.match(header.error.message, /^the header of the copy cannot be read: name 1/)
        const binary = yield* decode(utf8("1,a\n"), { format: "binary" })
        assert.match(binary.error.message, /do not begin with PGCOPY/)
      })
  )

  it.effect("is refused after the trailer and without one (FLW-078, FLW-082)", () =>
    Effect.gen(function* () {
      const bytes = yield* bytesOf({ columns: people.slice(0, 2) }, [[1, "a"]])
      const more = yield* decode(Buffer.concat([bytes, bytes]), { format: "binary" })
      assert.match(more.error.reason, /bytes after the trailer/)
      const less = yield* decode(bytes.subarray(0, -2), { format: "binary" })
      assert.deepStrictEqual([less.count, less.error.rowNumber], [1, 2])
      assert.match(less.error.reason, /without a trailer/)
    })
  )
})

describe("settings that cannot be", () => {
  const refusal = (data: RowData) =>
    Effect.flatMap(Effect.either(Stream.runDrain(CopyRows.encode(data)(Stream.empty))), (outcome) =>
      Either.isLeft(outcome) ? Effect.succeed(outcome.left) : Effect.die("accepted")
    )

  it.effect("are refused before anything is read", () =>
    Effect.gen(function* () {
      const columns = people.slice(0, 1)
      const quote = yield* refusal({ columns, format: "csv", quote: "ab" })
      assert.strictEqual(quote.message, "Copy.encodeRows: quote must be one character of ASCII")
      const type = yield* refusal({ columns: [{ name: "mood", type: "mood" }] })
      assert.match(type.message, /column "mood": type must be a built-in type or an OID, got "mood"/)
      assert.isTrue(type.nothingSent)
    })
  )

  it.effect("include a binary copy of a type that has no binary form here", () =>
    Effect.gen(function* () {
      const types = Registry.make([{ ...Texts.text, encodeBinary: undefined, decodeBinary: undefined }])
      const columns = [{ name: "x", type: "text" }]
      assert.match(
        (yield* refusal({ columns, types })).message,
        /column "x": the registry has no binary form for text/
      )
      assert.match((yield* refusal({ columns: [{ name: "y", type: 99_999 }] })).message, /OID 99999/)
      const bytes = CopyRows.encode({ columns, types, format: "text" })(Stream.make(["a"]))
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(bytes)).map(text), ["a\n"])
    })
  )
})
