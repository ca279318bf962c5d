/** What a reader meets first is plain English: the docstrings of what the package exports, and the pages. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { publicExports } from "../architecture/docs.js"
import { readSources, root } from "../architecture/imports.js"
import { refused } from "./refusedWords.js"

const sources = readSources("src")
const exported = new Set(publicExports(sources).map(({ path }) => path.split(".").at(-1)!))

const nameOf = (statement: ts.Statement): string => {
  const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]! : statement
  return "name" in named && named.name !== undefined ? (named.name as ts.Node).getText() : ""
}

/**
 * The docstrings of a file's public declarations and of their members, not of what is inside functions. Of a public module, such as
 * `src/PgClient.ts`, every docstring counts.
 */
const docsOf = (path: string, text: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    for (const doc of ts.getJSDocCommentsAndTags(node)) {
      const words = doc.getText().replaceAll(/\s*\n\s*\*?\s*/g, " ")
      if (doc.parent === node) found.push(`src/${path}: ${words}`)
    }
    if (!ts.isBlock(node)) ts.forEachChild(node, visit)
  }
  const isPublic = !path.includes("/")
  for (const statement of file.statements) if (isPublic || exported.has(nameOf(statement))) visit(statement)
  return found
}

/** The prose of a page: without programs and without what stands in backticks. */
const linesOf = (path: string): ReadonlyArray<string> =>
  readFileSync(join(root, path), "utf8")
    .replaceAll(/^```.*?^```/gms, (block) => block.replaceAll(/[^\n]/g, ""))
    .split("\n")
    .map((line, index) => `${path}:${index + 1}: ${line.replaceAll(/`[^`]*`/g, "``")}`)

// Printed from what the manual demands. The texts on messages.md stand in backticks, and are checked where they are written.
const generated = new Set(["conformance.md"])

describe("plain English", () => {
  it.each([
    "The server tells us",
    "who is told",
    "it says",
    "Nobody waits",
    "There is none: it is none",
    "it all"
  ])("has no place for: %s", (text) => {
    assert.isTrue(refused.test(text))
  })

  it("does not refuse words that only look alike", () => {
    assert.isFalse(refused.test("a retold essay, a bearer token, a shearing, one installment"))
  })

  it("is in the docstrings of public exports", () => {
    const docs = [...sources].flatMap(([path, text]) => docsOf(path, text))
    assert.isAbove(docs.length, 1000)
    assert.deepStrictEqual(
      docs.filter((words) => refused.test(words)),
      []
    )
  })

  it("is on the pages", () => {
    const pages = readdirSync(join(root, "docs")).filter(
      (name) => name.endsWith(".md") && !generated.has(name)
    )
    const lines = ["README.md", ...pages.map((name) => `docs/${name}`)].flatMap(linesOf)
    assert.isAbove(lines.length, 3000)
    assert.deepStrictEqual(
      lines.filter((line) => refused.test(line)),
      []
    )
  })
})
