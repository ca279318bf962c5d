/** The packets without a tag that open a connection: a length word, which counts itself, and a body. */
import * as Either from "effect/Either"
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import * as Frame from "./Frame.js"
import { MalformedMessage } from "./MalformedMessage.js"
import type { Tagged } from "./Message.js"

/** The server takes a body of 10,000 bytes; the length word comes on top. */
export const maxPacket = 10_004
/** Length word and code. */
export const leastPacket = 8

export interface Packet<A extends Tagged> {
  readonly kind: A["_tag"]
  /** Reads the whole packet at `bytes[start, end)`, length word included. */
  readonly decode: (bytes: Uint8Array, start?: number, end?: number) => Either.Either<A, MalformedMessage>
  /** Appends length and body; false, with the failure on the writer and nothing appended, when it cannot be sent. */
  readonly encode: (writer: ByteWriter, packet: A) => boolean
}

/** `read` and `write` treat what follows the length word. */
export const make = <A extends Tagged>(
  kind: A["_tag"],
  read: (reader: ByteReader) => A,
  write: (writer: ByteWriter, packet: A) => void
): Packet<A> => ({
  kind,
  decode: (bytes, start = 0, end = bytes.length) => {
    const reader = new ByteReader(bytes, start, end)
    const length = reader.int32()
    if (length !== end - start || length > maxPacket) {
      reader.fail(`a length of ${length} for a packet of ${end - start} bytes`)
    }
    const packet = read(reader)
    reader.finish()
    return reader.failure === null
      ? Either.right(packet)
      : Either.left(
          new MalformedMessage({ kind, tag: undefined, reason: reader.failure, partial: undefined })
        )
  },
  encode: (writer, packet) => {
    const mark = Frame.beginPacket(writer)
    write(writer, packet)
    return Frame.endPacket(writer, mark, maxPacket)
  }
})

/** A packet that is nothing but a code. */
export const request = <A extends Tagged>(value: A, code: number): Packet<A> & { readonly value: A } => ({
  value,
  ...make<A>(
    value._tag,
    (reader) => {
      expectCode(reader, code)
      return value
    },
    (writer) => writer.uint32(code)
  )
})

/** Reads a code that must be this one. */
export const expectCode = (reader: ByteReader, code: number): void => {
  const found = reader.uint32()
  if (found !== code) reader.fail(`code ${found} where ${code} is expected`)
}
