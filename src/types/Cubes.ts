/**
 * `cube`. As parameters it takes `PgCube`, and strings, which go to the server as they are: for their sake parameters travel
 * as text.
 *
 * @see https://www.postgresql.org/docs/current/cube.html
 */
import { PgCube } from "../model/PgCube.js"
import type { Codec, Names } from "./Codec.js"
import * as Floats from "./Floats.js"
import * as Values from "./Values.js"

/** The server's limit. */
export const maxDimensions = 100

const pointFlag = 0x80000000

const cornerOf = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const numbers = text.split(", ").map(Floats.parse)
  return numbers.every((number) => number !== undefined) ? numbers : undefined
}

const pattern = /^\(([^()]*)\)(?:,\(([^()]*)\))?$/

const parse = (text: string): PgCube | undefined => {
  const match = pattern.exec(text)
  const corner = match === null ? undefined : cornerOf(match[1]!)
  if (corner === undefined || corner.length > maxDimensions) return undefined
  if (match![2] === undefined) return new PgCube(corner)
  const opposite = cornerOf(match![2])
  return opposite?.length === corner.length ? new PgCube(corner, opposite) : undefined
}

export const over = (names: Names): Codec<PgCube> =>
  Values.make<PgCube>({
    ...names,
    noun: "a cube",
    takes: "PgCube",
    blank: new PgCube([]),
    parse,
    of: (value) => (value instanceof PgCube ? value : undefined),
    read: (reader, at, length) => {
      const header = length < 4 ? 0 : reader.view.getUint32(at)
      const isPoint = header >= pointFlag
      const dimensions = isPoint ? header - pointFlag : header
      const size = 4 + 8 * dimensions * (isPoint ? 1 : 2)
      if (length < 4 || dimensions > maxDimensions || length !== size) {
        reader.fail(length < 4 ? "a cube without its header" : `${dimensions} dimensions in ${length} bytes`)
        return undefined
      }
      const corner = (from: number): ReadonlyArray<number> =>
        Array.from({ length: dimensions }, (_, index) => reader.view.getFloat64(from + 8 * index))
      return isPoint
        ? new PgCube(corner(at + 4))
        : new PgCube(corner(at + 4), corner(at + 4 + 8 * dimensions))
    },
    write: (writer, { corner, opposite }) => {
      if (corner.length > maxDimensions || (opposite !== undefined && opposite.length !== corner.length)) {
        return writer.fail(
          `expected a PgCube whose corners have the same number of dimensions, at most ${maxDimensions}`
        )
      }
      writer.uint32(opposite === undefined ? pointFlag + corner.length : corner.length)
      for (const number of corner) writer.float64(number)
      for (const number of opposite ?? []) writer.float64(number)
    }
  })
