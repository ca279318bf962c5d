/**
 * pgvector's `vector`, `halfvec` and `sparsevec`.
 *
 * As parameters the first two take `PgVector`, arrays of numbers, `Float32Array` and text such as `[1,2,3]`; `sparsevec`
 * takes `PgSparseVector` and text such as `{1:0.5,3:2}/5`. They travel in binary. Numbers are rounded to the nearest that the
 * type holds; what is beyond its range is refused, as are NaN and the infinities, which the server does not take.
 *
 * @see https://github.com/pgvector/pgvector
 */
import type { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { PgSparseVector } from "../model/PgSparseVector.js"
import { PgVector } from "../model/PgVector.js"
import type { Codec, Names } from "./Codec.js"
import * as Floats from "./Floats.js"
import * as Halves from "./Halves.js"
import { mismatch } from "./Shape.js"
import * as Values from "./Values.js"

/** Limits of the server: dimensions of a dense vector, and numbers kept in a sparse one. */
export const maxDimensions = 16_000
/** Dimensions of a sparse vector. */
export const maxSparse = 1_000_000_000

/** A header of the dimensions and of what the type has not come to use. */
const denseHeader = 4
const sparseHeader = 12

const empty = new PgVector(new Float32Array(0))

/** Numbers between brackets; the server takes no vector without any. */
const parseDense = (text: string): PgVector | undefined => {
  const match = /^\s*\[([^\]]*)\]\s*$/.exec(text)
  const numbers = match === null ? [] : match[1]!.split(",").map((part) => Floats.parse(part.trim()))
  return numbers.length > 0 && numbers.every((number) => number !== undefined)
    ? new PgVector(Float32Array.from(numbers))
    : undefined
}

const isNumbers = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.every((item) => typeof item === "number")

const denseOf = (value: unknown): PgVector | undefined => {
  if (value instanceof PgVector) return value
  if (value instanceof Float32Array) return new PgVector(value)
  return isNumbers(value) ? PgVector.of(...value) : undefined
}

/** The element of an array that is no number. */
const denseDefect = (value: unknown): string | undefined => {
  const index = Array.isArray(value) ? value.findIndex((item) => typeof item !== "number") : -1
  return index < 0
    ? undefined
    : `element [${index}]: ${mismatch("a number", (value as ReadonlyArray<unknown>)[index])}`
}

/** How one number of a dense vector lies in its bytes. */
interface Element {
  readonly size: 2 | 4
  readonly read: (reader: ByteReader, at: number) => number
  readonly write: (writer: ByteWriter, value: number) => void
  readonly fits: (value: number) => boolean
}

const single: Element = {
  size: 4,
  read: (reader, at) => reader.view.getFloat32(at),
  write: (writer, value) => writer.float32(value),
  fits: Number.isFinite
}

const half: Element = {
  size: 2,
  read: (reader, at) => Halves.read(reader.view.getUint16(at)),
  write: (writer, value) => writer.int16(Halves.write(value)),
  fits: Halves.fits
}

const dense =
  (element: Element) =>
  (names: Names): Codec<PgVector> => ({
    ...Values.make<PgVector>({
      ...names,
      elementsNest: true,
      noun: `a ${names.name}`,
      takes: "PgVector, array of numbers",
      blank: empty,
      parse: parseDense,
      of: denseOf,
      defect: denseDefect,
      read: (reader, at, length) => {
        const dimensions = length < denseHeader ? -1 : reader.view.getInt16(at)
        if (dimensions < 0 || length !== denseHeader + element.size * dimensions) {
          reader.fail(
            length < denseHeader
              ? `a ${names.name} without its header`
              : `${dimensions} dimensions in ${length} bytes`
          )
          return undefined
        }
        const values = new Float32Array(dimensions)
        for (let index = 0; index < dimensions; index++) {
          values[index] = element.read(reader, at + denseHeader + element.size * index)
        }
        return new PgVector(values)
      },
      write: (writer, { values }) => {
        if (values.length < 1 || values.length > maxDimensions) {
          return writer.fail(`expected 1 to ${maxDimensions} dimensions, got ${values.length}`)
        }
        const beyond = values.findIndex((value) => !element.fits(value))
        if (beyond >= 0) {
          return writer.fail(
            `element [${beyond}]: expected a number within the range of ${names.name}, got one beyond it`
          )
        }
        writer.int16(values.length)
        writer.int16(0)
        for (const value of values) element.write(writer, value)
      }
    }),
    parameterFormat: 1
  })

