/** Records as lists of texts, for tests of the copy formats: from bytes however cut, and back. */
import { assert } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { ByteReader } from "../../../src/bytes/ByteReader.js"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import { CopyFormatError, type RecordReader } from "../../../src/wire/copy/RecordReader.js"
import { bodyEnd } from "../../../src/wire/FrameRun.js"
import { bytes } from "../bytes.js"

/** One record: a text for each field, `null` for NULL. */
export type Fields = ReadonlyArray<string | null>

export interface Seen {
  readonly records: ReadonlyArray<Fields>
  readonly failure: CopyFormatError | null
}

const fieldsOf = (body: Uint8Array, start: number, end: number): Fields => {
  const reader = new ByteReader(body, start, end)
  const fields = Array.from({ length: reader.int16() }, () => {
    const length = reader.int32()
    return length === -1 ? null : reader.text(length)
  })
  reader.finish()
  if (reader.failure !== null) throw new Error(`a body that is none: ${reader.failure}`)
  return fields
}

/** What a reader makes of these chunks, and of their end unless `open`. */
export const read = (reader: RecordReader, chunks: Iterable<Uint8Array>, open = false): Seen => {
  const records: Array<Fields> = []
  const take = (): CopyFormatError | null => {
    for (let run = reader.next(); run !== null; run = reader.next()) {
      if (run instanceof CopyFormatError) return run
      for (let index = 0; index < run.count; index++) {
        records.push(fieldsOf(run.bytes, run.starts[index]!, bodyEnd(run, index)))
      }
    }
    return null
  }
  let failure: CopyFormatError | null = null
  for (const chunk of chunks) {
    reader.push(chunk)
    failure = take()
    if (failure !== null) return { records, failure }
  }
  if (!open) {
    reader.finish()
    failure = take()
  }
  return { records, failure }
}

/** What readers of one format make of a whole text of records of `width` fields. */
export const reading = <O>(reader: (width: number, options?: O) => RecordReader) => ({
  records: (width: number, text: string, options?: O): ReadonlyArray<Fields> => {
    const seen = read(reader(width, options), [bytes(text)])
    assert.isNull(seen.failure)
    return seen.records
  },
  fails: (width: number, text: string, kind: string, reason: RegExp, record: number, options?: O): void => {
    const { failure } = read(reader(width, options), [bytes(text)])
    assert.strictEqual(failure?.kind, kind)
    assert.match(failure?.reason ?? "", reason)
    assert.strictEqual(failure?.record, record)
  }
})

/** Stands for a column's default among the fields to be written. */
export const isDefault = Symbol("default")

/** Fields as the writers of lines take them. */
export const fieldsIn = (fields: ReadonlyArray<string | null | typeof isDefault>): ByteWriter => {
  const writer = new ByteWriter()
  for (const field of fields) {
    writer.int32(field === isDefault ? -2 : -1)
    if (field === null || field === isDefault) continue
    const start = writer.offset
    writer.text(field)
    writer.patchInt32(start - 4, writer.offset - start)
  }
  return writer
}

/** Texts of what has a meaning in some format, of line ends, and of characters of every length. */
export const text: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(..."ab,;\t\n\r\\.\"'N|0x1 \b\v\u0001é中😀"),
  maxLength: 8
})

/** Records that all have the same number of fields. */
export const table: fc.Arbitrary<{ readonly width: number; readonly records: ReadonlyArray<Fields> }> = fc
  .integer({ min: 0, max: 4 })
  .chain((width) =>
    fc.record({
      width: fc.constant(width),
      records: fc.array(fc.array(fc.option(text, { freq: 4 }), { minLength: width, maxLength: width }), {
        maxLength: 6
      })
    })
  )

/** Sizes of pieces to cut a stream into, over and over. */
export const cuts: fc.Arbitrary<ReadonlyArray<number>> = fc.array(fc.integer({ min: 1, max: 9 }), {
  minLength: 1,
  maxLength: 6
})
