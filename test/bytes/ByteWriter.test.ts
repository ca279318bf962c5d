import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { ByteReader } from "../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"

const wellFormed = fc.string({ unit: "binary", maxLength: 60 })

describe("ByteWriter", () => {
  it.prop(
    "writes what the reader reads",
    [
      fc.integer({ min: 0, max: 0xff }),
      fc.integer({ min: -0x8000, max: 0x7fff }),
      fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.double(),
      fc.uint8Array(),
      wellFormed.filter((text) => !text.includes("\0"))
    ],
    ([byte, short, int, uint, long, double, raw, text]) => {
      const writer = new ByteWriter(1)
      writer.uint8(byte)
      writer.int16(short)
      writer.int32(int)
      writer.uint32(uint)
      writer.int64(long)
      writer.float32(Math.fround(double))
      writer.float64(double)
      writer.raw(raw)
      writer.cstring(text)
      assert.isNull(writer.failure)
      const reader = new ByteReader(writer.written())
      assert.deepStrictEqual(
        [reader.uint8(), reader.int16(), reader.int32(), reader.uint32(), reader.int64()],
        [byte, short, int, uint, long]
      )
      const at = reader.take(12)
      assert.isTrue(Object.is(reader.view.getFloat32(at), Math.fround(double)))
      assert.isTrue(Object.is(reader.view.getFloat64(at + 4), double))
      assert.deepStrictEqual([...reader.copy(raw.length)], [...raw])
      assert.strictEqual(reader.cstring(), text)
      reader.finish()
      assert.isNull(reader.failure)
    }
  )

  it("grows and keeps what was written", () => {
    const writer = new ByteWriter(4)
    const all = Uint8Array.from({ length: 10_000 }, (_, index) => index)
    for (let at = 0; at < all.length; at += 100) writer.raw(all.subarray(at, at + 100))
    assert.deepStrictEqual(writer.written(), all)
  })

  it("refuses what passes its limit, and writes no part of it (TRP-036)", () => {
    for (const size of [1, 8, 4_096]) {
      const writer = new ByteWriter(size, 10)
      writer.raw(new Uint8Array(10))
      assert.isNull(writer.failure)
      writer.uint8(1)
      assert.isNotNull(writer.failure)
      assert.strictEqual(writer.offset, 10)
    }
    const writes: ReadonlyArray<(writer: ByteWriter) => void> = [
      (w) => w.int16(1),
      (w) => w.int32(1),
      (w) => w.uint32(1),
      (w) => w.int64(1n),
      (w) => w.float32(1),
      (w) => w.float64(1),
      (w) => w.raw(new Uint8Array(2)),
      (w) => w.text("ab")
    ]
    for (const write of writes) {
      const writer = new ByteWriter(16, 1)
      write(writer)
      assert.isNotNull(writer.failure)
      assert.strictEqual(writer.offset, 0)
    }
  })

  it("keeps its limit after its bytes were taken", () => {
    const writer = new ByteWriter(4, 10)
    writer.raw(new Uint8Array(8))
    writer.detach()
    writer.raw(new Uint8Array(11))
    assert.isNotNull(writer.failure)
  })

  it("measures text at its limit by what it takes, not by what it might take", () => {
    const ascii = new ByteWriter(1, 30)
    ascii.text("a".repeat(30))
    assert.isNull(ascii.failure)
    const wide = new ByteWriter(1, 30)
    wide.text("€".repeat(11))
    assert.isNotNull(wide.failure)
    assert.strictEqual(wide.offset, 0)
  })

  it("fails when there is no memory, instead of throwing (TRP-036)", () => {
    const writer = new ByteWriter(16, Number.MAX_SAFE_INTEGER)
    assert.isFalse(writer.reserve(2 ** 52))
    assert.include(writer.failure ?? "", "memory")
  })

  it("refuses a zero byte in text that ends with one (CON-003, MSG-008)", () => {
    for (const text of ["\0", "a\0", "\0a", `${"long ".repeat(20)}\0`]) {
      const writer = new ByteWriter()
      writer.cstring(text)
      assert.include(writer.failure ?? "", "zero byte")
      assert.strictEqual(writer.offset, 0)
    }
  })

  it("refuses lone surrogates in text of any length", () => {
    for (const text of ["\ud800", "a\udfff", `${"long ".repeat(20)}\ud83d`, "\udc00\ud800"]) {
      for (const write of [(w: ByteWriter) => w.text(text), (w: ByteWriter) => w.cstring(text)]) {
        const writer = new ByteWriter()
        write(writer)
        assert.include(writer.failure ?? "", "lone surrogate")
      }
    }
  })

  it.prop("writes long and short text as UTF-8", [wellFormed, fc.nat(3)], ([text, times]) => {
    const long = text.repeat(1 + times * 200)
    const writer = new ByteWriter(1)
    writer.text(long)
    assert.isNull(writer.failure)
    assert.isTrue(Buffer.from(writer.written()).equals(Buffer.from(long)))
  })

  it("measures very long text before it makes room", () => {
    const writer = new ByteWriter(16, 1_500_000)
    writer.text("ä".repeat(700_000))
    assert.isNull(writer.failure)
    assert.strictEqual(writer.offset, 1_400_000)
    assert.isAtMost(writer.bytes.length, 1_500_000)
  })

  it("keeps the first failure, and forgets it with what came after the mark", () => {
    const writer = new ByteWriter()
    writer.text("kept")
    const mark = writer.offset
    writer.text("gone")
    writer.fail("first")
    writer.fail("second")
    assert.strictEqual(writer.failure, "first")
    writer.rollback(mark)
    assert.isNull(writer.failure)
    assert.strictEqual(new TextDecoder().decode(writer.written()), "kept")
  })

  it("puts a number where room was left, also after growing", () => {
    const writer = new ByteWriter(4)
    writer.int32(0)
    writer.raw(new Uint8Array(100))
    writer.patchInt32(0, 0x0102_0304)
    assert.deepStrictEqual([...writer.written().subarray(0, 5)], [1, 2, 3, 4, 0])
  })

  it("hands over bytes that later writing does not touch", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9_000 }), { maxLength: 12 }), (sizes) => {
        const writer = new ByteWriter()
        const taken = sizes.map((size, index) => {
          writer.raw(new Uint8Array(size).fill(index + 1))
          if (size >= 4) writer.patchInt32(0, (index + 1) * 0x0101_0101)
          return writer.detach()
        })
        taken.forEach((bytes, index) => {
          assert.strictEqual(bytes.length, sizes[index])
          assert.isTrue(bytes.every((byte) => byte === index + 1))
        })
        assert.strictEqual(writer.offset, 0)
      }),
      { numRuns: 50 }
    )
  })

  it("does not keep a large buffer in memory for the sake of its tail", () => {
    const writer = new ByteWriter()
    writer.reserve(10_000_000)
    writer.raw(new Uint8Array(1_000_000))
    writer.detach()
    assert.isAtMost(writer.bytes.buffer.byteLength, 1 << 18)
  })

  it("goes on in the same buffer after a small batch", () => {
    const writer = new ByteWriter(65_536)
    const { buffer } = writer.bytes
    writer.text("small")
    const first = writer.detach()
    writer.text("again")
    assert.strictEqual(writer.bytes.buffer, buffer)
    assert.strictEqual(first.buffer, buffer)
    assert.strictEqual(new TextDecoder().decode(first), "small")
  })
})
