/** Parts that only replication's payloads have. */
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import * as Lsn from "../../model/Lsn.js"
import type { Field } from "../Field.js"

/** 64 bits without sign: a position, or a transaction id with its epoch. */
export const uint64: Field<bigint> = {
  least: 8,
  read: (reader) => reader.uint64(),
  write: (writer, value) => {
    if (Lsn.isLsn(value)) writer.int64(value)
    else writer.fail(`${value} is not a whole number of 64 bits without sign`)
  }
}

/** A position that must be there: `0/0` is wrong. */
export const position: Field<Lsn.Lsn> = {
  least: 8,
  read: (reader) => {
    const value = reader.uint64()
    if (value === Lsn.zero) reader.fail("the position 0/0 where there must be one")
    return value
  },
  write: (writer, value) => {
    if (value === Lsn.zero) writer.fail("the position 0/0 where there must be one")
    else uint64.write(writer, value)
  }
}

/** An instant, in microseconds since 2000. */
export const time: Field<PgTimestampTz> = {
  least: 8,
  read: (reader) => {
    const high = reader.int32()
    return new PgTimestampTz(high, reader.int32())
  },
  write: (writer, value) => {
    writer.int32(value.high)
    writer.int32(value.low)
  }
}

/** One byte, 0 or 1 and nothing else. */
export const flag: Field<boolean> = {
  least: 1,
  read: (reader) => {
    const byte = reader.uint8()
    if (byte > 1) reader.fail(`${byte} where 0 or 1 must be`)
    return byte === 1
  },
  write: (writer, value) => writer.uint8(value ? 1 : 0)
}

/** `field` behind a byte of flags of which none is known: anything but zero is wrong. */
export const afterNoFlags = <A>(field: Field<A>): Field<A> => ({
  least: field.least + 1,
  read: (reader) => {
    const flags = reader.uint8()
    if (flags !== 0) reader.fail(`unknown flags ${flags}`)
    return field.read(reader)
  },
  write: (writer, value) => {
    writer.uint8(0)
    field.write(writer, value)
  }
})

/** `field` with a byte of flags of which none is known behind it. */
export const beforeNoFlags = <A>(field: Field<A>): Field<A> => ({
  least: field.least + 1,
  read: (reader) => {
    const value = field.read(reader)
    const flags = reader.uint8()
    if (flags !== 0) reader.fail(`unknown flags ${flags}`)
    return value
  },
  write: (writer, value) => {
    field.write(writer, value)
    writer.uint8(0)
  }
})

/** A 32-bit length, never negative, and that many bytes, copied. */
export const counted: Field<Uint8Array> = {
  least: 4,
  read: (reader) => reader.copy(reader.int32()),
  write: (writer, bytes) => {
    writer.int32(bytes.length)
    writer.raw(bytes)
  }
}
