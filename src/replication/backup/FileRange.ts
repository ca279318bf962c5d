/** A range of bytes of a file. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure, onFile } from "./BackupFailure.js"

/** Fills `bytes` from `offset` on. Fails when the file ends before. */
export const readInto = (
  path: string,
  file: FileSystem.File,
  offset: number,
  bytes: Uint8Array
): Effect.Effect<void, PgBackupError> =>
  Effect.gen(function* () {
    if (bytes.length === 0) return
    yield* file.seek(FileSystem.Size(offset), "start")
    for (let at = 0; at < bytes.length;) {
      const read = Number(yield* onFile(path, file.read(bytes.subarray(at))))
      if (read === 0)
        return yield* Effect.fail(
          failure("content", path, `it is truncated: it has fewer than ${offset + bytes.length} bytes`)
        )
      at += read
    }
  })

/** So many bytes from `offset` on. Fails when the file ends before. */
export const readAt = (
  path: string,
  file: FileSystem.File,
  offset: number,
  size: number
): Effect.Effect<Buffer, PgBackupError> =>
  Effect.suspend(() => {
    const bytes = Buffer.alloc(size)
    return Effect.as(readInto(path, file, offset, bytes), bytes)
  })
