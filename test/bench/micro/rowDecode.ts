/**
 * What a row costs to decode, in nanoseconds, on synthetic runs of 64 kB. Run with `npx tsx test/bench/micro/rowDecode.ts`.
 * `after others` decodes results of forty other shapes first, as a process that runs many statements does.
 */
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import type { Column } from "../../../src/model/Column.js"
import * as Oid from "../../../src/model/Oid.js"
import { familiar, lossless, type Registry } from "../../../src/types/Registry.js"
import * as Row from "../../../src/types/Row.js"

const column = (name: string, typeOid: number): Column => ({
  name,
  tableOid: 0,
  columnNumber: 0,
  typeOid,
  typeSize: -1,
  typeModifier: -1,
  format: 1
})

type Write = (writer: ByteWriter, row: number) => void

const int4: Write = (writer, row) => {
  writer.int32(4)
  writer.int32(row)
}
const float8: Write = (writer, row) => {
  writer.int32(8)
  writer.float64(row * 1.5)
}
const bool: Write = (writer, row) => {
  writer.int32(1)
  writer.uint8(row % 2)
}
const instant: Write = (writer, row) => {
  writer.int32(8)
  writer.int64(762_000_000_000_000n + BigInt(row))
}
const text =
  (make: (row: number) => string): Write =>
  (writer, row) => {
    const value = make(row)
    writer.int32(value.length)
    writer.text(value)
  }

interface Shape {
  readonly columns: ReadonlyArray<Column>
  readonly writes: ReadonlyArray<Write>
}

const wide: Shape = {
  columns: [
    column("id", Oid.int4),
    column("name", Oid.text),
    column("score", Oid.float8),
    column("active", Oid.bool),
    column("at", Oid.timestamptz),
    column("pad", Oid.text)
  ],
  writes: [
    int4,
    text((row) => `name-${100_000 + row}`),
    float8,
    bool,
    instant,
    text((row) => `${row}`.padStart(40, "x"))
  ]
}
const narrow: Shape = { columns: [column("x", Oid.int4)], writes: [int4] }
const many: Shape = {
  columns: Array.from({ length: 30 }, (_, index) => column(`column_${index}`, Oid.int4)),
  writes: Array.from({ length: 30 }, () => int4)
}
const times: Shape = { columns: [column("at", Oid.timestamptz)], writes: [instant] }

/** Rows of one shape, as many as fill 64 kB. */
const fill = (shape: Shape) => {
  const writer = new ByteWriter(1 << 17)
  const starts: Array<number> = []
  for (let row = 0; writer.offset < 65_000; row++) {
    writer.uint8(68)
    const at = writer.offset
    writer.int32(0)
    starts.push(writer.offset)
    writer.int16(shape.columns.length)
    for (const write of shape.writes) write(writer, row)
    writer.patchInt32(at, writer.offset - at)
  }
  return { bytes: writer.written().slice(), starts: Int32Array.from(starts), count: starts.length }
}

const formats = (shape: Shape, registry: Registry) => Row.resultFormats(shape.columns, registry)

const measure = (shape: Shape, registry: Registry, mode: Row.RowMode): number => {
  const run = fill(shape)
  const decoder = Row.compile(shape.columns, formats(shape, registry), registry, mode)
  let best = Infinity
  for (let round = 0; round < 12; round++) {
    const started = process.hrtime.bigint()
    const repeats = Math.ceil(100_000 / run.count)
    for (let repeat = 0; repeat < repeats; repeat++) {
      const out: Array<Row.Row> = []
      if (decoder.decode(run.bytes, run.starts, run.count, out) !== null) throw new Error("undecodable")
    }
    best = Math.min(best, Number(process.hrtime.bigint() - started) / (repeats * run.count))
  }
  return best
}

const report = (when: string) => {
  for (const [name, shape] of [
    ["wide row", wide],
    ["one int4", narrow],
    ["one timestamptz", times],
    ["thirty int4", many]
  ] as const) {
    const cells = [
      ["familiar", measure(shape, familiar, "object")],
      ["lossless", measure(shape, lossless, "object")],
      ["familiar array", measure(shape, familiar, "array")]
    ] as const
    console.log(
      `${when.padEnd(13)}${name.padEnd(17)}${cells.map(([label, ns]) => `${label} ${ns.toFixed(0)} ns`).join(", ")}`
    )
  }
}

report("alone")
for (let index = 0; index < 40; index++) {
  const width = 1 + (index % 7)
  const shape: Shape = {
    columns: Array.from({ length: width }, (_, at) => column(`c${index}_${at}`, Oid.int4)),
    writes: Array.from({ length: width }, () => int4)
  }
  measure(shape, familiar, "object")
}
report("after others")
