/**
 * Codecs of an application's own for types that it knows by name: the OID of a type that somebody has created is another one
 * in every database, and so a registry that is made beforehand can only remember the name.
 */
import type { Codec } from "./Codec.js"

/** Makes an application's codec of the one that its type has without it. */
export type MakeCodec = (found: Codec) => Codec

export interface NamedCodec {
  /** `shop.colour`, or without its schema for a type of the name in any; each spelling that it may be. */
  readonly names: ReadonlyArray<string>
  readonly make: MakeCodec
}

/**
 * The codec of a type that has `found`, once those who have named it have been asked, each with what the one before has made.
 * `schema`: `undefined` when it is unknown.
 */
export const over = (all: ReadonlyArray<NamedCodec>, schema: string | undefined, found: Codec): Codec => {
  let codec = found
  for (const { make, names } of all) {
    if (names.includes(found.name) || (schema !== undefined && names.includes(`${schema}.${found.name}`))) {
      codec = made(make, codec)
    }
  }
  return codec
}

/** It stays a codec of its type, whatever type the one it was made of was for. */
const made = (make: MakeCodec, found: Codec): Codec => {
  const { arrayOid, delimiter, name, oid } = found
  return { ...attempted(make, found), name, oid, arrayOid, delimiter }
}

/** Types are found between two messages of the server, where nobody catches: what is thrown there is for who reads or writes. */
const attempted = (make: MakeCodec, found: Codec): Codec => {
  try {
    return make(found)
  } catch (thrown) {
    const raise = () => {
      throw thrown
    }
    return { ...found, decodeText: raise, decodeBinary: raise, encodeText: raise, encodeBinary: raise }
  }
}
