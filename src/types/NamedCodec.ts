/**
 * Codecs of an application for types that it knows by name. The OID of a type that was created is different in every
 * database, so a registry that is made before connecting can only hold the name.
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

/**
 * Types are found between two messages of the server, where no code catches. So what is thrown there fails the later read
 * or write of a value.
 */
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
