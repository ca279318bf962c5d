import { assert, describe, it } from "@effect/vitest"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Field from "../../src/wire/Field.js"
import { bytes, int32 } from "./bytes.js"

const read = <A>(field: Field.Field<A>, body: Uint8Array): readonly [A, string | null] => {
  const reader = new ByteReader(body)
  const value = field.read(reader)
  reader.finish()
  return [value, reader.failure]
}

const write = <A>(field: Field.Field<A>, value: A): Uint8Array | string => {
  const writer = new ByteWriter()
  field.write(writer, value)
  return writer.failure ?? writer.written().slice()
}

describe("numbers", () => {
  const bounds: ReadonlyArray<readonly [string, Field.Field<number>, number, number]> = [
    ["uint8", Field.uint8, 0, 0xff],
    ["int16", Field.int16, -0x8000, 0x7fff],
    ["int32", Field.int32, -0x8000_0000, 0x7fff_ffff],
    ["uint32", Field.uint32, 0, 0xffff_ffff]
  ]
  for (const [name, field, low, high] of bounds) {
    it(`${name} carries its bounds and refuses what would wrap (GEN-002)`, () => {
      for (const value of [low, high, 0, 1]) {
        const sent = write(field, value)
        assert.instanceOf(sent, Uint8Array)
        assert.strictEqual((sent as Uint8Array).length, field.least)
        assert.deepStrictEqual(read(field, sent as Uint8Array), [value, null])
      }
      for (const value of [low - 1, high + 1, 0.5, NaN, Infinity]) assert.isString(write(field, value))
    })
  }
})

describe("oneOf", () => {
  it("takes its characters and no other byte", () => {
    const field = Field.oneOf(["S", "P"])
    assert.deepStrictEqual(read(field, bytes("P")), ["P", null])
    for (const byte of [0, 0x73, 255]) assert.isNotNull(read(field, bytes(byte))[1])
    assert.deepStrictEqual(write(field, "S"), bytes("S"))
  })
})

describe("counted lists", () => {
  it("make nothing for a count the bytes cannot hold (MSG-012)", () => {
    let made = 0
    const item: Field.Field<number> = {
      least: 4,
      read: (reader) => {
        made++
        return reader.int32()
      },
      write: (writer, value) => writer.int32(value)
    }
    const hostile = [
      read(Field.array16(item), bytes(255, 255, 0, 0, 0, 1)),
      read(Field.array32(item), bytes(...int32(0x7fff_ffff), 0, 0, 0, 1)),
      read(Field.array32(item), bytes(...int32(-1), 0, 0, 0, 1))
    ]
    for (const [items, failure] of hostile) {
      assert.deepStrictEqual(items, [])
      assert.isNotNull(failure)
    }
    assert.strictEqual(made, 0)
  })

  it("stop at the first item that fails", () => {
    let made = 0
    const item: Field.Field<string> = {
      ...Field.cstring,
      read: (reader) => {
        made++
        return reader.cstring()
      }
    }
    const [, failure] = read(Field.array16(item), bytes(0, 9, "a", 0, "no end to this, nor room for more"))
    assert.isNotNull(failure)
    assert.strictEqual(made, 2)
  })

  it("refuse more items than their count can hold (MSG-002)", () => {
    assert.isString(write(Field.array16(Field.uint8), new Array<number>(65_536).fill(1)))
    const most = write(Field.array16(Field.uint8), new Array<number>(65_535).fill(1))
    assert.deepStrictEqual((most as Uint8Array).subarray(0, 2), bytes(255, 255))
  })
})

describe("cstrings", () => {
  it("end at an empty name, which none of them may be", () => {
    assert.deepStrictEqual(read(Field.cstrings, bytes("a", 0, "b", 0, 0)), [["a", "b"], null])
    assert.isString(write(Field.cstrings, ["a", ""]))
  })
})

describe("value", () => {
  it("takes −1 for NULL and refuses any other negative length (MSG-018)", () => {
    assert.deepStrictEqual(read(Field.value, bytes(...int32(-1))), [null, null])
    for (const length of [-2, -0x8000_0000, 2]) {
      assert.isNotNull(read(Field.value, bytes(...int32(length), "x"))[1])
      assert.isNotNull(read(Field.value, bytes(...int32(length)))[1])
    }
  })
})
