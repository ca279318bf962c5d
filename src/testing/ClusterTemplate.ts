/** A cluster as `initdb` leaves it, made once per build and uid and then copied: `initdb` takes most of a start. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodePath from "node:path"
import * as CacheFolder from "./CacheFolder.js"
import { fromPlatform } from "./EmbeddedPostgresError.js"
import type { ServerBinaries } from "./ServerBinaries.js"
import * as ServerProcess from "./ServerProcess.js"
import type { ServerUser } from "./ServerUser.js"

/** Named in the cache's key: another list is another template. */
const locale = ["--encoding=UTF8", "--locale=C"]

/** The template that clusters are copies of, unless another is named. */
export const defaultTemplate = "utf8-c"

/** The folder of the template; it is never run, only copied. */
export const make = (
  binaries: ServerBinaries,
  user: Option.Option<ServerUser>,
  template: string = defaultTemplate
) =>
  CacheFolder.entry(`cluster-${binaries.key}-${template}`, user, user, (path) =>
    ServerProcess.run({
      command: binaries.initdb,
      args: ["-D", path, "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions", ...locale],
      user,
      cwd: NodePath.dirname(path)
    })
  )

/**
 * Copies a data folder, for the server's uid to own: a template, or that of a stopped server. Where the file system
 * can, files are shared until written. `cp` is about five times quicker here than copying file by file from Node.
 */
export const copy = Effect.fnUntraced(function* (from: string, to: string, user: Option.Option<ServerUser>) {
  const cwd = NodePath.dirname(to)
  const run = (command: string, args: ReadonlyArray<string>) =>
    ServerProcess.run({ command, args, user: Option.none(), cwd })
  yield* run("cp", ["-R", from, to])
  if (Option.isSome(user)) yield* run("chown", ["-R", `${user.value.uid}:${user.value.gid}`, to])
  yield* run("rm", ["-f", `${to}/postmaster.pid`, `${to}/postmaster.opts`])
})

/**
 * Makes a data folder the server's own, with the folders of its tablespaces. The lock file of a server that may run there stays: the
 * server looks after it itself.
 */
export const takeOver = Effect.fnUntraced(function* (dataFolder: string, user: Option.Option<ServerUser>) {
  const fs = yield* FileSystem.FileSystem
  const links = yield* Effect.orElseSucceed(
    fs.readDirectory(`${dataFolder}/pg_tblspc`),
    (): Array<string> => []
  )
  const spaces = yield* Effect.forEach(links, (link) => fs.realPath(`${dataFolder}/pg_tblspc/${link}`)).pipe(
    Effect.mapError(fromPlatform)
  )
  yield* Effect.mapError(fs.chmod(dataFolder, 0o700), fromPlatform)
  if (Option.isNone(user)) return
  const { gid, uid } = user.value
  yield* ServerProcess.run({
    command: "chown",
    args: ["-R", `${uid}:${gid}`, dataFolder, ...spaces],
    user: Option.none(),
    cwd: NodePath.dirname(dataFolder)
  })
})
