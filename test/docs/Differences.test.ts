/** Each difference from another driver that a page lists is the title of a test. */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

/** Cells of the rows of the first table behind a heading. */
const cells = (page: string, heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const section = page.slice(page.indexOf(`## ${heading}`)).split("\n## ")[0]!
  return section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()))
}

/** First cells of the rows. */
const rows = (page: string, heading: string): ReadonlyArray<string> =>
  cells(page, heading).map(([, first]) => first!)

const testsOf = (folder: string): string =>
  readdirSync(new URL(`../../${folder}`, import.meta.url))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => read(`${folder}/${name}`))
    .join("\n")

describe("the page on migrating from @effect/sql-pg", () => {
  it("has a test for each difference, and a row for each test", () => {
    const listed = rows(read("docs/migrating-from-effect-sql-pg.md"), "What differs on purpose")
    const tests = read("test/integration/sql/Differences.test.ts")
    const titles = [...tests.matchAll(/(?:title: |it\.scopedLive\()"([^"]+)"/g)].map(([, title]) => title!)
    assert.isAbove(titles.length, 10)
    assert.deepStrictEqual([...titles].sort(), [...listed].sort())
  })

  it("has a test of ours for each published one", () => {
    const tests = testsOf("test/sql") + testsOf("test/integration/sql")
    const ours = cells(read("docs/migrating-from-effect-sql-pg.md"), "The published tests")
      .filter(([, published]) => !published!.startsWith("**"))
      .flatMap(([, , titles]) => titles!.split("; "))
    assert.isAbove(ours.length, 30)
    // Some titles are made of a pattern and a word of the case.
    const isThere = (title: string): boolean =>
      tests.includes(`"${title}"`) ||
      tests.includes(`"${/^compiles (.+) to the same text and parameters$/.exec(title)?.[1]}"`) ||
      /^parameter \d+ of jsonb$/.test(title)
    assert.deepStrictEqual(
      ours.filter((title) => !isThere(title)),
      []
    )
  })
})
