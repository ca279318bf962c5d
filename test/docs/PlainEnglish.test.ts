/** What a reader meets first is plain English: the docstrings of what the package exports, and the pages. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { publicExports } from "../architecture/docs.js"
import { readSources, root } from "../architecture/imports.js"

/** The server sends or reports; a caller is named; a value is unknown, invalid or missing. */
const refused = /\b(told|tells?|telling|nobody|whoever|hears?|heard|bears?|has it that|it all)\b/i
/** In docstrings moreover: say what the result is, such as `undefined` when no slot has this name. */
const refusedInDocs = new RegExp(`${refused.source}|\\b(is|are) none\\b`, "i")

const sources = readSources("src")
const exported = new Set(publicExports(sources).map(({ path }) => path.split(".").at(-1)!))

const nameOf = (statement: ts.Statement): string => {
  const named = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0]! : statement
  return "name" in named && named.name !== undefined ? (named.name as ts.Node).getText() : ""
}

/** The docstrings of a file's public declarations and of their members, not of what is inside functions. */
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
  for (const statement of file.statements) if (exported.has(nameOf(statement))) visit(statement)
  return found
}

/** The prose of a page: without programs and without what stands in backticks. */
const linesOf = (path: string): ReadonlyArray<string> =>
  readFileSync(join(root, path), "utf8")
    .replaceAll(/^```.*?^```/gms, (block) => block.replaceAll(/[^\n]/g, ""))
    .split("\n")
    .map((line, index) => `${path}:${index + 1}: ${line.replaceAll(/`[^`]*`/g, "``")}`)

// These are printed from the manual's demands and from the code, which have gates of their own.
const generated = new Set(["conformance.md", "messages.md"])

describe("plain English", () => {
  it("is in the docstrings of public exports", () => {
    const docs = [...sources].flatMap(([path, text]) => docsOf(path, text))
    assert.isAbove(docs.length, 1000)
    assert.deepStrictEqual(
      docs.filter((words) => refusedInDocs.test(words)),
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
