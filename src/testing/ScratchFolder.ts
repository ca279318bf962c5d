/** A folder that is gone with its scope, or with the process if the scope never closes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.js"
import * as ExitHook from "./ExitHook.js"
import type { ServerUser } from "./ServerUser.js"

/**
 * Makes a folder named `prefix` and six more characters, with mode 0700, owned by `user`. Making it and registering
 * its removal is one synchronous step, so that no signal falls between the two: hence `node:fs`.
 */
export const make = (prefix: string, user: Option.Option<ServerUser>) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const path = NodeFs.mkdtempSync(prefix)
        const forget = ExitHook.register(() =>
          NodeFs.rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 })
        )
        if (Option.isSome(user)) NodeFs.chownSync(path, user.value.uid, user.value.gid)
        return { path, forget }
      },
      catch: (cause) =>
        new EmbeddedPostgresError({ reason: "prepare", text: `no folder like ${prefix}: ${cause}`, log: "" })
    }),
    ({ path, forget }) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* Effect.ignoreLogged(fs.remove(path, { recursive: true, force: true }))
        forget()
      })
  ).pipe(Effect.map(({ path }) => path))
