/**
 * What a transaction did.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-INSERT
 */
import type { ByteReader } from "../../../bytes/ByteReader.js"
import type { Lsn } from "../../../model/Lsn.js"
import * as Field from "../../Field.js"
import * as Payload from "../Payload.js"
import { type PgOutputTuple, tuple } from "../PgOutputTuple.js"
import * as ReplicationField from "../ReplicationField.js"

/** Bytes that identify which row a tuple is. */
export const newRow = 0x4e
export const oldKey = 0x4b
export const oldRow = 0x4f

/** What was there before: of a key the columns outside it are sent as NULL and mean nothing. */
export interface OldTuple {
  readonly kind: "key" | "full"
  readonly tuple: PgOutputTuple
}

const newTuple: Field.Field<PgOutputTuple> = {
  least: 1 + tuple.least,
  read: (reader) => {
    const kind = reader.uint8()
    if (kind !== newRow) reader.fail(`byte ${kind} where the new row must begin`)
    return tuple.read(reader)
  },
  write: (writer, value) => {
    writer.uint8(newRow)
    tuple.write(writer, value)
  }
}

const readOld = (reader: ByteReader): OldTuple => {
  const kind = reader.uint8()
  if (kind !== oldKey && kind !== oldRow) reader.fail(`byte ${kind} where the old row must begin`)
  return { kind: kind === oldKey ? "key" : "full", tuple: tuple.read(reader) }
}

const oldTuple: Field.Field<OldTuple> = {
  least: 1 + tuple.least,
  read: readOld,
  write: (writer, value) => {
    writer.uint8(value.kind === "key" ? oldKey : oldRow)
    tuple.write(writer, value.tuple)
  }
}

const optionalOldTuple: Field.Field<OldTuple | undefined> = {
  least: 0,
  read: (reader) =>
    reader.remaining > 0 && reader.bytes[reader.offset] === newRow ? undefined : readOld(reader),
  write: (writer, value) => {
    if (value !== undefined) oldTuple.write(writer, value)
  }
}

/** Byte `I`. */
export interface Insert {
  readonly _tag: "Insert"
  readonly xid: number | undefined
  readonly relationId: number
  readonly new: PgOutputTuple
}
export const Insert = Payload.streamed<Insert>("Insert", "I", {
  relationId: Field.uint32,
  new: newTuple
})

/** Byte `U`. */
export interface Update {
  readonly _tag: "Update"
  readonly xid: number | undefined
  readonly relationId: number
  /** The key when it changed, the row when the replica identity is full, else nothing. */
  readonly old: OldTuple | undefined
  readonly new: PgOutputTuple
}
export const Update = Payload.streamed<Update>("Update", "U", {
  relationId: Field.uint32,
  old: optionalOldTuple,
  new: newTuple
})

/** Byte `D`. */
export interface Delete {
  readonly _tag: "Delete"
  readonly xid: number | undefined
  readonly relationId: number
  readonly old: OldTuple
}
export const Delete = Payload.streamed<Delete>("Delete", "D", {
  relationId: Field.uint32,
  old: oldTuple
})

/** Flags of a truncation. */
export interface TruncateOptions {
  readonly cascade: boolean
  readonly restartIdentity: boolean
}

const truncateOptions: Field.Field<TruncateOptions> = {
  least: 1,
  read: (reader) => {
    const flags = reader.uint8()
    if (flags > 3) reader.fail(`unknown flags ${flags}`)
    return { cascade: (flags & 1) !== 0, restartIdentity: (flags & 2) !== 0 }
  },
  write: (writer, options) => writer.uint8((options.cascade ? 1 : 0) | (options.restartIdentity ? 2 : 0))
}

/** Byte `T`. */
export interface Truncate {
  readonly _tag: "Truncate"
  readonly xid: number | undefined
  readonly options: TruncateOptions
  /** The published ones, those a cascade reached too. */
  readonly relationIds: ReadonlyArray<number>
}

/** The flags stand between the count and what is counted. */
const truncated: Field.Field<Pick<Truncate, "options" | "relationIds">> = {
  least: 5,
  read: (reader) => {
    const count = reader.int32()
    const options = truncateOptions.read(reader)
    if (count < 0 || count * 4 > reader.remaining) {
      reader.fail(`a count of ${count} where ${reader.remaining} bytes are left`)
    }
    const relationIds: Array<number> = []
    for (let index = 0; index < count && reader.failure === null; index++) relationIds.push(reader.uint32())
    return { options, relationIds }
  },
  write: (writer, { options, relationIds }) => {
    writer.int32(relationIds.length)
    truncateOptions.write(writer, options)
    for (const id of relationIds) Field.uint32.write(writer, id)
  }
}

export const Truncate: Payload.Payload<Truncate> = {
  kind: "Truncate",
  tag: 0x54,
  read: (reader, inStream) => {
    const xid = inStream ? reader.uint32() : undefined
    return { _tag: "Truncate", xid, ...truncated.read(reader) }
  },
  write: (writer, message) => {
    writer.uint8(0x54)
    if (message.xid !== undefined) Field.uint32.write(writer, message.xid)
    truncated.write(writer, message)
  }
}

/** Byte `M`: what `pg_logical_emit_message` wrote. */
export interface LogicalDecodingMessage {
  readonly _tag: "LogicalMessage"
  readonly xid: number | undefined
  /** Whether it belongs to its transaction; otherwise it is sent at once and stays whatever becomes of that. */
  readonly transactional: boolean
  /** The position after its record. */
  readonly lsn: Lsn
  readonly prefix: string
  readonly content: Uint8Array
}
export const LogicalDecodingMessage = Payload.streamed<LogicalDecodingMessage>("LogicalMessage", "M", {
  transactional: ReplicationField.flag,
  lsn: ReplicationField.uint64,
  prefix: Field.cstring,
  content: ReplicationField.counted
})
