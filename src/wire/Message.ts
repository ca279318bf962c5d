/**
 * Messages from their fields, for both directions. The interface of a message is written by hand, the record of fields is
 * checked against it, and its order is the order on the wire.
 */
import * as Either from "effect/Either"
import { ByteReader } from "../bytes/ByteReader.js"
import type { ByteWriter } from "../bytes/ByteWriter.js"
import { fieldNames, type Fields } from "./Field.js"
import * as Frame from "./Frame.js"
import * as FrameLimits from "./FrameLimits.js"
import { MalformedMessage } from "./MalformedMessage.js"

export interface Tagged {
  readonly _tag: string
}

/** What is known of one kind of message. */
export interface Message<A extends Tagged> {
  /** The manual's name. */
  readonly kind: string
  /** The tag byte. */
  readonly tag: number
  /** Reads the body; what is wrong is recorded on the reader, and whether it was consumed is the caller's to check. */
  readonly read: (reader: ByteReader) => A
  /** Reads the body at `bytes[start, end)`, which must be consumed exactly. The message owns its bytes: nothing in it is a view. */
  readonly decode: (bytes: Uint8Array, start?: number, end?: number) => Either.Either<A, MalformedMessage>
  /**
   * Appends tag, length and body. False when the message cannot be sent: then nothing has been appended and
   * `writer.failure` has the reason until the writer is rolled back.
   */
  readonly encode: (writer: ByteWriter, message: A) => boolean
}

/** A message without a body: one value serves for all. */
export interface EmptyMessage<A extends Tagged> extends Message<A> {
  readonly value: A
}

const decoder =
  <A extends Tagged>(kind: string, tag: number, read: (reader: ByteReader) => A) =>
  (bytes: Uint8Array, start = 0, end = bytes.length): Either.Either<A, MalformedMessage> => {
    const reader = new ByteReader(bytes, start, end)
    const message = read(reader)
    reader.finish()
    return reader.failure === null
      ? Either.right(message)
      : Either.left(new MalformedMessage({ kind, tag, reason: reader.failure, partial: undefined }))
  }

/** A message whose body is read and written by hand. `most` is the greatest length it may be sent with. */
export const custom = <A extends Tagged>(
  kind: string,
  tag: string,
  most: number,
  read: (reader: ByteReader) => A,
  write: (writer: ByteWriter, message: A) => void
): Message<A> => {
  const code = tag.charCodeAt(0)
  return {
    kind,
    tag: code,
    read,
    decode: decoder(kind, code, read),
    encode: (writer, message) => {
      const mark = Frame.begin(writer, code)
      write(writer, message)
      return Frame.end(writer, mark, most)
    }
  }
}

const fromFields = <A extends Tagged>(
  kind: A["_tag"],
  tag: string,
  most: number,
  fields: Fields<A>
): Message<A> => {
  const names = fieldNames(fields)
  return custom<A>(
    kind,
    tag,
    most,
    (reader) => {
      const out: Tagged & Record<PropertyKey, unknown> = { _tag: kind }
      for (const name of names) out[name] = fields[name].read(reader)
      return out as Tagged as A
    },
    (writer, message) => {
      for (const name of names) fields[name].write(writer, message[name])
    }
  )
}

/** A message the server sends. */
export const backend = <A extends Tagged>(kind: A["_tag"], tag: string, fields: Fields<A>): Message<A> =>
  fromFields(kind, tag, FrameLimits.largeMessage, fields)

/** The greatest length the server takes of a request with this tag. */
export const maxSent = (tag: string): number => FrameLimits.frontend.most[tag.charCodeAt(0)]!

/** A message the client sends: encoding refuses what the server would refuse by hanging up. */
export const frontend = <A extends Tagged>(kind: A["_tag"], tag: string, fields: Fields<A>): Message<A> =>
  fromFields(kind, tag, maxSent(tag), fields)

/** A message without a body, of either side. */
export const empty = <A extends Tagged>(value: A, tag: string): EmptyMessage<A> => {
  const kind = value._tag
  const code = tag.charCodeAt(0)
  const right = Either.right(value)
  const decode = decoder(kind, code, () => value)
  return {
    kind,
    tag: code,
    value,
    read: () => value,
    decode: (bytes, start = 0, end = bytes.length) => (start === end ? right : decode(bytes, start, end)),
    encode: (writer) => Frame.end(writer, Frame.begin(writer, code))
  }
}
