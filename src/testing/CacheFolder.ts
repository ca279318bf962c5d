/**
 * The cache that servers share: copied binaries and the result of `initdb`, in a folder for temporary files. An entry
 * appears complete or not at all, so several processes may build the same entry at once.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { EmbeddedPostgresError, fromPlatform } from "./EmbeddedPostgresError.js"
import * as ScratchFolder from "./ScratchFolder.js"
import type { ServerUser } from "./ServerUser.js"
import { ownUid, temporaryFolder } from "./ServerUser.js"

/** The cache of this uid. Others may pass through it but not change it, and no other user can have prepared it. */
const open = Effect.fnUntraced(function* (user: Option.Option<ServerUser>) {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* temporaryFolder(user)}/effect-postgres-${ownUid()}`
  yield* Effect.mapError(fs.makeDirectory(path, { recursive: true, mode: 0o711 }), fromPlatform)
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform)
  if (ownUid() >= 0 && (!Option.contains(info.uid, ownUid()) || (info.mode & 0o022) !== 0)) {
    return yield* new EmbeddedPostgresError({
      reason: "prepare",
      text: `${path} belongs to another user or can be changed by others: remove it`,
      log: ""
    })
  }
  // The umask may have taken away what the server's uid needs to pass.
  yield* Effect.mapError(fs.chmod(path, 0o711), fromPlatform)
  return path
})

/** One builder at a time in this process; others wait and find the entry. */
const building = Effect.unsafeMakeSemaphore(1)

/**
 * The path of entry `name`, built at the first request: `build` fills a folder of its own, owned by `owner`, and its result
 * becomes the entry. When another process was quicker, the result of that process is used.
 */
export const entry = Effect.fnUntraced(function* <R>(
  name: string,
  owner: Option.Option<ServerUser>,
  user: Option.Option<ServerUser>,
  build: (path: string) => Effect.Effect<void, EmbeddedPostgresError, R>
) {
  const fs = yield* FileSystem.FileSystem
  const cache = yield* open(user)
  const path = `${cache}/${name}`
  const exists = Effect.mapError(fs.exists(path), fromPlatform)
  const make = Effect.gen(function* () {
    if (yield* exists) return
    const scratch = yield* ScratchFolder.make(`${cache}/new-`, owner)
    yield* build(`${scratch}/entry`)
    yield* fs.rename(`${scratch}/entry`, path).pipe(
      Effect.mapError(fromPlatform),
      Effect.catchAll((error) => Effect.flatMap(exists, (exists) => (exists ? Effect.void : error)))
    )
  })
  if (!(yield* exists)) yield* building.withPermits(1)(Effect.scoped(make))
  return path
})
