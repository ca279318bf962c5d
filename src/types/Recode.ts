/**
 * Values read by one codec as another codec of the type reads them. They go through the server's text, so this needs a
 * first codec whose values keep everything of that text.
 */
import { ByteReader } from "../bytes/ByteReader.js"
import { ByteWriter } from "../bytes/ByteWriter.js"
import * as Either from "effect/Either"
import * as Oid from "../model/Oid.js"
import * as Arrays from "./Arrays.js"
import type { Codec } from "./Codec.js"
import * as Geometries from "./Geometries.js"
import * as Integers from "./Integers.js"
import * as Numerics from "./Numerics.js"
import * as Registry from "./Registry.js"
import * as Times from "./Times.js"
import { decodeString } from "./Texts.js"

/** From a value to what the other codec makes of it; left is the reason why it cannot be read. Never gets NULL. */
export type Recode = (value: unknown) => Either.Either<unknown, string>

/** Whether both read alike; a domain's codec has another name than its base's. */
export const isSame = (self: Codec | undefined, that: Codec | undefined): boolean => {
  if (self === that) return true
  if (self === undefined || that === undefined) return false
  if (self.decodeText === that.decodeText && self.decodeBinary === that.decodeBinary) return true
  const [ours, theirs] = [Arrays.madeOf(self), Arrays.madeOf(that)]
  return (
    ours !== undefined &&
    theirs !== undefined &&
    ours.bounds === theirs.bounds &&
    isSame(ours.element, theirs.element)
  )
}

/** Whether both write alike. */
export const isSameWriter = (self: Codec | undefined, that: Codec | undefined): boolean => {
  if (self === that) return true
  if (self === undefined || that === undefined) return false
  if (self.encodeText === that.encodeText && self.encodeBinary === that.encodeBinary) return true
  const [ours, theirs] = [Arrays.madeOf(self), Arrays.madeOf(that)]
  return ours !== undefined && theirs !== undefined && isSameWriter(ours.element, theirs.element)
}

/** Types whose exact values print otherwise than the server does: JSON loses digits, a float4 has more of them. */
const inexact: ReadonlySet<number> = new Set([Oid.json, Oid.jsonb, Oid.float4])

/** Strings of the server's own. */
const textual: ReadonlyArray<Codec> = [
  Integers.int8AsString,
  Numerics.numericAsString,
  Times.timeAsText,
  Times.timetzAsText
]

/** Plain objects that have all numbers of the value. */
const plain: ReadonlyArray<Codec> = [Geometries.pointAsObject, Geometries.circleAsObject]

/** Whether the values of this codec keep everything that the server sent. */
const keepsAll = (codec: Codec, oid: number): boolean => {
  const made = Arrays.madeOf(codec)
  if (made !== undefined) return made.bounds === "kept" && keepsAll(made.element, made.element.oid)
  if (codec.decodeText === decodeString) return true
  if ([...textual, ...plain].some((each) => isSame(each, codec))) return true
  return !inexact.has(oid) && isSame(codec, Registry.lossless.lookup(oid))
}

/** `oid`: the type that both codecs are for. `undefined` when the values have lost what the other codec may need. */
export const from = (codec: Codec, to: Codec, oid: number): Recode | undefined => {
  if (isSame(codec, to)) return Either.right
  if (!keepsAll(codec, oid)) return undefined
  return (value) => {
    const writer = new ByteWriter()
    codec.encodeText(writer, value)
    if (writer.failure !== null) return Either.left(writer.failure)
    const bytes = writer.written()
    const reader = new ByteReader(bytes)
    const read = to.decodeText(reader, 0, bytes.length)
    return reader.failure === null ? Either.right(read) : Either.left(reader.failure)
  }
}
