/** Pages, docstrings, comments and titles of tests are plain English. Messages have a test of their own. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { readSources, root } from "../architecture/imports.js"
import { comment } from "./comments.js"
import { refused } from "./refusedWords.js"
import { titlesOf } from "./titles.js"

const sources = readSources("src")
const tests = new Map([...readSources("test"), ...readSources("test", ".mjs")])

/** The comments of a file, without what stands in backticks. */
const commentsOf = (folder: string, [path, text]: readonly [string, string]): ReadonlyArray<string> =>
  [...text.matchAll(comment)].map(({ 0: words, index }) => {
    const line = text.slice(0, index).split("\n").length
    return `${folder}/${path}:${line}: ${words.replaceAll(/\s*\n\s*\*?\s*/g, " ").replaceAll(/`[^`]*`/g, "``")}`
  })

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

  it("is in the docstrings and comments of src", () => {
    const comments = [...sources].flatMap((source) => commentsOf("src", source))
    assert.isAbove(comments.length, 5000)
    assert.deepStrictEqual(
      comments.filter((words) => refused.test(words)),
      []
    )
  })

  it("is in the comments of tests and tools", () => {
    const comments = [...tests].flatMap((source) => commentsOf("test", source))
    assert.isAbove(comments.length, 2000)
    assert.deepStrictEqual(
      comments.filter((words) => refused.test(words)),
      []
    )
  })

  it("is in the comments and texts of examples", () => {
    const lines = [...readSources("docs/examples")].flatMap(([path, text]) =>
      text.split("\n").map((line, index) => `docs/examples/${path}:${index + 1}: ${line}`)
    )
    assert.isAbove(lines.length, 1000)
    assert.deepStrictEqual(
      lines.filter((line) => refused.test(line)),
      []
    )
  })

  it("is in the titles of tests", () => {
    // Parsing takes its time: a file without the words is passed over. Those in this file are the test's own samples.
    const suspects = [...tests].filter(
      ([path, text]) => refused.test(text) && path !== "docs/PlainEnglish.test.ts"
    )
    assert.isAbove(suspects.length, 50)
    const titles = suspects.flatMap(([path, text]) =>
      titlesOf(path, text).map((title) => `test/${path}:${title.line}: ${title.text}`)
    )
    assert.isAbove(titles.length, 500)
    assert.deepStrictEqual(
      titles.filter((title) => refused.test(title)),
      []
    )
  })

  it("is read in titles of every form", () => {
    const source = [
      'describe("a group", () => {',
      '  it("one", () => run("not a title"))',
      "  it.effect(`two ${name}`, () => effect)",
      '  it.effect.each([["a row", 1], ["another"]])("three: %s", () => effect)',
      '  it.prop("four", [texts], () => true)',
      "})"
    ].join("\n")
    assert.deepStrictEqual(
      titlesOf("a.test.ts", source).map(({ line, text }) => `${line} ${text}`),
      ['1 "a group"', '2 "one"', "3 `two ${name}`", '4 "three: %s"', '4 "a row"', '4 "another"', '5 "four"']
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
