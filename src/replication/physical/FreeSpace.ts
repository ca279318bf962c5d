/** How much room a file system has. */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs/promises"

/** Bytes that an ordinary user may still write below this folder; `undefined` where the system does not report it. */
export const of = (folder: string): Effect.Effect<number | undefined> =>
  Effect.map(Effect.option(Effect.tryPromise(() => NodeFs.statfs(folder))), (found) =>
    found._tag === "None" ? undefined : found.value.bavail * found.value.bsize
  )
