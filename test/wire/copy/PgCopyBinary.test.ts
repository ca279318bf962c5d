import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as PgCopyBinary from "../../../src/wire/copy/PgCopyBinary.js"
import { bytes, cut, int16, int32 } from "../bytes.js"
import { cuts, fieldsIn, read, table, type Fields } from "./records.js"

/** `copy (values (1::int4, E'a\tb…'), (2, null), (null, ''), (6, 'ä😀')) to stdout (format binary)`, from PostgreSQL 18. */
const golden = Uint8Array.from(
  Buffer.from(
    "5047434f50590aff0d0a00" +
      "0000000000000000" +
      "000200000004000000010000000c6109625c630a640d65080c0b" +
      "00020000000400000002ffffffff" +
      "0002ffffffff00000000" +
      "0002000000040000000600000006c3a4f09f9880" +
      "ffff",
    "hex"
  )
)
const goldenRecords: ReadonlyArray<Fields> = [
  ["\0\0\0\x01", "a\tb\\c\nd\re\b\f\v"],
  ["\0\0\0\x02", null],
  [null, ""],
  ["\0\0\0\x06", "ä😀"]
]

const header = (flags = 0, extension: ReadonlyArray<number> = []) =>
  bytes(PgCopyBinary.signature, ...int32(flags), ...int32(extension.length), ...extension)
const trailer = bytes(...int16(-1))
const reader = (width = 2, maxRecordBytes?: number) => new PgCopyBinary.Reader({ width, maxRecordBytes })

const encode = (records: ReadonlyArray<Fields>): Uint8Array => {
  const writer = new ByteWriter()
  PgCopyBinary.writeHeader(writer)
  for (const fields of records) {
    writer.int16(fields.length)
    writer.raw(fieldsIn(fields).written())
  }
  PgCopyBinary.writeTrailer(writer)
  return writer.written()
}

const fails = (stream: Uint8Array, kind: string, reason: RegExp, record: number, width = 2, max?: number) => {
  const { failure } = read(reader(width, max), [stream])
  assert.strictEqual(failure?.kind, kind)
  assert.match(failure?.reason ?? "", reason)
  assert.strictEqual(failure?.record, record)
}

