/**
 * `bit` and `varbit`. Reading copies: nothing of the value refers to the connection's memory.
 *
 * As parameters they take `BitString`, and strings such as `10101`, which go to the server as they are (`x1f` for
 * hexadecimal digits): for their sake parameters of these types travel as text.
 *
 * @see https://www.postgresql.org/docs/current/datatype-bit.html
 */
import * as Option from "effect/Option"
import { BitString } from "../model/BitString.js"
import * as Oid from "../model/Oid.js"
import type { Codec } from "./Codec.js"
import * as Values from "./Values.js"

const make = (name: string, oid: number, arrayOid: number): Codec<BitString> =>
  Values.make({
    name,
    oid,
    arrayOid,
    noun: `a ${name}`,
    takes: "BitString",
    blank: BitString.empty,
    parse: (text) => Option.getOrUndefined(BitString.fromText(text)),
    of: (value) =>
      value instanceof BitString && value.bytes.length === Math.ceil(value.length / 8) ? value : undefined,
    read: (reader, at, length) => {
      const count = length < 4 ? -1 : reader.view.getInt32(at)
      if (count < 0 || length !== 4 + Math.ceil(count / 8)) {
        reader.fail(
          length < 4 ? `a ${name} without its count` : `a ${name} of ${count} bits in ${length} bytes`
        )
        return undefined
      }
      return Option.getOrUndefined(BitString.make(reader.bytes.subarray(at + 4, at + length), count))
    },
    write: (writer, value) => {
      writer.int32(value.length)
      writer.raw(value.bytes)
    }
  })

export const bit = make("bit", Oid.bit, Oid.bitArray)
export const varbit = make("varbit", Oid.varbit, Oid.varbitArray)

export const all = [bit, varbit] as const
