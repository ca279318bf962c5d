import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import type { Column } from "../../../src/model/Column.js"
import * as Arbitraries from "../../../src/testing/Arbitraries.js"
import {
  CommandComplete,
  DataRow,
  decodeCommandCompletePlain,
  RowDescription
} from "../../../src/wire/messages/Result.js"
import { bytes, int16, int32, malformed, type Part, written } from "../bytes.js"

const column = (name: string, over: Partial<Column> = {}): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid: 25,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
  ...over
})

const described = (name: Part, format = 0): ReadonlyArray<Part> => [
  name,
  0,
  ...int32(0),
  ...int16(0),
  ...int32(25),
  ...int16(-1),
  ...int32(-1),
  ...int16(format)
]

const names = (...parts: ReadonlyArray<Part>) =>
  Either.map(RowDescription.decode(bytes(...parts)), ({ columns }) => columns.map(({ name }) => name))

describe("RowDescription", () => {
  it("reads OIDs unsigned, column numbers, sizes and modifiers signed (GEN-002, MSG-014)", () => {
    const body = bytes(
      ...[0, 1, "x", 0, 255, 255, 255, 255, 255, 250, 128, 0, 0, 0, 255, 254],
      ...[0, 0, 0, 44, 0, 1]
    )
    assert.deepStrictEqual(Either.getOrThrow(RowDescription.decode(body)).columns, [
      column("x", {
        tableOid: 0xffff_ffff,
        columnNumber: -6,
        typeOid: 0x8000_0000,
        typeSize: -2,
        typeModifier: 44,
        format: 1
      })
    ])
  })

  it("may have no columns (MSG-014, TRP-044)", () => {
    assert.deepStrictEqual(Either.getOrThrow(names(0, 0)), [])
  })

  it("keeps names as data, whatever they are (MSG-016, F21)", () => {
    const some = ["__proto__", "constructor", "'+process.exit()+'", "", "?column?", "a", "a"]
    const read = Either.getOrThrow(names(...int16(some.length), ...some.flatMap((name) => described(name))))
    assert.deepStrictEqual(read, some)
    const { columns } = Either.getOrThrow(RowDescription.decode(bytes(0, 1, ...described("__proto__"))))
    assert.deepStrictEqual(Object.keys(columns[0]!), Object.keys(column("")))
    assert.isFalse("typeOid" in {})
  })

  it("keeps a name of a megabyte (F21)", () => {
    const name = "n".repeat(1 << 20)
    assert.deepStrictEqual(Either.getOrThrow(names(0, 1, ...described(name))), [name])
  })

  it("refuses a negative count, a missing terminator and an invalid format code (F09)", () => {
    malformed(names(255, 255, ...described("x")))
    malformed(names(128, 0))
    malformed(names(0, 2, ...described("x")))
    malformed(names(0, 1, "no terminator and enough bytes to fill the rest"))
    malformed(names(0, 1, ...described("x", 2)))
    malformed(names(0, 1, ...described("x", -1)))
  })

  it("counts without a sign when the bytes are there (MSG-014)", () => {
    const count = 40_000
    const one = bytes(...described(""))
    const body = new Uint8Array(2 + one.length * count)
    body.set(int16(count))
    for (let index = 0; index < count; index++) body.set(one, 2 + index * one.length)
    assert.strictEqual(Either.getOrThrow(RowDescription.decode(body)).columns.length, count)
  })
})

describe("DataRow", () => {
  it("distinguishes NULL from empty, and a row without columns from no row (MSG-018, TRP-044)", () => {
    assert.deepStrictEqual(Either.getOrThrow(DataRow.decode(bytes(0, 2, ...int32(-1), ...int32(0)))).values, [
      null,
      bytes()
    ])
    assert.deepStrictEqual(Either.getOrThrow(DataRow.decode(bytes(0, 0))).values, [])
  })

  it("refuses lengths and counts that lie, without room made for them (MSG-018, TRP-037, F07)", () => {
    const before = process.memoryUsage().arrayBuffers
    for (const length of [-2, -0x8000_0000, 4, 0x7fff_ffff]) {
      malformed(DataRow.decode(bytes(0, 1, ...int32(length), "abc")))
      malformed(DataRow.decode(bytes(0, 1, ...int32(length))))
    }
    malformed(DataRow.decode(bytes(255, 255, ...int32(-1))))
    malformed(DataRow.decode(bytes(0, 2, ...int32(3), "abc")))
    malformed(DataRow.decode(bytes(0, 1, ...int32(2), "abc")))
    malformed(DataRow.decode(bytes(0)))
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 1_000_000)
  })
})

describe("CommandComplete", () => {
  it("keeps any text (MSG-019, F20)", () => {
    for (const commandTag of [
      "",
      "SELECT 9007199254740993",
      "INSERT 0 5",
      "BREW COFFEE 3",
      "CREATE TABLE AS"
    ]) {
      const sent = written((writer) =>
        CommandComplete.encode(writer, { _tag: "CommandComplete", commandTag })
      )
      assert.deepStrictEqual(Either.getOrThrow(CommandComplete.decode(sent, 5)), {
        _tag: "CommandComplete",
        commandTag
      })
    }
  })

  it("refuses a text that ends before the body does, or not at all (MSG-013, F12)", () => {
    malformed(CommandComplete.decode(bytes("SELECT 1", 0, "more", 0)))
    malformed(CommandComplete.decode(bytes(0, 0)))
    malformed(CommandComplete.decode(bytes("SELECT 1")))
    malformed(CommandComplete.decode(bytes()))
  })

  it.prop(
    "is read the quick way just as the plain way",
    [
      fc.oneof(
        Arbitraries.text.map((text) => bytes(text, 0)),
        fc.uint8Array({ maxLength: 12 })
      ),
      fc.nat(3)
    ],
    ([body, at]) => {
      const buffer = bytes(new Uint8Array(at).fill(1), body, 1, 0)
      const end = at + body.length
      const quick = CommandComplete.decode(buffer, at, end)
      const plain = decodeCommandCompletePlain(buffer, at, end)
      assert.strictEqual(Either.isRight(quick), Either.isRight(plain))
      if (Either.isRight(quick)) assert.deepStrictEqual(quick, plain)
    },
    { fastCheck: { numRuns: 500 } }
  )
})