export const vector = dense(single)
export const halfvec = dense(half)

const pair = /^(\d{1,10})\s*:\s*([^:]+)$/

/** In any order, zeros too: of these the server keeps none. What only rounding makes zero is out of range to it. */
const parseSparse = (text: string): PgSparseVector | undefined => {
  const match = /^\s*\{([^}]*)\}\s*\/\s*(\d{1,10})\s*$/.exec(text)
  if (match === null) return undefined
  const parts = match[1]!.trim() === "" ? [] : match[1]!.split(",")
  const pairs: Array<readonly [index: number, value: number]> = []
  for (const part of parts) {
    const [, place, digits] = pair.exec(part.trim()) ?? []
    const value = digits === undefined ? undefined : Floats.parse(digits)
    if (value === undefined || (value !== 0 && Math.fround(value) === 0)) return undefined
    if (value !== 0) pairs.push([Number(place) - 1, value])
  }
  pairs.sort(([one], [other]) => one - other)
  const indices = pairs.map(([index]) => index)
  const values = Float32Array.from(pairs, ([, value]) => value)
  const vector = new PgSparseVector(Number(match[2]), indices, values)
  return isOrdered(vector) ? vector : undefined
}

/** In binary the server refuses zeros, which it leaves out when it reads text. */
const withoutZeros = (vector: PgSparseVector): PgSparseVector => {
  const { dimensions, indices, values } = vector
  if (!values.includes(0)) return vector
  const kept = indices.filter((_, place) => values[place] !== 0)
  return new PgSparseVector(
    dimensions,
    kept,
    values.filter((value) => value !== 0)
  )
}

/** Places ascending, and none outside. */
const isOrdered = ({ dimensions, indices, values }: PgSparseVector): boolean =>
  indices.length === values.length &&
  indices.every(
    (index, place) =>
      Number.isInteger(index) && index > (place === 0 ? -1 : indices[place - 1]!) && index < dimensions
  )

export const sparsevec = (names: Names): Codec<PgSparseVector> => ({
  ...Values.make<PgSparseVector>({
    ...names,
    noun: "a sparsevec",
    takes: "PgSparseVector",
    blank: new PgSparseVector(0, [], new Float32Array(0)),
    parse: parseSparse,
    of: (value) => (value instanceof PgSparseVector ? value : undefined),
    read: (reader, at, length) => {
      const { view } = reader
      const count = length < sparseHeader ? -1 : view.getInt32(at + 4)
      if (count < 0 || length !== sparseHeader + 8 * count) {
        reader.fail(
          length < sparseHeader ? "a sparsevec without its header" : `${count} numbers in ${length} bytes`
        )
        return undefined
      }
      const indices: Array<number> = []
      const values = new Float32Array(count)
      for (let index = 0; index < count; index++) {
        indices.push(view.getInt32(at + sparseHeader + 4 * index))
        values[index] = view.getFloat32(at + sparseHeader + 4 * (count + index))
      }
      const vector = new PgSparseVector(view.getInt32(at), indices, values)
      if (vector.dimensions >= 0 && isOrdered(vector)) return vector
      reader.fail("a sparsevec whose places are out of order or out of range")
      return undefined
    },
    write: (writer, vector) => {
      if (!isOrdered(vector) || !vector.values.every(Number.isFinite)) {
        return writer.fail("expected finite numbers at ascending places within the dimensions")
      }
      const { dimensions, indices, values } = withoutZeros(vector)
      if (!(dimensions >= 1 && dimensions <= maxSparse) || indices.length > maxDimensions) {
        return writer.fail(`expected 1 to ${maxSparse} dimensions with at most ${maxDimensions} numbers`)
      }
      writer.int32(dimensions)
      writer.int32(indices.length)
      writer.int32(0)
      for (const index of indices) writer.int32(index)
      for (const value of values) writer.float32(value)
    }
  }),
  parameterFormat: 1
})
