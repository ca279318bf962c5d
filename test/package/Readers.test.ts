import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { readSources, root } from "../architecture/imports.js"
import { blocksOf, installLines, usesUs } from "../docs/blocks.js"
import type { Manifest } from "./consumer.js"
import { installedBy, packagesOf, readers } from "./readers.js"

const read = (path: string): string => readFileSync(join(root, path), "utf8")
const all = readers(JSON.parse(read("package.json")) as Manifest)

/** What a page installs, and what the README or the reader's project has before. */
const availableOn = (page: string): ReadonlyArray<string> => {
  const before = all.flatMap(({ has, pages }) => (pages.includes(page) ? has : []))
  return [...installLines(read("README.md")), ...before, ...installLines(read(page))].flatMap(installedBy)
}

describe("the readers of the pages", () => {
  it("follow every page that has an install line", () => {
    const pages = ["README.md", ...[...readSources("docs", ".md").keys()].map((path) => `docs/${path}`)]
    // The page of messages quotes the client's own messages, which stand with placeholders there.
    const installing = pages.filter(
      (page) => page !== "docs/messages.md" && installLines(read(page)).length > 0
    )
    const followed = all.flatMap((reader) => reader.pages)
    assert.isAbove(installing.length, 6)
    assert.deepStrictEqual(
      installing.filter((page) => !followed.includes(page)),
      []
    )
  })

  it("find on each page, or in the README, every package that its code imports", () => {
    const missing = all
      .flatMap((reader) => reader.pages)
      .flatMap((page) => {
        const available = availableOn(page)
        const used = blocksOf(page, read(page))
          .filter(usesUs)
          .flatMap(({ code }) => packagesOf(code))
        assert.isAbove(used.length, 0, page)
        return used.filter((name) => !available.includes(name)).map((name) => `${page}: ${name}`)
      })
    assert.deepStrictEqual(missing, [])
  })
})

describe("the packages of code and of install lines", () => {
  it("are those that it imports, without paths, files and Node's own modules", () => {
    const code = [
      'import { a } from "@scope/name/part"',
      "import {",
      "  b",
      '} from "plain"',
      'import type { c } from "./c.js"',
      'import d from "node:fs"',
      'import { e } from "plain/more"'
    ]
    assert.deepStrictEqual(packagesOf(code.join("\n")), ["@scope/name", "plain"])
  })

  it("are the words of the line, without versions and options", () => {
    assert.deepStrictEqual(
      installedBy("npm install --save-dev '@scope/name@^1.2' plain alias@npm:plain@1 @scope/bare"),
      ["@scope/name", "plain", "alias", "@scope/bare"]
    )
  })
})
