/** Each difference from another driver that a page lists is the title of a test. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")

/** First cells of the rows of the first table behind a heading. */
const rows = (page: string, heading: string): ReadonlyArray<string> => {
  const section = page.slice(page.indexOf(`## ${heading}`)).split("\n## ")[0]!
  return section
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2)
    .map((line) => line.split("|")[1]!.trim())
}

describe("the page on migrating from @effect/sql-pg", () => {
  it("has a test for each difference, and a row for each test", () => {
    const listed = rows(read("docs/migrating-from-effect-sql-pg.md"), "What differs on purpose")
    const tests = read("test/integration/sql/Differences.test.ts")
    const titles = [...tests.matchAll(/(?:title: |it\.scopedLive\()"([^"]+)"/g)].map(([, title]) => title!)
    assert.isAbove(titles.length, 10)
    assert.deepStrictEqual([...titles].sort(), [...listed].sort())
  })
})
