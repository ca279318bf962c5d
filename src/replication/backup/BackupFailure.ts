/** How failures of files and of the server become those of a base backup. */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import type { PgOpenError, PgProtocolError, PgSessionError } from "../../model/PgError.js"
import { PgBackupError } from "../../model/BackupError.js"
import type { BackupFailure } from "../../model/BackupError.js"

/** Everything that a base backup from a server can fail with. */
export type BackupError = PgBackupError | PgOpenError | PgSessionError | PgProtocolError

export const failure = (
  reason: BackupFailure,
  path: string,
  detail: string,
  cause?: unknown
): PgBackupError => new PgBackupError({ reason, path, detail, ...(cause === undefined ? {} : { cause }) })

const isFull = (cause: unknown): boolean =>
  /ENOSPC|EDQUOT/.test(String((cause as Error | undefined)?.message))

export const fileFailure = (path: string, cause: unknown): PgBackupError =>
  failure(
    isFull(cause) ? "disk-full" : "file",
    path,
    cause instanceof Error ? cause.message : String(cause),
    cause
  )

/** An effect on a file, whose failure names the file. */
export const onFile = <A, R>(
  path: string,
  effect: Effect.Effect<A, PlatformError, R>
): Effect.Effect<A, PgBackupError, R> => Effect.mapError(effect, (cause) => fileFailure(path, cause))
