/**
 * The dimensions of arrays, as given by callers and as claimed by servers. Limits are the server's: six dimensions and
 * 134,217,727 elements.
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { PgArray } from "../model/PgArray.js"
import * as Fail from "./Fail.js"
import { describe, mismatch } from "./Shape.js"

export const maxDimensions = 6
export const maxElements = 134_217_727
export const undefinedElement = "expected a value or null, got undefined"

export interface Dimensions {
  /** Number of elements of each dimension, outermost first; none for an empty array. */
  readonly lengths: ReadonlyArray<number>
  readonly lowerBounds: ReadonlyArray<number>
  readonly values: ReadonlyArray<unknown>
}

const empty: Dimensions = { lengths: [], lowerBounds: [], values: [] }

/** Elements that the lengths make; `undefined` when one is negative or there are too many. */
export const countOf = (lengths: ReadonlyArray<number>): number | undefined => {
  let count = 1
  let some = true
  for (const length of lengths) {
    if (length < 0) return undefined
    if (length === 0) some = false
    else count *= length
    if (count > maxElements) return undefined
  }
  return some ? count : 0
}

/** Where in the nested arrays the element lies that is the `index`-th in row-major order, such as `[2][1]`. */
export const placeOf = (index: number, lengths: ReadonlyArray<number>): string => {
  let place = ""
  let rest = index
  for (let depth = lengths.length - 1; depth >= 0; depth--) {
    place = `[${rest % lengths[depth]!}]${place}`
    rest = Math.trunc(rest / lengths[depth]!)
  }
  return place
}

/**
 * The dimensions of a parameter, or `undefined` after recording why it has none. `elementsNest`: a JavaScript array is
 * an element (as JSON), so that a plain array has one dimension and more must be stated by a `PgArray`.
 */
export const of = (writer: ByteWriter, value: unknown, elementsNest: boolean): Dimensions | undefined => {
  const values: unknown = value instanceof PgArray ? value.values : value
  if (!Array.isArray(values)) {
    writer.fail(mismatch("array or PgArray", value))
    return undefined
  }
  const stated = value instanceof PgArray ? value.lowerBounds : undefined
  const lengths = lengthsOf(values, stated?.length ?? (elementsNest ? 1 : maxDimensions + 1))
  if (lengths.length > maxDimensions) {
    writer.fail(`expected an array of at most ${maxDimensions} dimensions`)
    return undefined
  }
  const count = countOf(lengths)
  if (count === undefined) {
    writer.fail(`expected an array of at most ${maxElements} elements`)
    return undefined
  }
  if (!isRectangular(writer, values, lengths, 0)) return undefined
  if (count === 0) return empty
  if (stated !== undefined && !isBounded(stated, lengths)) {
    writer.fail("expected a PgArray with one lower bound of 32 bits for each of its dimensions")
    return undefined
  }
  return { lengths, lowerBounds: stated ?? lengths.map(() => 1), values }
}

const lengthsOf = (values: ReadonlyArray<unknown>, most: number): ReadonlyArray<number> => {
  const lengths: Array<number> = []
  let level: unknown = values
  while (Array.isArray(level) && lengths.length < most) {
    lengths.push(level.length)
    level = level[0]
  }
  return lengths
}

const isBounded = (bounds: ReadonlyArray<number>, lengths: ReadonlyArray<number>): boolean =>
  bounds.length === lengths.length &&
  bounds.every((bound, index) => bound === (bound | 0) && bound + lengths[index]! - 1 <= 0x7fffffff)

const isRectangular = (
  writer: ByteWriter,
  values: ReadonlyArray<unknown>,
  lengths: ReadonlyArray<number>,
  depth: number
): boolean => {
  if (depth === lengths.length - 1) return true
  const wanted = lengths[depth + 1]
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    const isAlike: boolean = Array.isArray(value) && value.length === wanted
    if (isAlike && isRectangular(writer, value as ReadonlyArray<unknown>, lengths, depth + 1)) continue
    if (!isAlike) {
      const got = Array.isArray(value) ? `${wanted} and ${value.length}` : `${describe(value)} among them`
      writer.fail(`expected arrays of one length in dimension ${depth + 2}, got ${got}`)
    }
    Fail.insideElement(writer, index, depth, !isAlike)
    return false
  }
  return true
}

/** Nested arrays from elements in row-major order. */
export const nest = (
  elements: ReadonlyArray<unknown>,
  lengths: ReadonlyArray<number>
): ReadonlyArray<unknown> => {
  let level = elements
  for (let depth = lengths.length - 1; depth > 0; depth--) {
    const length = lengths[depth]!
    const outer: Array<unknown> = []
    for (let at = 0; at < level.length; at += length) outer.push(level.slice(at, at + length))
    level = outer
  }
  return level
}
