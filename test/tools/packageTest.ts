/**
 * Is the package real, and does it install as on the pages? Builds and packs it and then does in an empty folder what a reader
 * does: every install line, word by word (the tarball stands for the package's own name), a compiler, an import of every
 * public module, and every program of the README and of the page on testing, run against a throw-away server.
 */
import * as Effect from "effect/Effect"
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import { root } from "../architecture/imports.js"
import { asFile, blocksOf, fileName, installLines, isProgram } from "../docs/blocks.js"
import {
  compilerLine,
  compilers,
  everyExport,
  foreignFiles,
  isOurs,
  type Manifest,
  type Packed,
  tsconfig,
  withTarball
} from "../package/consumer.js"
import { readPage } from "./generatedPage.js"
import { capture, outputOf, report, run } from "./process.js"

const pages = ["README.md", "docs/testing.md"].map((page) => [page, readPage(page)] as const)
const blocks = pages.flatMap(([page, text]) => blocksOf(page, text))
const lines = pages.flatMap(([page, text]) => installLines(text).map((line) => ({ page, line })))

const project = mkdtempSync(join(tmpdir(), "consumer-"))
const manifestAt = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest
const manifest = manifestAt(root)

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

/** Runs a line as a shell does; whether it went well. */
const sh = (what: string, line: string): boolean => {
  const env = { npm_config_audit: "false", npm_config_fund: "false" }
  const failure = run({ command: "sh", args: ["-c", line], cwd: project, env, seconds: 600 })
  report(what, failure)
  return failure === undefined
}

/** Whether every line did its work: each stands on those before it. */
const install = (tarball: string): boolean =>
  lines.every(({ line, page }) => sh(`${page}: ${line}`, withTarball(line, manifest, tarball))) &&
  sh("other packages install beside it", compilerLine(manifest))

const write = (): void => {
  // The programs are modules, as the code of Effect's own pages is.
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ ...manifestAt(project), type: "module" }, null, 2)
  )
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(tsconfig))
  const own = manifestAt(join(project, "node_modules", manifest.name))
  writeFileSync(join(project, "exports.ts"), everyExport(own))
  copyFileSync(join(root, "test/package/typeTests.ts"), join(project, "typeTests.ts"))
  for (const block of blocks) writeFileSync(join(project, fileName(block)), asFile(block))
}

/**
 * The types as another compiler reads them. Effect's own declarations do not pass the least one without `skipLibCheck`: then only
 * errors in ours count.
 */
const compile = (version: string, skipLibCheck: boolean): void => {
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
  for (const [page, text] of pages) {
    report(`${page} has an install line`, installLines(text).length > 0 ? undefined : "none found")
    report(`${page} has a program`, blocksOf(page, text).some(isProgram) ? undefined : "none found")
  }
  if (install(pack())) {
    write()
    noInternals()
    const types = run({ command: "npx", args: ["--no-install", "tsc"], cwd: project, seconds: 300 })
    report("every public module and the pages' code type-check there", types)
    for (const version of compilers) for (const skips of [true, false]) compile(version, skips)
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
