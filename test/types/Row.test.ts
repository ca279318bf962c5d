import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import type { Column } from "../../src/model/Column.js"
import type { Format } from "../../src/model/Format.js"
import * as Oid from "../../src/model/Oid.js"
import { int4 } from "../../src/types/Integers.js"
import { mapped } from "../../src/types/Mapped.js"
import { familiar, lossless, type Registry } from "../../src/types/Registry.js"
import * as Row from "../../src/types/Row.js"
import { bytesOf } from "./codecs.js"
import * as RowPlain from "./rowPlain.js"

const column = (name: string, typeOid: number = Oid.int4): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid,
  typeSize: -1,
  typeModifier: -1,
  format: 0
})

/** With a size and a modifier that have nothing to do with the values. */
const misled = (each: Column): Column => ({ ...each, typeSize: 1, typeModifier: 4 })

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const body = (...fields: ReadonlyArray<Uint8Array | null>): Uint8Array => {
  const writer = new ByteWriter()
  writer.int16(fields.length)
  for (const field of fields) {
    writer.int32(field === null ? -1 : field.length)
    if (field !== null) writer.raw(field)
  }
  return writer.written().slice()
}

/** Bodies as the framer hands them over: each behind its tag and length word, in one chunk. */
const runOf = (bodies: ReadonlyArray<Uint8Array>) => {
  const writer = new ByteWriter()
  const starts = bodies.map((bytes) => {
    writer.uint8(68)
    writer.int32(bytes.length + 4)
    writer.raw(bytes)
    return writer.offset - bytes.length
  })
  return { bytes: writer.written().slice(), starts: Int32Array.from(starts), count: bodies.length }
}

const decode = (
  columns: ReadonlyArray<Column>,
  formats: ReadonlyArray<Format>,
  bodies: ReadonlyArray<Uint8Array>,
  mode: Row.RowMode = "object",
  registry: Registry = lossless
) => {
  const out: Array<Row.Row> = []
  const run = runOf(bodies)
  const failure = Row.compile(columns, formats, registry, mode).decode(run.bytes, run.starts, run.count, out)
  return { failure, out }
}

const one = bytesOf("00000001")
const two = bytesOf("00000002")

