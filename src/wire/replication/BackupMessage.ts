/**
 * What a server sends inside the one copy of a base backup, from PostgreSQL 15 on: payloads of `CopyData`, each with a tag of its
 * own. PostgreSQL 14 sends a copy for each archive instead, without tags.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-BASE-BACKUP
 */
import * as Either from "effect/Either"
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import * as Field from "../Field.js"
import type { MalformedMessage } from "../MalformedMessage.js"
import * as Payload from "./Payload.js"
import * as ReplicationField from "./ReplicationField.js"

/** Byte `n`: the data of a new archive begins. */
export interface NewArchive {
  readonly _tag: "NewArchive"
  /** The archive's file name, such as `base.tar` or `16384.tar.gz`. */
  readonly archive: string
  /** The folder of the tablespace on the server; empty for the data folder itself. */
  readonly location: string
}
export const NewArchive = Payload.make<NewArchive>("NewArchive", "n", {
  archive: Field.cstring,
  location: Field.cstring
})

/** Byte `m`: the data of the manifest begins. */
export interface NewManifest {
  readonly _tag: "NewManifest"
}
export const NewManifest = Payload.make<NewManifest>("NewManifest", "m", {})

/** Byte `d`: data of the archive or of the manifest that began last. */
export interface BackupData {
  readonly _tag: "BackupData"
  readonly data: Uint8Array
}
export const BackupData = Payload.make<BackupData>("BackupData", "d", { data: Field.rest })

/** Byte `p`: how much of the whole backup the server has gone through, before compression. */
export interface BackupProgress {
  readonly _tag: "BackupProgress"
  readonly bytes: bigint
}
export const BackupProgress = Payload.make<BackupProgress>("BackupProgress", "p", {
  bytes: ReplicationField.uint64
})

/** Everything that a server sends inside the copy of a base backup. */
export type BackupMessage = NewArchive | NewManifest | BackupData | BackupProgress

const payloads = Payload.among<BackupMessage>("base backup message", {
  NewArchive,
  NewManifest,
  BackupData,
  BackupProgress
})

const data = 0x64

/**
 * Reads the payload of one `CopyData`, `bytes[start, end)`. The data of an archive is a view of `bytes`, everything else a copy.
 */
export const decode = (
  bytes: Uint8Array,
  start = 0,
  end = bytes.length
): Either.Either<BackupMessage, MalformedMessage> =>
  start < end && bytes[start] === data
    ? Either.right({ _tag: "BackupData", data: bytes.subarray(start + 1, end) })
    : payloads.decode(bytes, start, end, false)

/** Appends the payload; false, with the failure on the writer and nothing appended, when it cannot be written. */
export const encode = (writer: ByteWriter, message: BackupMessage): boolean =>
  payloads.encode(writer, message)
