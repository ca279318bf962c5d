import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { ByteReader, longestText } from "../../src/bytes/ByteReader.js"

const reader = (...bytes: ReadonlyArray<number>) => new ByteReader(Uint8Array.from(bytes))
const filled = (size: number) => new Uint8Array(size).fill(0xff)

/** Every read there is, with the bytes it takes. */
const reads: ReadonlyArray<readonly [string, number, (reader: ByteReader) => unknown, unknown]> = [
  ["uint8", 1, (r) => r.uint8(), 0],
  ["int16", 2, (r) => r.int16(), 0],
  ["uint16", 2, (r) => r.uint16(), 0],
  ["int32", 4, (r) => r.int32(), 0],
  ["uint32", 4, (r) => r.uint32(), 0],
  ["int64", 8, (r) => r.int64(), 0n],
  ["uint64", 8, (r) => r.uint64(), 0n],
  ["view8", 3, (r) => r.view8(3), new Uint8Array(0)],
  ["copy", 3, (r) => r.copy(3), new Uint8Array(0)],
  ["text", 3, (r) => r.text(3), ""],
  ["cstring", 4, (r) => r.cstring(), ""]
]

describe("ByteReader", () => {
  it("holds no bytes once released, and reads others after that", () => {
    const bytes = new Uint8Array([1, 2, 3, 4])
    const reader = new ByteReader(bytes)
    reader.release()
    assert.deepStrictEqual([reader.remaining, reader.bytes.length, reader.view.byteLength], [0, 0, 0])
    assert.strictEqual(reader.reset(bytes, 0, 4).int32(), 0x01020304)
  })

  it("reads numbers in network order, unsigned where they are (GEN-002)", () => {
    const ones = () => new ByteReader(filled(8))
    assert.deepStrictEqual([ones().int16(), ones().uint16()], [-1, 0xffff])
    assert.deepStrictEqual([ones().int32(), ones().uint32()], [-1, 0xffff_ffff])
    assert.strictEqual(reader(0x80, 0, 0, 1).uint32(), 0x8000_0001)
    assert.strictEqual(reader(1, 2, 3, 4).int32(), 0x0102_0304)
  })

  it("reads 64 bits without losing any (GEN-001)", () => {
    assert.strictEqual(reader(0, 0x20, 0, 0, 0, 0, 0, 1).int64(), 9_007_199_254_740_993n)
    assert.strictEqual(new ByteReader(filled(8)).uint64(), 2n ** 64n - 1n)
    assert.strictEqual(new ByteReader(filled(8)).int64(), -1n)
  })

  for (const [name, size, read, nothing] of reads) {
    it(`${name} fails when a byte is missing, and moves nothing`, () => {
      const short = new ByteReader(filled(size + 2), 1, size)
      assert.deepStrictEqual(read(short), nothing)
      assert.isNotNull(short.failure)
      assert.strictEqual(short.offset, 1)
    })

    it(`${name} answers nothing after a failure, and the first failure stays`, () => {
      const failed = new ByteReader(new Uint8Array(20))
      failed.fail("first")
      assert.deepStrictEqual(read(failed), nothing)
      failed.fail("second")
      assert.strictEqual(failed.failure, "first")
      assert.strictEqual(failed.offset, 0)
    })
  }

  it("refuses negative sizes and sizes beyond the end, however large (TRP-037)", () => {
    for (const size of [-1, -0x8000_0000, 5, 0x7fff_ffff]) {
      for (const read of [
        (r: ByteReader) => r.copy(size),
        (r: ByteReader) => r.view8(size),
        (r: ByteReader) => r.text(size)
      ]) {
        const self = reader(1, 2, 3, 4)
        assert.strictEqual(read(self).length, 0)
        assert.isNotNull(self.failure)
      }
    }
  })

  it("reads text up to its zero byte, and not past the end of its part", () => {
    const self = reader(0x61, 0xc3, 0xa9, 0, 0, 0x62, 0)
    assert.strictEqual(self.cstring(), "aé")
    assert.strictEqual(self.cstring(), "")
    self.end = 6
    assert.strictEqual(self.cstring(), "")
    assert.isNotNull(self.failure)
    assert.strictEqual(self.offset, 5)
  })

  it("replaces invalid UTF-8 instead of throwing (ERR-006, F13)", () => {
    assert.strictEqual(reader(0xff, 0x61, 0).cstring(), "\ufffda")
    assert.strictEqual(reader(0xe2, 0x82).text(2), "\ufffd")
  })

  it("refuses text longer than a string may be instead of throwing (MSG-005)", () => {
    // The end is a claim: half a gigabyte need not be there to be refused.
    const self = new ByteReader(new Uint8Array(4), 0, longestText + 1)
    assert.strictEqual(self.text(longestText + 1), "")
    assert.include(self.failure ?? "", "longer than a string may be")
  })

  it("gives views that share memory and copies that do not", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4)
    const self = new ByteReader(bytes)
    const view = self.view8(2)
    const copy = self.copy(2)
    bytes.fill(9)
    assert.deepStrictEqual([...view, ...copy], [9, 9, 3, 4])
  })

  it("reads inside its part only, also of a buffer that begins elsewhere", () => {
    const pool = Uint8Array.from({ length: 32 }, (_, index) => index)
    const self = new ByteReader(pool.subarray(8, 24), 2, 8)
    assert.strictEqual(self.int32(), 0x0a0b_0c0d)
    assert.strictEqual(self.remaining, 2)
    assert.strictEqual(self.view.getUint8(0), 8)
    assert.strictEqual(self.int32(), 0)
    assert.isNotNull(self.failure)
  })

  it("starts anew on other bytes and forgets the failure", () => {
    const self = reader(1)
    self.int32()
    const other = Uint8Array.of(0, 0, 0, 7, 0, 0, 0, 8)
    assert.strictEqual(self.reset(other, 0, 4).int32(), 7)
    assert.strictEqual(self.remaining, 0)
    assert.strictEqual(self.reset(other, 4, 8).int32(), 8)
    assert.isNull(self.failure)
    assert.strictEqual(self.view.buffer, other.buffer)
  })

  it("has something against bytes left over", () => {
    const self = reader(1, 2)
    self.uint8()
    self.finish()
    assert.include(self.failure ?? "", "1 bytes left over")
    const done = reader(1)
    done.uint8()
    done.finish()
    assert.isNull(done.failure)
  })

  it("stays inside its part whatever is asked of it (F22)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.constantFrom(...reads)), (bytes, steps) => {
        const self = new ByteReader(bytes)
        for (const [, , read] of steps) {
          const before = self.offset
          read(self)
          assert.isAtMost(self.offset, bytes.length)
          if (self.failure !== null) assert.strictEqual(self.offset, before)
        }
      }),
      { numRuns: 500 }
    )
  })
})
