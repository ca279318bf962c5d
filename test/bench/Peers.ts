/**
 * The peers' packages, installed when first needed, each set into a folder of its own under `peers/`: Effect 3 and 4
 * cannot share one, and none belongs into this package's lock file. Versions are exact; install scripts do not run.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"

const manifests = {
  plain: {
    pg: "8.23.1",
    "pg-copy-streams": "7.0.0",
    "pg-cursor": "2.22.0",
    "pg-logical-replication": "2.5.0",
    postgres: "3.4.9"
  },
  effect3: { effect: "3.22.2", "@effect/sql": "0.52.1", "@effect/sql-pg": "0.53.0" },
  effect4: { effect: "4.1.0", "@effect/sql-pg": "4.0.5" },
  bun: { bun: "1.4.5" }
} as const

export type PeerSet = keyof typeof manifests

export class PeersError extends Data.TaggedError("PeersError")<{ readonly text: string }> {
  override get message(): string {
    return this.text
  }
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
export const clientsFolder = here("clients")
const folderOf = (set: PeerSet): string => here(`peers/${set}`)
/** Where the scripts of a set's clients run. */
export const scriptsOf = (set: PeerSet): string => `${folderOf(set)}/clients`

/** Installs a set unless exactly this one is there already. */
export const install = Effect.fn("Peers.install")(function* (set: PeerSet) {
  const fs = yield* FileSystem.FileSystem
  const folder = folderOf(set)
  const manifest = JSON.stringify({ private: true, type: "module", dependencies: manifests[set] }, null, 2)
  const marker = `${folder}/installed.json`
  const installed = yield* Effect.orElseSucceed(fs.readFileString(marker), () => "")
  if (installed === manifest) return
  yield* Effect.logInfo(`installing the peers of ${set}`)
  yield* fs.remove(folder, { recursive: true, force: true })
  yield* fs.makeDirectory(folder, { recursive: true })
  yield* fs.writeFileString(`${folder}/package.json`, manifest)
  const npm = Command.make(
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--ignore-scripts"
  )
  const exit = yield* npm.pipe(Command.workingDirectory(folder), Command.stderr("inherit"), Command.exitCode)
  if (exit !== 0) return yield* new PeersError({ text: `npm could not install the peers of ${set}` })
  yield* fs.writeFileString(marker, manifest)
})

/** Copies the clients' scripts beside the packages they import, because that is where Node looks for them. */
export const placeScripts = Effect.fn("Peers.placeScripts")(function* (set: PeerSet) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.remove(scriptsOf(set), { recursive: true, force: true })
  yield* fs.copy(clientsFolder, scriptsOf(set))
})

/** The Bun that npm fetched for this machine; its package leaves linking it to the install script. */
export const bunExecutable = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const folder = `${folderOf("bun")}/node_modules/@oven`
  for (const build of yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])) {
    const path = `${folder}/${build}/bin/bun`
    if (yield* fs.exists(path)) return path
  }
  return yield* new PeersError({ text: "npm has no build of Bun for this machine" })
})

/** `name version`, as installed. */
export const versionOf = Effect.fn("Peers.versionOf")(function* (set: PeerSet, name: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(`${folderOf(set)}/node_modules/${name}/package.json`)
  const { version } = JSON.parse(text) as { readonly version: string }
  return `${name} ${version}`
})
