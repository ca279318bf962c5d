/**
 * Messages inside `CopyData`: a tag byte and fields, ended by the frame and by nothing of their own. Made of the same
 * fields as the messages around them.
 */
import * as Either from "effect/Either"
import { ByteReader } from "../../bytes/ByteReader.js"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import { fieldNames, type Fields, uint32 } from "../Field.js"
import * as Frame from "../Frame.js"
import { MalformedMessage } from "../MalformedMessage.js"
import { maxSent, type Tagged } from "../Message.js"

/** What is known of one kind of payload. */
export interface Payload<A extends Tagged> {
  /** The manual's name. */
  readonly kind: A["_tag"]
  /** The tag byte. */
  readonly tag: number
  /**
   * Reads what follows the tag. `inStream`: whether it stands between Stream Start and Stream Stop, where some kinds
   * begin with a transaction id. What is wrong is recorded on the reader.
   */
  readonly read: (reader: ByteReader, inStream: boolean) => A
  /** Appends tag and fields. What cannot be written is recorded on the writer. */
  readonly write: (writer: ByteWriter, message: A) => void
}

const fromFields = <A extends Tagged>(
  kind: A["_tag"],
  tag: string,
  fields: Fields<A>,
  names: ReadonlyArray<Exclude<keyof A, "_tag">>
): Payload<A> => {
  const code = tag.charCodeAt(0)
  return {
    kind,
    tag: code,
    read: (reader) => {
      const out: Tagged & Record<PropertyKey, unknown> = { _tag: kind }
      for (const name of names) out[name] = fields[name].read(reader)
      return out as Tagged as A
    },
    write: (writer, message) => {
      writer.uint8(code)
      for (const name of names) fields[name].write(writer, message[name])
    }
  }
}

/** A payload of these fields, in this order. */
export const make = <A extends Tagged>(kind: A["_tag"], tag: string, fields: Fields<A>): Payload<A> =>
  fromFields(kind, tag, fields, fieldNames(fields))

/** What a payload of a streamed transaction begins with. */
export interface Streamed extends Tagged {
  /** The transaction or subtransaction that did this; sent only inside a streamed chunk, else `undefined`. */
  readonly xid: number | undefined
}

/** The fields of `A` except its `_tag` and its `xid`, in wire order. */
type FieldsAfterXid<A> = Fields<Omit<A, "xid">>

/** A payload of these fields, with a transaction id before them while in a stream. */
export const streamed = <A extends Streamed>(
  kind: A["_tag"],
  tag: string,
  fields: FieldsAfterXid<A>
): Payload<A> => {
  const code = tag.charCodeAt(0)
  const names = fieldNames<Omit<A, "xid">>(fields)
  return {
    kind,
    tag: code,
    read: (reader, inStream) => {
      const out: Tagged & Record<PropertyKey, unknown> = {
        _tag: kind,
        xid: inStream ? reader.uint32() : undefined
      }
      for (const name of names) out[name] = fields[name].read(reader)
      return out as Tagged as A
    },
    write: (writer, message) => {
      writer.uint8(code)
      if (message.xid !== undefined) uint32.write(writer, message.xid)
      for (const name of names) fields[name].write(writer, message[name as keyof A] as never)
    }
  }
}

/** A failure of the payload with this tag. */
export const malformed = (kind: string, tag: number | undefined, reason: string): MalformedMessage =>
  new MalformedMessage({ kind, tag, reason, partial: undefined })

/** Payloads of one direction, distinguished by their tags. */
export interface Payloads<A extends Tagged> {
  /** The payload with this tag, `undefined` for an unknown tag. */
  readonly byTag: (tag: number) => Payload<A> | undefined
  /** Reads the payload at `bytes[start, end)`, tag included. Nothing in it is a view of `bytes`. */
  readonly decode: (
    bytes: Uint8Array,
    start: number,
    end: number,
    inStream: boolean
  ) => Either.Either<A, MalformedMessage>
  /** Appends tag and fields; false, with the failure on the writer and nothing appended, when that cannot be. */
  readonly encode: (writer: ByteWriter, message: A) => boolean
  /** Appends the `CopyData` frame around the payload; false, with nothing appended, when it cannot be sent. */
  readonly encodeFrame: (writer: ByteWriter, message: A) => boolean
}

const copyData = 0x64
const longest = maxSent("d")

/** `name` is what all of them together are called, for a payload with an unknown tag or none. */
export const among = <A extends Tagged>(
  name: string,
  payloads: { readonly [K in A["_tag"]]: Payload<Extract<A, { readonly _tag: K }>> }
): Payloads<A> => {
  const tags: Array<Payload<A> | undefined> = new Array<Payload<A> | undefined>(256).fill(undefined)
  const kinds = payloads as unknown as Readonly<Record<string, Payload<A>>>
  for (const payload of Object.values(kinds)) tags[payload.tag] = payload
  const write = (writer: ByteWriter, message: A) => kinds[message._tag]!.write(writer, message)
  return {
    byTag: (tag) => tags[tag],
    decode: (bytes, start, end, inStream) => {
      if (start >= end) return Either.left(malformed(name, undefined, "a payload without a tag"))
      const payload = tags[bytes[start]!]
      if (payload === undefined) return Either.left(malformed(name, bytes[start], "no payload has this tag"))
      const reader = new ByteReader(bytes, start + 1, end)
      const message = payload.read(reader, inStream)
      reader.finish()
      return reader.failure === null
        ? Either.right(message)
        : Either.left(malformed(payload.kind, payload.tag, reader.failure))
    },
    encode: (writer, message) => {
      const mark = writer.offset
      write(writer, message)
      if (writer.failure !== null) writer.offset = mark
      return writer.failure === null
    },
    encodeFrame: (writer, message) => {
      const mark = Frame.begin(writer, copyData)
      write(writer, message)
      return Frame.end(writer, mark, longest)
    }
  }
}
