/**
 * What a value of each type costs to decode with its row, in nanoseconds, on synthetic runs of rows with one column: by both
 * presets, and as node-postgres does it, from text with the parsers of `pg-types`. Run with
 * `npx tsx test/bench/micro/typeDecode.ts`, and with names of types for some of them.
 */
import { getTypeParser } from "pg-types"
import { ByteReader } from "../../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as Oid from "../../../src/model/Oid.js"
import type { Codec } from "../../../src/types/Codec.js"
import type { Registry } from "../../../src/types/Registry.js"
import { familiar, lossless } from "../../../src/types/Registry.js"
import * as Row from "../../../src/types/Row.js"

const two = (value: number): string => String(value).padStart(2, "0")
const day = (i: number): string => `20${two(i % 100)}-${two(1 + (i % 12))}-${two(1 + (i % 28))}`
const clock = (i: number): string => `${two(i % 24)}:${two(i % 60)}:${two((i * 7) % 60)}.${two(i % 90)}1`
const hex = (i: number, length: number): string =>
  (i * 2654435761).toString(16).repeat(9).padStart(length, "a").slice(0, length)

/** Texts as the server prints them. */
const types: ReadonlyArray<readonly [oid: number, text: (i: number) => string]> = [
  [Oid.bool, (i) => (i % 2 === 0 ? "t" : "f")],
  [Oid.int4, String],
  [Oid.int8, (i) => String(i * 1000003)],
  [Oid.float4, (i) => String(i / 10)],
  [Oid.float8, (i) => String(i / 10)],
  [Oid.numeric, (i) => (i * 1.01).toFixed(2)],
  [Oid.text, (i) => `name-${i}`],
  [Oid.bytea, (i) => `\\x${hex(i, 64)}`],
  [Oid.jsonb, (i) => `{"id": ${i}, "name": "name-${i}", "tags": ["a", "b"]}`],
  [Oid.uuid, (i) => `${hex(i, 8)}-${hex(i, 4)}-4${hex(i, 3)}-a${hex(i, 3)}-${hex(i, 12)}`],
  [Oid.date, day],
  [Oid.time, clock],
  [Oid.timestamp, (i) => `${day(i)} ${clock(i)}`],
  [Oid.timestamptz, (i) => `${day(i)} ${clock(i)}+00`],
  [Oid.interval, (i) => `${i % 30} days ${clock(i)}`],
  [Oid.int4Array, (i) => `{${i},${i + 1},${i + 2},${i + 3},${i + 4},${i + 5},${i + 6},${i + 7}}`],
  [Oid.textArray, (i) => `{name-${i},b,"c d",e}`],
  [Oid.int4range, (i) => `[${i},${i + 5})`],
  [Oid.tstzrange, (i) => `["${day(i)} ${clock(i)}+00","2100-01-01 00:00:00+00")`],
  [Oid.inet, (i) => `10.0.${i % 256}.${i % 250}`],
  [Oid.point, (i) => `(${i},${i / 2})`]
]

const rows = 2000

interface Run {
  readonly bytes: Uint8Array
  readonly starts: Int32Array
}

const runOf = (write: (writer: ByteWriter, row: number) => void): Run => {
  const writer = new ByteWriter()
  const starts = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    writer.int32(0)
    starts[row] = writer.offset
    writer.int16(1)
    writer.int32(0)
    const start = writer.offset
    write(writer, row)
    writer.patchInt32(start - 4, writer.offset - start)
    writer.patchInt32(starts[row]! - 4, writer.offset - starts[row]! + 4)
  }
  return { bytes: Buffer.from(writer.written()), starts }
}

const textRun = (text: (i: number) => string): Run => runOf((writer, row) => writer.text(text(row)))

/** The binary form, by way of the lossless value. */
const binaryRun = (codec: Codec, text: (i: number) => string): Run =>
  runOf((writer, row) => {
    const bytes = Buffer.from(text(row))
    const reader = new ByteReader(bytes)
    codec.encodeBinary!(writer, codec.decodeText(reader, 0, bytes.length))
    if (reader.failure !== null) throw new Error(`${codec.name}: ${reader.failure}`)
  })

/** Median of a few measurements, in nanoseconds per value. */
const measure = (decode: () => void): number => {
  const samples: Array<number> = []
  for (let round = 0; round < 9; round++) {
    const before = process.cpuUsage()
    for (let turn = 0; turn < 25; turn++) decode()
    const { system, user } = process.cpuUsage(before)
    samples.push(((user + system) * 1000) / (25 * rows))
  }
  return samples.sort((a, b) => a - b)[4]!
}

const ours = (registry: Registry, oid: number, text: (i: number) => string): number => {
  const codec = lossless.lookup(oid)!
  const column = { name: "v", tableOid: 0, columnNumber: 0, typeOid: oid, typeSize: -1, typeModifier: -1 }
  const isBinary = registry.lookup(oid)!.decodeBinary !== undefined
  const run = isBinary ? binaryRun(codec, text) : textRun(text)
  const format = isBinary ? 1 : 0
  const decoder = Row.compile([{ ...column, format }], [format], registry)
  return measure(() => {
    const failure = decoder.decode(run.bytes, run.starts, rows, [])
    if (failure !== null) throw new Error(JSON.stringify(failure))
  })
}

/** The loop of node-postgres over one column, without what it does around it. */
const theirs = (oid: number, text: (i: number) => string): number => {
  const { bytes, starts } = textRun(text)
  const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const parse: (text: string) => unknown = (getTypeParser as (oid: number) => (text: string) => unknown)(oid)
  return measure(() => {
    const out: Array<object> = []
    for (let row = 0; row < rows; row++) {
      const at = starts[row]! + 6
      const fields = [memory.toString("utf8", at, at + memory.readInt32BE(at - 4))]
      out.push({ v: parse(fields[0]!) })
    }
  })
}

const wanted = process.argv.slice(2)
console.log(["type", "familiar", "lossless", "pg-types"].map((name) => name.padStart(12)).join(""))
for (const [oid, text] of types) {
  const name = Oid.nameOf(oid)
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const costs = [ours(familiar, oid, text), ours(lossless, oid, text), theirs(oid, text)]
  console.log([name, ...costs.map((cost) => cost.toFixed(0))].map((cell) => cell.padStart(12)).join(""))
}
