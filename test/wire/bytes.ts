/** Bytes written out by hand, and the way of a stream through framer and decoder. */
import * as Either from "effect/Either"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"
import { FrameLengthError } from "../../src/wire/FrameLengthError.js"
import type { FrameLimits } from "../../src/wire/FrameLimits.js"
import * as Limits from "../../src/wire/FrameLimits.js"
import { Framer } from "../../src/wire/Framer.js"
import { bodyEnd } from "../../src/wire/FrameRun.js"
import type { MalformedMessage } from "../../src/wire/MalformedMessage.js"

const encoder = new TextEncoder()

export type Part = number | string | Uint8Array

/** Numbers are bytes, text is UTF-8 without a terminator. */
export const bytes = (...parts: ReadonlyArray<Part>): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? [part] : [...(typeof part === "string" ? encoder.encode(part) : part)]
    )
  )

/** A frame around a body, with the right length. */
export const frame = (tag: string, ...parts: ReadonlyArray<Part>): Uint8Array => {
  const body = bytes(...parts)
  return bytes(tag, ...int32(body.length + 4), body)
}

export const int32 = (value: number): ReadonlyArray<number> => [
  (value >>> 24) & 255,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255
]

export const int16 = (value: number): ReadonlyArray<number> => [(value >>> 8) & 255, value & 255]

/** What `encode` appends; fails the test when it refuses. */
export const written = (encode: (writer: ByteWriter) => boolean): Uint8Array => {
  const writer = new ByteWriter()
  if (!encode(writer)) throw new Error(`refused: ${writer.failure}`)
  return writer.written().slice()
}

/** The failure of an encoder that must refuse, having appended nothing. */
export const refused = (encode: (writer: ByteWriter) => boolean): string => {
  const writer = new ByteWriter()
  writer.raw(bytes("before"))
  if (encode(writer)) throw new Error("accepted")
  if (writer.offset !== 6) throw new Error(`${writer.offset - 6} bytes of a refused message are left`)
  if (writer.failure === null) throw new Error("refused without a reason")
  return writer.failure
}

/** The failure of a decoder that must refuse. */
export const malformed = (decoded: Either.Either<unknown, MalformedMessage>): MalformedMessage => {
  if (Either.isRight(decoded)) throw new Error(`accepted: ${JSON.stringify(decoded.right)}`)
  return decoded.left
}

/** Cuts `stream` into pieces of the given sizes, over and over. */
export const cut = (stream: Uint8Array, sizes: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const pieces: Array<Uint8Array> = []
  for (let at = 0, index = 0; at < stream.length; index++) {
    const size = sizes[index % sizes.length]!
    pieces.push(stream.slice(at, at + size))
    at += size
  }
  return pieces
}

export interface Received {
  readonly messages: ReadonlyArray<BackendMessage.BackendMessage>
  readonly failure: FrameLengthError | MalformedMessage | null
  readonly framer: Framer
}

/** What a client makes of these chunks. */
export const receive = (
  chunks: Iterable<Uint8Array>,
  limits: FrameLimits = Limits.defaults.session
): Received => {
  const framer = new Framer(limits)
  const messages: Array<BackendMessage.BackendMessage> = []
  for (const chunk of chunks) {
    framer.push(chunk)
    for (let run = framer.next(); run !== null; run = framer.next()) {
      if (run instanceof FrameLengthError) return { messages, failure: run, framer }
      for (let index = 0; index < run.count; index++) {
        const decoded = BackendMessage.decode(run.tag, run.bytes, run.starts[index]!, bodyEnd(run, index))
        if (Either.isLeft(decoded)) return { messages, failure: decoded.left, framer }
        messages.push(decoded.right)
      }
    }
  }
  return { messages, failure: null, framer }
}