describe("Row", () => {
  it("reads values by their own length, whatever size and modifier the column claims (TYP-003)", () => {
    const columns = [column("a", Oid.text), column("b"), column("c", Oid.numeric)]
    const bodies = [body(utf8("longer than one"), one, bytesOf("0001000000000002000a"))]
    const told = decode(columns, [1, 1, 1], bodies)
    assert.isNull(told.failure)
    assert.deepStrictEqual(decode(columns.map(misled), [1, 1, 1], bodies), told)
  })

  it("gives the bytes of each column when asked, which nothing overwrites", () => {
    const columns = [column("b"), column("a", Oid.text), column("a", 123_456)]
    const run = runOf([body(one, utf8("x"), null), body(two, utf8(""), bytesOf("00ff"))])
    const out: Array<Row.BytesRow> = []
    const decoder = Row.compile(columns, [1, 0, 1], lossless, "bytes")
    assert.isNull(decoder.decode(run.bytes, run.starts, run.count, out))
    run.bytes.fill(0x7e)
    assert.deepStrictEqual(out, [
      [one, utf8("x"), null],
      [two, utf8(""), bytesOf("00ff")]
    ])
  })

  it("makes plain objects with the columns in order, and arrays when asked", () => {
    const columns = [column("b"), column("a", Oid.text), column("c", Oid.bool)]
    const bodies = [body(one, utf8("x"), bytesOf("01")), body(null, null, null)]
    const { failure, out } = decode(columns, [1, 1, 1], bodies)
    assert.isNull(failure)
    assert.deepStrictEqual(out, [
      { b: 1, a: "x", c: true },
      { b: null, a: null, c: null }
    ])
    assert.deepStrictEqual(Object.keys(out[0]!), ["b", "a", "c"])
    assert.strictEqual(Object.getPrototypeOf(out[0]), Object.prototype)
    assert.deepStrictEqual(decode(columns, [1, 1, 1], bodies, "array").out, [
      [1, "x", true],
      [null, null, null]
    ])
  })

  it("keeps the last of columns with one name, and all of them in an array", () => {
    const columns = [column("x"), column("y"), column("x")]
    const bodies = [body(one, two, two)]
    assert.deepStrictEqual(decode(columns, [1, 1, 1], bodies).out, [{ x: 2, y: 2 }])
    assert.deepStrictEqual(decode(columns, [1, 1, 1], bodies, "array").out, [[1, 2, 2]])
  })

  it("takes every column name as plain data (F21, V36)", () => {
    const names = [
      "__proto__",
      "constructor",
      "toString",
      "'+process.exit()+'",
      "0",
      "",
      "hasOwnProperty",
      "x".repeat(100_000)
    ]
    const hostile = '{"polluted":true}'
    const { failure, out } = decode(
      names.map((name) => column(name, Oid.json)),
      [0],
      [body(...names.map(() => utf8(hostile)))]
    )
    assert.isNull(failure)
    const row = out[0]!
    assert.sameMembers(Object.getOwnPropertyNames(row), names)
    assert.strictEqual(Object.getPrototypeOf(row), Object.prototype)
    assert.deepStrictEqual(Object.getOwnPropertyDescriptor(row, "__proto__"), {
      value: { polluted: true },
      writable: true,
      enumerable: true,
      configurable: true
    })
    assert.notProperty({}, "polluted")
  })

  it("does not mix up rows of two decoders, nor share a row between two", () => {
    const a = decode([column("a")], [1], [body(one), body(two)])
    const b = decode([column("b")], [1], [body(two)])
    assert.deepStrictEqual([a.out, b.out], [[{ a: 1 }, { a: 2 }], [{ b: 2 }]])
    assert.notStrictEqual(a.out[0], a.out[1])
  })

  it.each([0, 1, 12, 13, 20, 21, 300])("makes rows of %i columns", (width) => {
    const columns = Array.from({ length: width }, (_, index) => column(`c${index}`))
    const expected = Object.fromEntries(columns.map((_, index) => [`c${index}`, index]))
    const fields = columns.map((_, index) => new Uint8Array([0, 0, index >> 8, index & 255]))
    assert.deepStrictEqual(decode(columns, [1], [body(...fields)]).out, [expected])
  })

  it("gives columns of unknown types as strings, and asks text for them (TYP-002)", () => {
    const columns = [column("x", 99_999), column("y"), column("z", Oid.numeric)]
    assert.deepStrictEqual(Row.resultFormats(columns, lossless), [0, 1, 1])
    assert.deepStrictEqual(decode([column("x", 99_999)], [0], [body(utf8("(1,é)"))]).out, [{ x: "(1,é)" }])
    const { failure } = decode([column("x", 99_999)], [1], [body(one)])
    assert.deepStrictEqual(failure, {
      _tag: "Undecodable",
      column: "x",
      index: 0,
      type: "OID 99999",
      reason: "this type has no binary form that the client knows"
    })
  })

  it.each([
    ["too few columns", [0, 1, 0, 0, 0, 4, 0, 0, 0, 1]],
    ["too many columns", [0, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ["a negative number of columns", [255, 255]],
    ["no number of columns", [0]],
    ["a length below minus one", [0, 2, 255, 255, 255, 254, 255, 255, 255, 255]],
    ["the least length", [0, 2, 128, 0, 0, 0, 255, 255, 255, 255]],
    ["a length past the end", [0, 2, 127, 255, 255, 255, 0, 0]],
    ["an end in the middle of a length", [0, 2, 255, 255, 255, 255, 255, 255]],
    ["an end before the second column", [0, 2, 255, 255, 255, 255]],
    ["bytes left over", [0, 2, 255, 255, 255, 255, 255, 255, 255, 255, 0]]
  ])(
    "finds a message with %s malformed, and keeps the rows before it (F07, F08, F12, V17, V34)",
    (_, bytes) => {
      const columns = [column("a"), column("b")]
      for (const formats of [[0], [1]] satisfies ReadonlyArray<ReadonlyArray<Format>>) {
        const { failure, out } = decode(columns, formats, [
          body(null, null),
          Uint8Array.from(bytes),
          body(null, null)
        ])
        assert.strictEqual(failure?._tag, "Malformed")
        assert.deepStrictEqual(out, [{ a: null, b: null }])
      }
    }
  )

  it("does not read past a body into the next message (F07)", () => {
    for (const oid of [Oid.text, Oid.int4, Oid.numeric]) {
      const { failure, out } = decode(
        [column("a", oid)],
        [1],
        [Uint8Array.from([0, 1, 0, 0, 0, 9, 65]), body(one)]
      )
      assert.deepStrictEqual(failure, { _tag: "Malformed", reason: "column 0 has 9 bytes where 1 are left" })
      assert.deepStrictEqual(out, [])
    }
  })

  it("fails the value and not the message when a value is bad, naming its column (F16)", () => {
    const columns = [column("id"), column("at", Oid.timestamptz)]
    const { failure, out } = decode(
      columns,
      [1, 1],
      [body(one, bytesOf("0000000000000000")), body(one, bytesOf("00"))]
    )
    assert.deepStrictEqual(failure, {
      _tag: "Undecodable",
      column: "at",
      index: 1,
      type: "timestamptz",
      reason: "8 bytes expected, got 1"
    })
    assert.lengthOf(out, 1)
  })

  it.each([
    [Oid.int4, "000001", "4 bytes expected, got 3"],
    [Oid.int4, "0000000001", "4 bytes expected, got 5"],
    [Oid.float8, "00", "8 bytes expected, got 1"],
    [Oid.bool, "", "1 byte expected, got 0"],
    [Oid.bool, "0101", "1 byte expected, got 2"],
    [Oid.timestamptz, "00", "8 bytes expected, got 1"],
    [Oid.int2, "00", "2 bytes expected, got 1"]
  ])("refuses values of OID %i with the bytes %j in both presets (F16, V21)", (oid, hex, reason) => {
    for (const registry of [lossless, familiar]) {
      const { failure } = decode([column("x", oid)], [1], [body(bytesOf(hex))], "array", registry)
      assert.deepStrictEqual(failure, {
        _tag: "Undecodable",
        column: "x",
        index: 0,
        type: Oid.nameOf(oid),
        reason
      })
    }
  })

  it("decodes again after a failure", () => {
    const decoder = Row.compile([column("x")], [1], lossless)
    const bad = runOf([body(bytesOf("00"))])
    const good = runOf([body(two)])
    const out: Array<Row.ObjectRow> = []
    assert.isNotNull(decoder.decode(bad.bytes, bad.starts, bad.count, out))
    assert.isNull(decoder.decode(good.bytes, good.starts, good.count, out))
    assert.deepStrictEqual(out, [{ x: 2 }])
  })

  it("holds on to neither the chunk nor its values when it is done, failed or not, or a codec has thrown", () => {
    const refuseThree = (value: number): number => {
      if (value === 3) throw new Error("three")
      return value
    }
    const throwing = mapped(int4, refuseThree, (value) => value)
    const columns = [column("x", Oid.text), column("y")]
    const decoder = Row.compile(columns, [1], lossless, "object", [undefined, throwing])
    for (const last of [two, bytesOf("00"), bytesOf("00000003")]) {
      const run = runOf([body(utf8("a value that is kept nowhere"), one), body(utf8("another"), last)])
      const read = () => decoder.decode(run.bytes, run.starts, run.count, [])
      if (last[3] === 3) assert.throws(read, "three")
      else read()
      const { reader, values } = decoder as unknown as {
        readonly reader: { readonly bytes: Uint8Array; readonly view: DataView }
        readonly values: ReadonlyArray<unknown>
      }
      assert.deepStrictEqual(values, [null, null])
      assert.notStrictEqual(reader.bytes.buffer, run.bytes.buffer)
      assert.notStrictEqual(reader.view.buffer, run.bytes.buffer)
    }
  })

  it("never puts a value into a failure", () => {
    const { failure } = decode([column("x")], [0], [body(utf8("secret"))])
    assert.notInclude(JSON.stringify(failure), "secret")
  })

  const oids = [
    Oid.int4,
    Oid.text,
    Oid.float8,
    Oid.bool,
    Oid.timestamptz,
    Oid.int8,
    Oid.numeric,
    Oid.date,
    Oid.int4Array,
    Oid.json,
    99_999
  ]
  const name = fc.oneof(
    fc.constantFrom("a", "b", "__proto__", "constructor", "1"),
    fc.string({ maxLength: 3 })
  )
  const field = fc.option(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.constantFrom(utf8("t"), utf8("12"), utf8("1.5"), utf8("{1}"), utf8("[1]"), bytesOf("01"), utf8("é€"))
    ),
    { freq: 8 }
  )
  const described = fc.array(
    fc.record({ name, oid: fc.constantFrom(...oids), format: fc.constantFrom<Format>(0, 1), field }),
    { maxLength: 25 }
  )
  const damage = fc.option(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 255 })), { freq: 3 })

  it.prop(
    "does as its plain twin on every row, right or wrong (F22)",
    [described, fc.constantFrom<Row.RowMode>("object", "array"), fc.constantFrom(lossless, familiar), damage],
    ([fields, mode, registry, broken]) => {
      const columns = fields.map(({ name, oid }) => column(name, oid))
      const formats = fields.map(({ format }) => format)
      const bytes = body(...fields.map(({ field }) => field))
      if (broken !== null && broken[0] < bytes.length) bytes[broken[0]] = broken[1]
      const plain = RowPlain.decode(columns, formats, registry, mode, bytes)
      const { failure, out } = decode(columns, formats, [bytes], mode, registry)
      // A bad value may stand before a malformed place: the fast decoder stops at whichever comes first.
      if ("failure" in plain) assert.isNotNull(failure)
      else assert.deepStrictEqual({ failure, out }, { failure: null, out: [plain.row] })
      if (failure?._tag === "Malformed") assert.deepStrictEqual(plain, { failure: "Malformed" })
    },
    { fastCheck: { numRuns: 400 } }
  )
})
