/** The streamed log as an archive of its own, `pg_wal.tar`, beside those that the server has sent. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PgBackupError } from "../../model/BackupError.js"
import { endBlocks } from "./ArchiveEnd.js"
import { onFile } from "./BackupFailure.js"
import type { BackupFile, BackupFolder } from "./BackupFolder.js"

const blockBytes = 512
const pieceBytes = 1 << 18

interface Member {
  readonly name: string
  readonly size: number
  readonly mode: number
}

type MakeHeader = (member: Member) => Uint8Array

const loadHeader: Effect.Effect<MakeHeader> = Effect.map(
  Effect.promise(() => import("tar/header")),
  ({ Header }) =>
    ({ mode, name, size }) => {
      const block = Buffer.alloc(blockBytes)
      new Header({ path: name, mode, size, type: "File", mtime: new Date(0), uid: 0, gid: 0 }).encode(
        block,
        0
      )
      return block
    }
)

/** Writes the files of a folder, and for each segment the mark that it need not be archived again, to an archive. */
export const write = (
  fs: FileSystem.FileSystem,
  output: BackupFolder,
  folder: string,
  segments: ReadonlyArray<string>,
  path: string,
  mode: number
): Effect.Effect<void, PgBackupError> =>
  Effect.gen(function* () {
    const header = yield* loadHeader
    const archive = yield* output.open(path, mode)
    const put = (data: Uint8Array) => output.gather(archive, data) ?? Effect.void
    for (const name of (yield* onFile(folder, fs.readDirectory(folder))).sort()) {
      yield* copy(fs, `${folder}/${name}`, name, mode, header, put)
    }
    for (const segment of segments) {
      yield* put(header({ name: `archive_status/${segment}.done`, size: 0, mode }))
    }
    yield* put(new Uint8Array(endBlocks))
    yield* output.close(archive as BackupFile)
    yield* output.removeFolder(folder)
  })

const copy = (
  fs: FileSystem.FileSystem,
  path: string,
  name: string,
  mode: number,
  header: MakeHeader,
  put: (data: Uint8Array) => Effect.Effect<void, PgBackupError>
): Effect.Effect<void, PgBackupError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* onFile(path, fs.open(path, { flag: "r" }))
      const { size } = yield* onFile(path, file.stat)
      yield* put(header({ name, size: Number(size), mode }))
      let bytes = 0
      for (;;) {
        const piece = yield* onFile(path, file.readAlloc(pieceBytes))
        if (Option.isNone(piece)) break
        bytes += piece.value.length
        yield* put(piece.value)
      }
      yield* put(new Uint8Array((blockBytes - (bytes % blockBytes)) % blockBytes))
    })
  )
