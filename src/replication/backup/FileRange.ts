/** A range of bytes of a file. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { PgBackupError } from "../../model/BackupError.js"
import { failure, onFile } from "./BackupFailure.js"

/** So many bytes from `offset` on. Fails when the file ends before. */
export const readAt = (
  path: string,
  file: FileSystem.File,
  offset: number,
  size: number
): Effect.Effect<Buffer, PgBackupError> =>
  Effect.gen(function* () {
    const bytes = Buffer.alloc(size)
    if (size === 0) return bytes
    yield* file.seek(FileSystem.Size(offset), "start")
    for (let at = 0; at < size;) {
      const read = Number(yield* onFile(path, file.read(bytes.subarray(at))))
      if (read === 0)
        return yield* Effect.fail(failure("content", path, `it ends before ${offset + size} bytes`))
      at += read
    }
    return bytes
  })
