/**
 * Is the package real, and does it install as on the pages? Builds and packs it and then does in empty folders what readers
 * do: every install line of every page, word by word (the tarball stands for the package's own name), a compiler, an import of every
 * public module, every program of those pages, and the programs of `docs/examples`, run against a throw-away server.
 */
import * as Effect from "effect/Effect"
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import { root } from "../architecture/imports.js"
import { compilers, everyExport, foreignFiles, isOurs, type Packed } from "../package/consumer.js"
import { readers, type Reader } from "../package/readers.js"
import { capture, outputOf, report, run } from "./process.js"
import {
  compile,
  execute,
  executeExamples,
  executePages,
  install,
  manifestAt,
  newFolder,
  write
} from "./readerFolder.js"

const manifest = manifestAt(root)
const all = readers(manifest).map((reader) => [reader, newFolder()] as const)
/** The first reader's folder is where the package itself is checked too. */
const project = all[0]![1]

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

/** What is checked of the package itself, beside the pages. */
const writeOwn = (): void => {
  const own = manifestAt(join(project, "node_modules", manifest.name))
  writeFileSync(join(project, "exports.ts"), everyExport(own))
  copyFileSync(join(root, "test/package/typeTests.ts"), join(project, "typeTests.ts"))
}

/**
 * The types as another compiler reads them. Effect's own declarations do not pass the least one without `skipLibCheck`: then only
 * errors in ours count.
 */
const compileWith = (version: string, skipLibCheck: boolean): void => {
  const folder = join(project, `typescript-${version}`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }))
  const installing = run({
    command: "npm",
    args: ["install", "--no-audit", "--no-fund", `typescript@${version}`],
    cwd: folder,
    seconds: 300
  })
  const args = ["-p", project, "--noEmit", "--skipLibCheck", String(skipLibCheck)]
  const how = skipLibCheck ? "" : ", our declarations checked too"
  const what = `the types are the same to TypeScript ${version}${how}`
  if (installing !== undefined) return report(what, installing)
  const tsc = join(folder, "node_modules/.bin/tsc")
  const { failed, output } = outputOf({ command: tsc, args, cwd: project, seconds: 300 })
  report(what, failed && (skipLibCheck || isOurs(output)) ? output : undefined)
}

/** The build leaves out what is marked; a declaration that needs it would not compile with our declarations checked. */
const noInternals = (): void => {
  const dist = join(project, "node_modules", manifest.name, "dist")
  const marked = readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts"))
    .filter((name) => readFileSync(join(dist, name), "utf8").includes("@internal"))
  report(
    "nothing marked as internal is declared",
    marked.length === 0 ? undefined : `these files declare some: ${marked.join(", ")}`
  )
}

/** A folder in which a reader has followed the pages, and whether what was written there type-checks. */
const follow = (reader: Reader, folder: string, tarball: string): boolean => {
  if (!install(folder, reader, manifest, tarball)) return false
  write(folder, reader)
  if (folder === project) {
    writeOwn()
    noInternals()
  }
  const compiles = compile(folder, reader)
  if (folder === project)
    for (const version of compilers) for (const skips of [true, false]) compileWith(version, skips)
  return compiles
}

try {
  const tarball = pack()
  const ready = all.filter(([reader, folder]) => follow(reader, folder, tarball))
  const everything = Effect.gen(function* () {
    const server = yield* start()
    for (const [reader, folder] of ready) {
      if (folder === project) execute(folder, "exports.ts", server.uri)
      executePages(folder, reader, server.uri)
      yield* executeExamples(folder, reader, server)
    }
  })
  if (ready.length > 0) await Effect.runPromise(Effect.scoped(everything))
} finally {
  for (const [, folder] of all) rmSync(folder, { recursive: true, force: true })
}
