/** The texts of errors, warnings and logs are plain English: subject, verb, object, with the verbs of the field. */
import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"
import { readSources } from "../architecture/imports.js"
import { refused } from "./refusedWords.js"

/** Strings and templates of several words. */
const textsOf = (path: string, source: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const found: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const text = ts.isTemplateExpression(node)
        ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("{}")
        : node.text
      if (text.includes(" ")) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
        found.push(`src/${path}:${line + 1}: ${text}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

describe("the texts of src", () => {
  const texts = [...readSources("src")].flatMap(([path, source]) => textsOf(path, source))

  it("have none of the words that make a reader solve them", () => {
    assert.isAbove(texts.length, 1000)
    assert.deepStrictEqual(
      texts.filter((text) => refused.test(text)),
      []
    )
  })
})
