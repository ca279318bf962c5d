/**
 * Type-checks every code block of the README and of `docs/` that imports this package, as a file of its own, and runs
 * those that are whole programs against one throw-away server, whose address they find in `DATABASE_URL`. With pages as arguments, such as
 * `docs/types.md`, only theirs. A program with another client and the one that follows it must print the same.
 */
import * as Effect from "effect/Effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { start } from "../../src/testing/EmbeddedPostgres.js"
import { readSources, root } from "../architecture/imports.js"
import { asFile, blocksOf, fileName, isProgram, pairsOf, type Block } from "../docs/blocks.js"
import { readPage } from "./generatedPage.js"
import { outputOf, report, run, type Run } from "./process.js"

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

const running = (block: Block, uri: string): Run => ({
  command: "npx",
  args: ["--no-install", "tsx", "--tsconfig", "tsconfig.json", join(folder, fileName(block))],
  cwd: root,
  env: { DATABASE_URL: uri },
  seconds: 60
})

/** Undefined when both end well and print the same, and something. */
const difference = (pair: readonly [Block, Block], uri: string): string | undefined => {
  const [theirs, ours] = pair.map((block) => outputOf(running(block, uri)))
  if (theirs!.failed || ours!.failed || theirs!.output === "" || theirs!.output !== ours!.output)
    return `${theirs!.output}\nand\n${ours!.output}`
  return undefined
}

const pairs = pairsOf(programs)

const executeAll = Effect.scoped(
  Effect.map(start(), ({ uri }) => {
    for (const block of programs)
      if (!pairs.flat().includes(block)) report(`${block.page}:${block.line} runs`, run(running(block, uri)))
    for (const pair of pairs)
      report(
        `${pair[0].page}:${pair.map(({ line }) => line).join(" and ")} print the same`,
        difference(pair, uri)
      )
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
