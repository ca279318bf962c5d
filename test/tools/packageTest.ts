/**
 * Is the package real? Builds and packs it, installs the tarball with its peers into an empty project, type-checks an
 * import of every public module and the README's code there, and runs both against a throw-away server.
 */
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import { root } from "../architecture/imports.js"
import { asFile, blocksOf, fileName, isProgram } from "../docs/blocks.js"
import {
  consumer,
  everyExport,
  foreignFiles,
  installed,
  type Manifest,
  type Packed
} from "../package/consumer.js"
import { readPage } from "./generatedPage.js"
import { capture, report, run } from "./process.js"

const project = mkdtempSync(join(tmpdir(), "consumer-"))
const npm = (...args: ReadonlyArray<string>) => run({ command: "npm", args, cwd: project, seconds: 600 })
const manifestAt = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest

/** Packs what `npm run build` made; the path of the tarball. */
const pack = (): string => {
  capture("npm", ["run", "--silent", "build"], root)
  const [packed] = JSON.parse(capture("npm", ["pack", "--json", "--pack-destination", project], root)) as [
    Packed
  ]
  const foreign = foreignFiles(packed)
  report(
    `the tarball holds ${packed.files.length} files, ${Math.round(packed.size / 1024)} kB`,
    foreign.length === 0 ? undefined : `these do not belong there: ${foreign.join(", ")}`
  )
  return join(project, packed.filename)
}

const blocks = blocksOf("README.md", readPage("README.md"))

/** The first failure, if any: each step needs the one before. */
const prepare = (tarball: string): string | undefined => {
  const manifest = manifestAt(root)
  writeFileSync(join(project, "package.json"), JSON.stringify(consumer.manifest))
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(consumer.tsconfig))
  const failure = npm("install", "--no-audit", "--no-fund", tarball, ...installed(manifest))
  if (failure !== undefined) return failure
  const own = manifestAt(join(project, "node_modules", manifest.name))
  writeFileSync(join(project, "exports.ts"), everyExport(own))
  for (const block of blocks) writeFileSync(join(project, fileName(block)), asFile(block))
  return undefined
}

const execute = (file: string, uri: string): void =>
  report(
    `${file} runs on the installed package`,
    run({
      command: process.execPath,
      args: [join("out", file.replace(/ts$/, "js"))],
      cwd: project,
      env: { DATABASE_URL: uri },
      seconds: 60
    })
  )

try {
  const failure = prepare(pack())
  report("the tarball installs into an empty project with its peers", failure)
  if (failure === undefined) {
    const types = run({ command: "npx", args: ["--no-install", "tsc"], cwd: project, seconds: 300 })
    report("every public module and the README's code type-check there", types)
    const files = ["exports.ts", ...blocks.filter(isProgram).map(fileName)]
    if (types === undefined) {
      await Effect.runPromise(
        Effect.scoped(Effect.map(start(), ({ uri }) => files.forEach((file) => execute(file, uri))))
      )
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true })
}