describe("the binary format", () => {
  it("is read and written as the server writes it (FLW-078)", () => {
    assert.deepStrictEqual(read(reader(), [golden]), { records: goldenRecords, failure: null })
    assert.deepStrictEqual(encode(goldenRecords), golden)
  })

  it("is the same wherever it is cut in two, and byte by byte (TRP-072, FLW-081)", () => {
    for (let at = 0; at <= golden.length; at++) {
      const seen = read(reader(), [golden.slice(0, at), golden.slice(at)])
      assert.deepStrictEqual(seen, { records: goldenRecords, failure: null }, `cut at ${at}`)
    }
    assert.deepStrictEqual(read(reader(), cut(golden, [1])), { records: goldenRecords, failure: null })
  })

  it.prop(
    "gives back any records however it is cut (TRP-072, FLW-078)",
    [table, cuts],
    ([{ records, width }, cuts]) => {
      assert.deepStrictEqual(read(reader(width), cut(encode(records), cuts)), { records, failure: null })
    }
  )

  it("knows tuples without fields, and more tuples than fit one run", () => {
    const empty = bytes(...int16(0))
    const many = 50_000
    const stream = Buffer.concat([header(), ...Array.from({ length: many }, () => empty), trailer])
    const { failure, records } = read(reader(0), [stream])
    assert.isNull(failure)
    assert.strictEqual(records.length, many)
  })

  it("passes over an extension and flags that may be passed over (FLW-078)", () => {
    const stream = bytes(header(0x0000_ffff, [1, 2, 3, 4, 5]), golden.subarray(19))
    for (const sizes of [[1], [22], [100]]) {
      assert.deepStrictEqual(read(reader(), cut(stream, sizes)), { records: goldenRecords, failure: null })
    }
  })

  it("passes over the longest extension there can be, without keeping any of it", () => {
    const longest = 0x7fff_ffff
    const piece = new Uint8Array(1 << 24)
    const pieces = Array.from({ length: Math.floor(longest / piece.length) }, () => piece)
    const rest = piece.subarray(0, longest % piece.length)
    const start = bytes(PgCopyBinary.signature, ...int32(0), ...int32(longest))
    const open = reader()
    const before = process.memoryUsage().arrayBuffers
    assert.deepStrictEqual(read(open, [start, ...pieces], true), { records: [], failure: null })
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 2 * piece.length)
    assert.deepStrictEqual(read(open, [rest, golden.subarray(19)]), { records: goldenRecords, failure: null })
    const short = read(reader(), [start, ...pieces])
    assert.strictEqual(short.failure?.kind, "truncated")
    assert.match(short.failure?.reason ?? "", /within the header's extension/)
  })

  it("is refused with OIDs, and with unknown critical flags (FLW-078)", () => {
    fails(bytes(header(1 << 16), trailer), "malformed", /OIDs/, 0)
    for (let bit = 17; bit < 32; bit++) {
      fails(bytes(header(1 << bit), trailer), "malformed", /unknown critical flags 0x/, 0)
    }
  })

  it("is refused when it does not begin as it must, at the first byte that is wrong", () => {
    fails(bytes("1\t2\n"), "malformed", /do not begin with PGCOPY/, 0)
    for (let at = 0; at < 11; at++) {
      const wrong = golden.slice(0, at + 1)
      wrong[at]! ^= 1
      const seen = read(reader(), [wrong], true)
      assert.strictEqual(seen.failure?.kind, "malformed", `byte ${at}`)
    }
    fails(bytes(PgCopyBinary.signature, ...int32(0), ...int32(-1)), "malformed", /extension of -1/, 0)
  })

  it("is refused as cut short wherever it ends, also where only the trailer is missing (FLW-082)", () => {
    for (let at = 0; at < golden.length; at++) {
      const { failure, records } = read(reader(), [golden.slice(0, at)])
      assert.strictEqual(failure?.kind, "truncated", `cut at ${at}`)
      assert.isBelow(records.length, 5)
    }
    fails(golden.subarray(0, golden.length - 2), "truncated", /without a trailer/, 5)
    fails(golden.subarray(0, 50), "truncated", /within field 1 of a tuple/, 2)
    fails(bytes(header(0, [1]).subarray(0, 19)), "truncated", /extension/, 0)
  })

  it("is refused when something comes after the trailer, in the same chunk or later (FLW-078)", () => {
    fails(bytes(golden, 0), "malformed", /1 byte after the trailer/, 5)
    const { failure, records } = read(reader(), [golden, bytes("more")])
    assert.match(failure?.reason ?? "", /4 bytes after the trailer/)
    assert.strictEqual(records.length, 4)
  })

  it("is refused with another number of fields, naming the tuple", () => {
    const stream = bytes(header(), ...int16(2), ...int32(-1), ...int32(-1), ...int16(1), ...int32(-1))
    fails(stream, "malformed", /1 field where 2 columns are expected/, 2)
    fails(bytes(header(), ...int16(3)), "malformed", /3 fields where 1 column is expected/, 1, 1)
    fails(bytes(header(), ...int16(-2)), "malformed", /a tuple has -2 fields/, 1)
  })

  it("is refused with a length below that of NULL", () => {
    fails(
      bytes(header(), ...int16(2), ...int32(-1), ...int32(-2)),
      "malformed",
      /field 2 has the length -2/,
      1
    )
  })

  it("refuses a tuple beyond the limit from its announcement, before memory is taken for it", () => {
    const announced = bytes(header(), ...int16(1), ...int32(0x7fff_ffff))
    const seen = read(reader(1, 1000), [announced], true)
    assert.strictEqual(seen.failure?.kind, "too-large")
    assert.match(seen.failure?.reason ?? "", /maxRecordBytes is 1000/)
    assert.strictEqual(read(reader(1), [announced], true).failure?.kind, "too-large")
    const exact = bytes(header(), ...int16(1), ...int32(10), "0123456789", trailer)
    assert.isNull(read(reader(1, 16), [exact]).failure)
    fails(exact, "too-large", /16 bytes or more/, 1, 1, 15)
  })

  it("joins a tuple of many chunks in time that grows with its size only", () => {
    const size = 8 << 20
    const long = Buffer.concat([
      header(),
      bytes(...int16(1), ...int32(size)),
      Buffer.alloc(size, 97),
      trailer
    ])
    const { failure, records } = read(reader(1), cut(long, [100]))
    assert.isNull(failure)
    assert.strictEqual(records[0]?.[0]?.length, size)
  })

  it("stays refused", () => {
    const self = reader()
    read(self, [bytes("PGCOPX")])
    assert.strictEqual(read(self, [golden]).failure, self.failure)
    assert.match(self.failure?.message ?? "", /^copy data, header: /)
  })

  it.prop(
    "never fails to end, whatever the bytes are",
    [fc.uint8Array({ maxLength: 60 }), cuts],
    ([noise, cuts]) => {
      const { failure } = read(reader(), cut(bytes(header(), noise), cuts))
      assert.isTrue(failure === null || failure.reason !== "")
    }
  )
})
