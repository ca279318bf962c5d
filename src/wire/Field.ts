/**
 * The parts messages are made of, each for both directions. Reading never throws: what is wrong is recorded on the
 * reader. Writing never truncates: what does not fit is recorded on the writer.
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"
import { maxCount } from "./Frame.js"

export interface Field<A> {
  /** Fewest bytes a value takes. A count that promises more than is there is refused before anything is made. */
  readonly least: number
  readonly read: (reader: ByteReader) => A
  readonly write: (writer: ByteWriter, value: A) => void
}

/** The fields of `A` except its `_tag`, in wire order. */
export type Fields<A> = { readonly [K in Exclude<keyof A, "_tag">]: Field<A[K]> }

const integer = (
  least: number,
  low: number,
  high: number,
  read: (reader: ByteReader) => number,
  write: (writer: ByteWriter, value: number) => void
): Field<number> => ({
  least,
  read,
  write: (writer, value) => {
    if (Number.isInteger(value) && value >= low && value <= high) write(writer, value)
    else writer.fail(`${value} is not a whole number from ${low} to ${high}`)
  }
})

export const uint8 = integer(
  1,
  0,
  0xff,
  (reader) => reader.uint8(),
  (writer, value) => writer.uint8(value)
)

export const int16 = integer(
  2,
  -0x8000,
  0x7fff,
  (reader) => reader.int16(),
  (writer, value) => writer.int16(value)
)

export const int32 = integer(
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (reader) => reader.int32(),
  (writer, value) => writer.int32(value)
)

export const uint32 = integer(
  4,
  0,
  0xffff_ffff,
  (reader) => reader.uint32(),
  (writer, value) => writer.uint32(value)
)

/** Text ended by a zero byte. */
export const cstring: Field<string> = {
  least: 1,
  read: (reader) => reader.cstring(),
  write: (writer, value) => writer.cstring(value)
}

/** The remaining bytes of the body, copied. */
export const rest: Field<Uint8Array> = {
  least: 0,
  read: (reader) => reader.copy(reader.remaining),
  write: (writer, value) => writer.raw(value)
}

/** The remaining bytes of the body, `low` to `high` of them, copied. */
export const restBetween = (low: number, high: number): Field<Uint8Array> => ({
  least: low,
  read: (reader) => {
    const size = reader.remaining
    if (size < low || size > high) reader.fail(`${size} bytes where ${low} to ${high} may be`)
    return reader.copy(size)
  },
  write: (writer, value) => {
    if (value.length < low || value.length > high) {
      writer.fail(`${value.length} bytes where ${low} to ${high} may be`)
    } else writer.raw(value)
  }
})

/** A 32-bit length and that many bytes, copied; −1 and none for NULL. Any other negative length is wrong. */
export const value: Field<Uint8Array | null> = {
  least: 4,
  read: (reader) => {
    const size = reader.int32()
    if (size === -1) return null
    return reader.copy(size)
  },
  write: (writer, bytes) => {
    if (bytes === null) writer.int32(-1)
    else {
      writer.int32(bytes.length)
      writer.raw(bytes)
    }
  }
}

/** One byte that must be one of `characters`. */
export const oneOf = <C extends string>(characters: ReadonlyArray<C>): Field<C> => ({
  least: 1,
  read: (reader) => {
    const code = reader.uint8()
    for (const character of characters) if (character.charCodeAt(0) === code) return character
    reader.fail(`byte ${code} is not one of ${characters.join(", ")}`)
    return characters[0]!
  },
  write: (writer, character) => writer.uint8(character.charCodeAt(0))
})

const format = (
  least: number,
  read: (reader: ByteReader) => number,
  write: Field<Format>["write"]
): Field<Format> => ({
  least,
  read: (reader) => {
    const code = read(reader)
    if (code === 1) return 1
    if (code !== 0) reader.fail(`format code ${code}`)
    return 0
  },
  write
})

/** A format code of 16 bits. Anything but 0 and 1 is wrong. */
export const format16 = format(
  2,
  (reader) => reader.int16(),
  (writer, code) => writer.int16(code)
)

/** A format code of 8 bits. Anything but 0 and 1 is wrong. */
export const format8 = format(
  1,
  (reader) => reader.uint8(),
  (writer, code) => writer.uint8(code)
)

const readMany = <A>(reader: ByteReader, count: number, item: Field<A>): ReadonlyArray<A> => {
  const items: Array<A> = []
  if (count < 0 || count * item.least > reader.remaining) {
    reader.fail(`a count of ${count} where ${reader.remaining} bytes are left`)
  }
  for (let index = 0; index < count && reader.failure === null; index++) items.push(item.read(reader))
  return items
}

const writeMany = <A>(writer: ByteWriter, items: ReadonlyArray<A>, item: Field<A>): void => {
  for (let index = 0; index < items.length && writer.failure === null; index++)
    item.write(writer, items[index]!)
}

/** An unsigned 16-bit count and that many items. `item` must take at least one byte. */
export const array16 = <A>(item: Field<A>): Field<ReadonlyArray<A>> => ({
  least: 2,
  read: (reader) => readMany(reader, reader.uint16(), item),
  write: (writer, items) => {
    if (items.length > maxCount) {
      writer.fail(`${items.length} are more than the ${maxCount} the protocol can count`)
      return
    }
    writer.int16(items.length)
    writeMany(writer, items, item)
  }
})

/** A signed 32-bit count, never negative, and that many items. `item` must take at least one byte. */
export const array32 = <A>(item: Field<A>): Field<ReadonlyArray<A>> => ({
  least: 4,
  read: (reader) => readMany(reader, reader.int32(), item),
  write: (writer, items) => {
    writer.int32(items.length)
    writeMany(writer, items, item)
  }
})

/** Strings one after another, ended by a zero byte where the next would begin. None of them is empty. */
export const cstrings: Field<ReadonlyArray<string>> = {
  least: 1,
  read: (reader) => {
    const items: Array<string> = []
    while (reader.failure === null) {
      const item = reader.cstring()
      if (item === "") break
      items.push(item)
    }
    return items
  },
  write: (writer, items) => {
    for (const item of items) {
      if (item === "") writer.fail("an empty name would end the list")
      writer.cstring(item)
    }
    writer.uint8(0)
  }
}

/** Several fields in order, as one value without a tag. */
export const struct = <A extends object>(fields: Fields<A>): Field<A> => {
  const names = fieldNames(fields)
  return {
    least: names.reduce((sum, name) => sum + fields[name].least, 0),
    read: (reader) => {
      const out: Record<PropertyKey, unknown> = {}
      for (const name of names) out[name] = fields[name].read(reader)
      return out as A
    },
    write: (writer, value) => {
      for (const name of names) fields[name].write(writer, value[name])
    }
  }
}

/** The names of the fields in wire order, which is the order they are written down in. */
export const fieldNames = <A>(fields: Fields<A>): ReadonlyArray<Exclude<keyof A, "_tag">> =>
  Object.keys(fields) as Array<Exclude<keyof A, "_tag">>
