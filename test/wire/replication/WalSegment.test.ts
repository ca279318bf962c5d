import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as WalPageHeader from "../../../src/wire/replication/WalPageHeader.js"
import * as WalSegment from "../../../src/wire/replication/WalSegment.js"

const MiB = 1 << 20
const sizes = Array.from({ length: 11 }, (_, power) => MiB << power)

describe("a segment", () => {
  it("has the name that the server gives it, for any size (REP-080)", () => {
    const name = (timeline: number, position: bigint, size: number) =>
      WalSegment.fileName(WalSegment.at(timeline, position, size), size)
    // As pg_walfile_name names them, on servers of these sizes.
    assert.strictEqual(name(1, 0x16_b374_d848n, 16 * MiB), "0000000100000016000000B3")
    assert.strictEqual(name(1, 0x16_b374_d848n, MiB), "000000010000001600000B37")
    assert.strictEqual(name(1, 0x16_b374_d848n, 1024 * MiB), "000000010000001600000002")
    assert.strictEqual(name(0xabc, 0xffff_ffff_ffff_ffffn, 16 * MiB), "00000ABCFFFFFFFF000000FF")
    assert.strictEqual(name(2, 0n, 16 * MiB), "000000020000000000000000")
  })

  it("is found by its name, and by no other (REP-080)", () => {
    const position = fc.bigInt(0n, 2n ** 64n - 1n)
    const timeline = fc.integer({ min: 1, max: 0xffff_ffff })
    fc.assert(
      fc.property(timeline, position, fc.constantFrom(...sizes), (timeline, position, size) => {
        const segment = WalSegment.at(timeline, position, size)
        assert.deepStrictEqual(WalSegment.fromFileName(WalSegment.fileName(segment, size), size), segment)
        const start = WalSegment.startOf(segment, size)
        assert.strictEqual(start, WalSegment.floor(position, size))
        assert.isTrue(start <= position && position < start + BigInt(size))
      })
    )
    for (const name of [
      "",
      "00000001000000160000000",
      "../000000010000001600000002",
      "000000010000001600000002.partial"
    ]) {
      assert.isUndefined(WalSegment.fromFileName(name, 16 * MiB))
    }
    assert.isUndefined(WalSegment.fromFileName("000000010000000000000100", 16 * MiB))
    assert.isUndefined(WalSegment.fromFileName("000000000000000000000001", 16 * MiB))
  })

  it("has one of eleven sizes (REP-080)", () => {
    assert.strictEqual(WalSegment.sizeFromText("16MB"), 16 * MiB)
    assert.strictEqual(WalSegment.sizeFromText("1GB"), 1024 * MiB)
    assert.strictEqual(WalSegment.sizeFromText("1024kB"), MiB)
    for (const shown of ["", "16", "3MB", "2GB", "512kB", "16 MB", "0MB", "9999999999GB"]) {
      assert.isUndefined(WalSegment.sizeFromText(shown))
    }
  })
})

describe("the first page of a segment", () => {
  const header: WalPageHeader.WalPageHeader = {
    magic: 0xd118,
    timeline: 1,
    position: 0x0100_0000n,
    systemId: "7654321098765432109",
    segmentSize: 16 * MiB,
    blockSize: 8192,
    littleEndian: true
  }

  it("names its cluster, timeline and position (REP-083)", () => {
    // Of PostgreSQL 15 on a little-endian machine.
    const bytes = Uint8Array.from(
      "10d102000100000000000001000000000000000000000000c228aa0ff2e00d6a0000000100200000".match(/../g)!,
      (digits) => Number.parseInt(digits, 16)
    )
    const decoded = WalPageHeader.decode(bytes)!
    assert.deepStrictEqual(decoded, { ...header, magic: 0xd110, systemId: "7642011472967116994" })
    assert.deepStrictEqual(WalPageHeader.encode(decoded), bytes)
  })

  it("is read in either order of bytes", () => {
    for (const littleEndian of [true, false]) {
      const one = { ...header, littleEndian }
      assert.deepStrictEqual(WalPageHeader.decode(WalPageHeader.encode(one)), one)
    }
  })

  it("is not found where a file is cut, empty, or something else", () => {
    const bytes = WalPageHeader.encode(header)
    assert.isUndefined(WalPageHeader.decode(bytes.subarray(0, 39)))
    assert.isUndefined(WalPageHeader.decode(new Uint8Array(8192)))
    assert.isUndefined(WalPageHeader.decode(Uint8Array.from(bytes, (byte, at) => (at === 2 ? 0 : byte))))
  })
})
