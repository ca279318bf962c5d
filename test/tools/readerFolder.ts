/** A folder in which a reader follows pages: what is installed, written, compiled and run there. */
import * as Effect from "effect/Effect"
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { root } from "../architecture/imports.js"
import {
  asFile,
  blocksOf,
  fileName,
  installLines,
  isProgram,
  printedBy,
  usesUs,
  withoutLog,
  type Block
} from "../docs/blocks.js"
import { rawRows, type RawTarget } from "../integration/support/rawSession.js"
import { compilerLine, type Manifest, tsconfig, withTarball } from "../package/consumer.js"
import type { Reader } from "../package/readers.js"
import { readPage } from "./generatedPage.js"
import { outputOf, report, run, type Run } from "./process.js"

export const manifestAt = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest

export const newFolder = (): string => mkdtempSync(join(tmpdir(), "consumer-"))

/** Runs a line as a shell does; whether it went well. Packages that npm has in its cache are not asked for again. */
const sh = (folder: string, what: string, line: string): boolean => {
  const env = { npm_config_audit: "false", npm_config_fund: "false", npm_config_prefer_offline: "true" }
  const failure = run({ command: "sh", args: ["-c", line], cwd: folder, env, seconds: 600 })
  report(what, failure)
  return failure === undefined
}

/** Runs what the reader has and then each line of the pages, until one fails; a line that was run before is there already. */
export const install = (folder: string, reader: Reader, manifest: Manifest, tarball: string): boolean => {
  const lines = reader.pages.flatMap((page) =>
    installLines(readPage(page)).map((line) => ({
      page,
      line: withTarball(line, manifest, tarball),
      shown: line
    }))
  )
  const isFirst = (line: string, at: number): boolean =>
    lines.findIndex((other) => other.line === line) === at
  return (
    reader.has.every((line) => sh(folder, `${reader.name} has: ${line}`, line)) &&
    lines.every(({ line, page, shown }, at) =>
      isFirst(line, at) ? sh(folder, `${page}: ${shown}`, line) : true
    ) &&
    sh(folder, "other packages install beside it", compilerLine(manifest))
  )
}

const blocks = ({ pages }: Reader): ReadonlyArray<Block> =>
  pages.flatMap((page) => blocksOf(page, readPage(page))).filter((block) => usesUs(block))

const examples = ({ examples, leftOut }: Reader): ReadonlyArray<Block> =>
  readdirSync(join(root, "docs/examples", examples))
    .filter((name) => !leftOut.includes(name))
    .sort()
    .map((name) => `docs/examples/${examples}/${name}`)
    .map((page) => ({ page, line: 1, code: readFileSync(join(root, page), "utf8") }))

/** The code of the pages and the examples, as modules: the code of Effect's own pages is. */
export const write = (folder: string, reader: Reader): void => {
  const own = { ...manifestAt(folder), type: "module" }
  writeFileSync(join(folder, "package.json"), JSON.stringify(own, null, 2))
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
  for (const block of blocks(reader)) writeFileSync(join(folder, fileName(block)), asFile(block))
  for (const { code, page } of examples(reader)) writeFileSync(join(folder, basename(page)), code)
}

/** Whether the pages' code, and what else was written there, type-checks. */
export const compile = (folder: string, reader: Reader): boolean => {
  const failure = run({ command: "npx", args: ["--no-install", "tsc"], cwd: folder, seconds: 300 })
  report(`the code for ${reader.name} type-checks on the installed package`, failure)
  return failure === undefined
}

const running = (folder: string, file: string, uri: string): Run => ({
  command: process.execPath,
  args: [join("out", file.replace(/ts$/, "js"))],
  cwd: folder,
  env: { DATABASE_URL: uri, NO_COLOR: "1" },
  seconds: 60
})

export const execute = (folder: string, file: string, uri: string): void =>
  report(`${file} runs on the installed package`, run(running(folder, file, uri)))

export const executePages = (folder: string, reader: Reader, uri: string): void => {
  for (const block of blocks(reader)) if (isProgram(block)) execute(folder, fileName(block), uri)
}

/** An example needs a database of its own; where a page shows its output, it must print that. */
export const executeExamples = (folder: string, reader: Reader, { host, port }: RawTarget) =>
  Effect.forEach(examples(reader).filter(isProgram), ({ page }, at) => {
    const name = basename(page, ".ts")
    const database = `example_${reader.examples}_${at}`
    return Effect.map(rawRows({ host, port }, `create database ${database}`), () => {
      const uri = `postgres://postgres@${host}:${port}/${database}`
      const { failed, output } = outputOf(running(folder, basename(page), uri))
      const shown = printedBy(readPage("docs/recipes.md"), name) ?? withoutLog(output)
      const isFine = !failed && output !== "" && withoutLog(output) === shown
      report(`${page} runs on the installed package`, isFine ? undefined : output)
    })
  })
