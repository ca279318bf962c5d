/** A codec made of another, for types of an application's own. */
import type { Codec, Decode, Encode } from "./Codec.js"

const reading =
  <A, B>(decode: Decode<A>, read: (value: A) => B): Decode<B> =>
  (reader, at, length) => {
    const value = decode(reader, at, length)
    // A value that could not be read is not given to `read`: the failure is reported instead.
    return reader.failure === null ? read(value) : (undefined as B)
  }

const writing =
  (encode: Encode, write: (value: unknown) => unknown): Encode =>
  (writer, value) =>
    encode(writer, write(value))

/**
 * A codec of the same type for other values: `read` makes them of what `codec` reads, `write` makes of a parameter what
 * `codec` takes. Neither ever gets NULL. What they throw fails the statement with `PgCodecError`. `write` is given whatever
 * stands for the parameter: leave alone what is not of your type, and `codec` refuses or takes it.
 */
export const mapped = <A, B>(
  codec: Codec<A>,
  read: (value: A) => B,
  write: (value: unknown) => unknown
): Codec<B> => ({
  ...codec,
  decodeText: reading(codec.decodeText, read),
  decodeBinary: codec.decodeBinary === undefined ? undefined : reading(codec.decodeBinary, read),
  encodeText: writing(codec.encodeText, write),
  encodeBinary: codec.encodeBinary === undefined ? undefined : writing(codec.encodeBinary, write)
})
