/**
 * `int2vector` and `oidvector`, the flat lists of the catalogs, as arrays of numbers that count from 0.
 *
 * As parameters they take arrays of numbers, and strings such as `1 2 3`. They travel as text, because the server takes no
 * empty one in binary.
 */
import * as Oid from "../model/Oid.js"
import type { Codec } from "./Codec.js"
import * as Integers from "./Integers.js"
import { mismatch } from "./Shape.js"
import * as Values from "./Values.js"

/** One dimension without NULL that counts from 0. */
const header = 20

const make = (
  name: string,
  oid: number,
  arrayOid: number,
  element: Codec<number>,
  size: 2 | 4
): Codec<ReadonlyArray<number>> => {
  const [least, most] = size === 2 ? [-0x8000, 0x7fff] : [0, 0xffffffff]
  const fits = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
  const fitting = (value: unknown): ReadonlyArray<number> | undefined =>
    Array.isArray(value) && value.every(fits) ? value : undefined
  return Values.make<ReadonlyArray<number>>({
    name,
    oid,
    arrayOid,
    elementsNest: true,
    noun: `an ${name}`,
    takes: `array of whole numbers from ${least} to ${most}`,
    blank: [],
    parse: (text) => {
      if (!/^ *(?:-?\d{1,10}(?: +|$))*$/.test(text)) return undefined
      return fitting(
        text
          .split(" ")
          .filter((part) => part !== "")
          .map(Number)
      )
    },
    of: fitting,
    defect: (value) => {
      if (!Array.isArray(value)) return undefined
      const index = value.findIndex((item) => !fits(item))
      return index < 0
        ? undefined
        : `element [${index}]: ${mismatch(`a whole number from ${least} to ${most}`, value[index])}`
    },
    print: (value) => value.join(" "),
    read: (reader, at, length) => {
      const { view } = reader
      const count = length < header ? -1 : view.getInt32(at + 12)
      if (
        count < 0 ||
        length !== header + count * (4 + size) ||
        view.getInt32(at) !== 1 ||
        view.getInt32(at + 4) !== 0 ||
        view.getUint32(at + 8) !== element.oid ||
        view.getInt32(at + 16) !== 0
      ) {
        reader.fail(`${length} bytes are not a ${name}`)
        return undefined
      }
      const values: Array<number> = []
      for (let next = at + header; next < at + length; next += 4 + size) {
        if (view.getInt32(next) !== size) {
          reader.fail(`an element of the ${name} has another size than ${size}`)
          return undefined
        }
        values.push(size === 2 ? view.getInt16(next + 4) : view.getUint32(next + 4))
      }
      return values
    },
    write: (writer, value) => {
      if (value.length === 0)
        return writer.fail(`expected elements: an empty ${name} cannot be sent in binary`)
      writer.int32(1)
      writer.int32(0)
      writer.uint32(element.oid)
      writer.int32(value.length)
      writer.int32(0)
      for (const number of value) {
        writer.int32(size)
        if (size === 2) writer.int16(number)
        else writer.uint32(number)
      }
    }
  })
}

export const int2vector = make("int2vector", Oid.int2vector, Oid.int2vectorArray, Integers.int2, 2)
export const oidvector = make("oidvector", Oid.oidvector, Oid.oidvectorArray, Integers.oid, 4)

export const all = [int2vector, oidvector] as const
