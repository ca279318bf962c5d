/**
 * An earlier commit of this package, built into a folder of its own, so that it can be measured in the same rounds as the tree
 * at hand. It is built with the packages that are installed now. The script that drives it is its own, because the names that
 * users see have changed since; all other scripts are those of now, and a workload that its script does not know is left out.
 */
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"
import { clientsFolder } from "./Peers.js"

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const folder = here("peers/before")
const root = here("../..")

/** Where its clients' scripts lie: inside its own package, so that `effect-postgres` is that package. */
export const scripts = `${folder}/clients`

export class BeforeError extends Data.TaggedError("BeforeError")<{
  readonly commit: string
  readonly step: string
}> {
  override get message(): string {
    return `commit ${this.commit} cannot be measured: ${this.step} failed`
  }
}

/** How an application of that commit uses it. */
const itsScript = "test/bench/clients/ours.mjs"

/** What a build reads, and the script; tests of an old commit have no place among those of now. */
const needed = ["package.json", "tsconfig.json", "tsconfig.build.json", "src", "test/tools", itsScript]

/** The full name of a commit. */
const resolve = (commit: string) =>
  Command.make("git", "rev-parse", "--verify", "--quiet", `${commit}^{commit}`).pipe(
    Command.workingDirectory(root),
    Command.string,
    Effect.map((output) => output.trim()),
    Effect.filterOrFail(
      (name) => name !== "",
      () => new BeforeError({ commit, step: "looking it up with git" })
    )
  )

/** Builds a commit unless it is the one that is built already, and puts the clients' scripts into it. */
export const build = Effect.fn("Before.build")(function* (commit: string) {
  const fs = yield* FileSystem.FileSystem
  const run = (step: string, command: Command.Command) =>
    command.pipe(
      Command.workingDirectory(folder),
      Command.stderr("inherit"),
      Command.exitCode,
      Effect.filterOrFail(
        (exit) => exit === 0,
        () => new BeforeError({ commit, step })
      )
    )
  const name = yield* resolve(commit)
  const marker = `${folder}/built.txt`
  const built = yield* Effect.orElseSucceed(fs.readFileString(marker), () => "")
  if (built !== name) {
    yield* Effect.logInfo(`building ${name}`)
    yield* fs.remove(folder, { recursive: true, force: true })
    yield* fs.makeDirectory(folder, { recursive: true })
    yield* run(
      "taking its files out of git",
      Command.make("git", "-C", root, "archive", "--output", `${folder}/tree.tar`, name, ...needed)
    )
    yield* run("unpacking its files", Command.make("tar", "-xf", "tree.tar"))
    yield* fs.symlink(`${root}/node_modules`, `${folder}/node_modules`)
    yield* run("compiling it", Command.make("npm", "run", "--silent", "build"))
    yield* fs.writeFileString(marker, name)
  }
  yield* fs.remove(scripts, { recursive: true, force: true })
  yield* fs.copy(clientsFolder, scripts)
  yield* fs.copyFile(`${folder}/${itsScript}`, `${scripts}/ours.mjs`)
})
