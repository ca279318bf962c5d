/**
 * Type-checks every code block of the README and of `docs/` that imports this package, as a file of its own, and runs
 * those that are whole programs against one throw-away server, whose address they find in `DATABASE_URL`. With pages as arguments, such as
 * `docs/types.md`, only theirs.
 */
import * as Effect from "effect/Effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import { readSources, root } from "../architecture/imports.js"
import { asFile, blocksOf, fileName, isProgram, type Block } from "../docs/blocks.js"
import { readPage } from "./generatedPage.js"
import { report, run } from "./process.js"

/** Inside the project, so that its packages and path aliases are found; it ignores itself and is removed. */
const folder = join(root, ".docs-code")

const only = process.argv.slice(2)
const pages = [
  ["README.md", readPage("README.md")] as const,
  ...[...readSources("docs", ".md")].map(([path, text]) => [`docs/${path}`, text] as const)
].filter(([page]) => only.length === 0 || only.includes(page))
const blocks = pages.flatMap(([page, text]) => blocksOf(page, text))
const programs = blocks.filter(isProgram)

const settings = {
  extends: "../tsconfig.json",
  compilerOptions: {
    incremental: false,
    tsBuildInfoFile: null,
    noUnusedLocals: false,
    noUnusedParameters: false
  },
  include: ["*.ts"]
}

const write = (): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(join(folder, ".gitignore"), "*\n")
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings))
  for (const block of blocks) writeFileSync(join(folder, fileName(block)), asFile(block))
}

const compile = (): string | undefined =>
  run({
    command: "npx",
    args: ["--no-install", "tsc", "-p", join(folder, "tsconfig.json")],
    cwd: root,
    seconds: 300
  })

const execute = (block: Block, uri: string): string | undefined =>
  run({
    command: "npx",
    args: ["--no-install", "tsx", "--tsconfig", "tsconfig.json", join(folder, fileName(block))],
    cwd: root,
    env: { DATABASE_URL: uri },
    seconds: 60
  })

const executeAll = Effect.scoped(
  Effect.map(start(), ({ uri }) => {
    for (const block of programs) report(`${block.page}:${block.line} runs`, execute(block, uri))
  })
)

for (const page of only.length === 0 ? ["README.md"] : only)
  report(`${page} has a program`, programs.some((block) => block.page === page) ? undefined : "none found")

write()
try {
  const failure = compile()
  report(`${blocks.length} code blocks type-check`, failure)
  if (failure === undefined && programs.length > 0) await Effect.runPromise(executeAll)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
