/**
 * PostGIS: `geometry` and `geography`, in binary the extended well-known binary, in text its hexadecimal digits.
 *
 * As parameters they take `PgGeometry`, and strings, which go to the server as they are (also `POINT(1 2)` and GeoJSON): for
 * their sake parameters travel as text. Bytes are given back as they came.
 *
 * @see https://postgis.net/docs/using_postgis_dbmanagement.html
 */
import { PgGeometry } from "../model/PgGeometry.js"
import type { Codec, Names } from "./Codec.js"
import * as Ewkb from "./Ewkb.js"
import * as Values from "./Values.js"

const blank = Ewkb.geometry({ _tag: "GeometryCollection", figures: [] })

const parse = (text: string): PgGeometry | undefined => {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(2 * index, 2 * index + 2), 16)
  }
  const value = Ewkb.decode(bytes)
  return typeof value === "string" ? undefined : value
}

export const over = (names: Names): Codec<PgGeometry> =>
  Values.make<PgGeometry>({
    ...names,
    delimiter: ":",
    noun: "a geometry in hexadecimal digits",
    takes: "PgGeometry",
    blank,
    parse,
    of: (value) => (value instanceof PgGeometry ? value : undefined),
    read: (reader, at, length) => {
      const copy = new Uint8Array(length)
      copy.set(reader.bytes.subarray(at, at + length))
      const value = Ewkb.decode(copy)
      if (typeof value !== "string") return value
      reader.fail(value)
      return undefined
    },
    write: (writer, value) => writer.raw(value.bytes)
  })
