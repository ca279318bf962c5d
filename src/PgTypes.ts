/** PostgreSQL types: presets, registries, codecs and the values that lose nothing. */
export * as Oid from "./model/Oid.js"
export { Registry, familiar, lossless } from "./types/Registry.js"
export type { Codec, Decode, Encode } from "./types/Codec.js"
export type { ArrayRow, ObjectRow, Row } from "./types/Row.js"
