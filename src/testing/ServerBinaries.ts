/** Programs fit to run under the server's uid. npm packages carry no symlinks, and may lie where others cannot read. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as NodePath from "node:path"
import * as CacheFolder from "./CacheFolder.js"
import { fromPlatform } from "./EmbeddedPostgresError.js"
import * as ServerPackage from "./ServerPackage.js"
import * as ServerProcess from "./ServerProcess.js"
import type { ServerUser } from "./ServerUser.js"
import { mayEnter, mayRead } from "./ServerUser.js"

export interface ServerBinaries {
  readonly major: number
  readonly initdb: string
  readonly postgres: string
  /** Names the build, for caches: version and place. */
  readonly key: string
}

const programs = ["initdb", "pg_ctl", "postgres"]

const decodeLinks = Schema.decodeUnknownEither(
  Schema.parseJson(Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })))
)

/**
 * Does what the package's post-install script would have done, which npm may be set not to run: links the libraries' short
 * names and makes programs executable. What exists is left alone, so it may run many times at once.
 */
const complete = Effect.fnUntraced(function* (root: string) {
  const fs = yield* FileSystem.FileSystem
  const listed = yield* Effect.orElseSucceed(fs.readFileString(`${root}/pg-symlinks.json`), () => "[]")
  for (const { source, target } of Either.getOrElse(decodeLinks(listed), () => [])) {
    // Both are relative to the package, whose folder "native" is the root here.
    const link = NodePath.join(root, NodePath.relative("native", target))
    if (yield* fs.exists(link)) continue
    yield* fs.symlink(NodePath.relative(NodePath.dirname(target), source), link).pipe(
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
        () => Effect.void
      )
    )
  }
  for (const program of programs) {
    const path = `${root}/bin/${program}`
    if (!(yield* fs.exists(path))) continue
    const info = yield* fs.stat(path)
    if ((info.mode & 0o111) === 0) yield* fs.chmod(path, 0o755)
  }
})

/** The permissions of a few files stand for those of all: an unpacked package got its modes from one umask. */
const readable = Effect.fnUntraced(function* (root: string, user: Option.Option<ServerUser>) {
  if (!(yield* mayEnter(root, user))) return false
  const samples: ReadonlyArray<readonly [string, number]> = [
    [`${root}/bin`, 1],
    [`${root}/bin/postgres`, 5],
    [`${root}/lib`, 5],
    [`${root}/share`, 5],
    [`${root}/share/postgresql`, 5],
    [`${root}/share/postgresql/postgres.bki`, 4]
  ]
  return yield* mayRead(samples, user)
})

const copy = Effect.fnUntraced(function* (from: string, to: string) {
  const run = (command: string, args: ReadonlyArray<string>) =>
    ServerProcess.run({ command, args, user: Option.none(), cwd: "/" })
  yield* run("cp", ["-R", from, to])
  yield* run("chmod", ["-R", "u+rwX,go+rX", to])
  yield* Effect.mapError(complete(to), fromPlatform)
})

/**
 * Makes programs fit to run by `user`: in place if that is possible, else as a copy in the cache. Those of the system
 * are taken as they are. Fails with `reason: "missing"` when their version is older than any that is supported.
 */
export const prepare = Effect.fn("ServerBinaries.prepare")(function* (
  found: ServerPackage.ServerPackage,
  user: Option.Option<ServerUser>
) {
  const inPlace =
    found.origin === "path" ||
    (yield* complete(found.root).pipe(
      Effect.zipRight(readable(found.root, user)),
      Effect.orElseSucceed(() => false)
    ))
  const place = (Hash.string(found.root) >>> 0).toString(36)
  const root = inPlace
    ? found.root
    : yield* CacheFolder.entry(`binaries-${place}`, Option.none(), user, (path) => copy(found.root, path))
  const { full, major } = yield* ServerPackage.versionOf(root)
  const refusal = ServerPackage.tooOld(full, major, found)
  if (refusal !== undefined) return yield* refusal
  const binaries: ServerBinaries = {
    major,
    initdb: `${root}/bin/initdb`,
    postgres: `${root}/bin/postgres`,
    key: `${full}-${place}`
  }
  return binaries
})
