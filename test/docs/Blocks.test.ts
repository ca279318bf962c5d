import { assert, describe, it } from "@effect/vitest"
import { asFile, blocksOf, fileName, installLines, isProgram, pairsOf } from "./blocks.js"

const fence = "```"
const page = (...blocks: ReadonlyArray<readonly [language: string, code: string]>) =>
  blocks.map(([language, code]) => `words\n\n${fence}${language}\n${code}\n${fence}\n`).join("\n")

const use = `import { Sql } from "effect-postgres"`

describe("the code of a page", () => {
  it("is what imports the package or one of its modules, in TypeScript", () => {
    const text = page(
      ["ts", use],
      ["typescript", `import * as Sql from "effect-postgres/Sql"`],
      ["ts", "const fragment = 1"],
      ["ts", `import { x } from "effect-postgres-other"`],
      ["sh", `echo 'from "effect-postgres"'`],
      ["text", use]
    )
    assert.deepStrictEqual(
      blocksOf("docs/a.md", text).map(({ line }) => line),
      [4, 10]
    )
  })

  it("keeps the page's line numbers and has its place in its name", () => {
    const [block] = blocksOf("docs/how/a.md", page(["ts", `${use}\nconst broken: string = 1`]))
    assert.strictEqual(asFile(block!).split("\n")[4], "const broken: string = 1")
    assert.strictEqual(fileName(block!), "docs-how-a.md.4.ts")
  })

  it("is a program when it runs something", () => {
    const isOne = (code: string) => isProgram({ page: "a.md", line: 1, code })
    assert.strictEqual(isOne("program.pipe(Effect.runPromise)"), true)
    assert.strictEqual(isOne("NodeRuntime.runMain(program)"), true)
    assert.strictEqual(isOne("const program = Effect.succeed(1)"), false)
  })

  it("may be a program with another client, which is a pair with the next on its page", () => {
    const theirs = `import pg from "pg"\nawait new pg.Pool().query("select 1")`
    const ours = `${use}\nNodeRuntime.runMain(program)`
    const blocks = [
      ...blocksOf("a.md", page(["ts", theirs], ["ts", ours], ["ts", ours])),
      ...blocksOf("b.md", page(["ts", ours], ["ts", theirs])),
      ...blocksOf("c.md", page(["ts", ours]))
    ]
    assert.deepStrictEqual(
      blocks.map((block) => isProgram(block)),
      [true, true, true, true, true, true]
    )
    assert.deepStrictEqual(
      pairsOf(blocks).map((pair) => pair.map((block) => fileName(block))),
      [["a.md.4.ts", "a.md.11.ts"]]
    )
  })

  it("is not what a fence that never closes begins", () => {
    assert.deepStrictEqual(blocksOf("a.md", `${fence}ts\n${use}\n`), [])
  })
})

describe("the install lines of a page", () => {
  it("are those of its blocks and those in its text, word by word", () => {
    const text = `${page(["sh", "npm install pkg effect@^3.22\nnpm ci && npm test"])}\nor \`npm i --save-dev x@1\`, \`npm uninstall y\`, and \`npm test\`.\n`
    assert.deepStrictEqual(installLines(text), [
      "npm install pkg effect@^3.22",
      "npm i --save-dev x@1",
      "npm uninstall y"
    ])
  })
})
