/** Who runs the server: PostgreSQL refuses to run as root, so root lends it another uid. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"

export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

const nobody: ServerUser = { uid: 65534, gid: 65534 }

const parsePasswd = (text: string): Option.Option<ServerUser> => {
  const line = text.split("\n").find((line) => line.startsWith("nobody:"))
  const [, , uid, gid] = line?.split(":") ?? []
  const user = { uid: Number(uid), gid: Number(gid) }
  return user.uid > 0 && user.gid > 0 ? Option.some(user) : Option.none()
}

/** The uid of this process; 0 is root. Systems without uids answer -1. */
export const ownUid = (): number => process.getuid?.() ?? -1

/** `nobody` when this process is root. Otherwise none: then the server runs as this process does. */
export const current: Effect.Effect<Option.Option<ServerUser>, never, FileSystem.FileSystem> = Effect.gen(
  function* () {
    if (ownUid() !== 0) return Option.none()
    const fs = yield* FileSystem.FileSystem
    const passwd = yield* Effect.orElseSucceed(fs.readFileString("/etc/passwd"), () => "")
    return Option.some(Option.getOrElse(parsePasswd(passwd), () => nobody))
  }
)

/** Whether the permission bits for others allow `wanted` (4 read, 1 traverse or execute) on `path`. */
const othersMay = Effect.fnUntraced(function* (path: string, wanted: number) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(
    Effect.map((info) => (info.mode & wanted) === wanted),
    Effect.orElseSucceed(() => false)
  )
})

/** Whether every folder from the root down to `folder` may be entered by `user`; always, when it is this process. */
export const mayEnter = Effect.fnUntraced(function* (folder: string, user: Option.Option<ServerUser>) {
  if (Option.isNone(user)) return true
  for (let path = folder; ; path = NodePath.dirname(path)) {
    if (!(yield* othersMay(path, 1))) return false
    if (path === NodePath.dirname(path)) return true
  }
})

/** Whether `user` may read (and for programs run) all of `paths`; always, when it is this process. */
export const mayRead = Effect.fnUntraced(function* (
  paths: ReadonlyArray<readonly [path: string, mode: number]>,
  user: Option.Option<ServerUser>
) {
  if (Option.isNone(user)) return true
  for (const [path, mode] of paths) if (!(yield* othersMay(path, mode))) return false
  return true
})

/** A path of a Unix socket has 103 bytes at the most on the narrowest system, of which the file takes 35. */
const longestTemporaryFolder = 60

/** Where clusters and caches live: the system's folder for temporary files if the server can use it, else `/tmp`. */
export const temporaryFolder = Effect.fnUntraced(function* (user: Option.Option<ServerUser>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* Effect.orElseSucceed(fs.realPath(NodeOs.tmpdir()), () => NodeOs.tmpdir())
  const usable = Buffer.byteLength(folder) <= longestTemporaryFolder && (yield* mayEnter(folder, user))
  return usable ? folder : "/tmp"
})
