/** Each difference from another driver that a page lists is the title of a test. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"

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

/** A test file of the client for `@effect/sql`, by its name without the ending. */
const testFile = (name: string): string =>
  ["test/sql", "test/integration/sql"]
    .map((folder) => `${folder}/${name}.test.ts`)
    .filter((path) => existsSync(new URL(`../../${path}`, import.meta.url)))
    .map(read)
    .join("\n")

/** Whether a file has a test of that title. Some titles are made of a pattern and a word of the case. */
const hasTest = (file: string, title: string): boolean => {
  const source = testFile(file)
  const has = (text: string): boolean => source.includes(`"${text}"`)
  const [, statement] = /^compiles (.+) to the same text and parameters$/.exec(title) ?? []
  const [, at, type] = /^parameter (\d+) of (\w+)$/.exec(title) ?? []
  const parameters = source.slice(source.indexOf("const parameters")).split("\n]")[0]!
  return (
    has(title) ||
    (statement !== undefined && has(statement)) ||
    (at !== undefined && [...parameters.matchAll(/^ {2}\["([^"]+)"/gm)][Number(at) - 1]?.[1] === type)
  )
}

/** The published tests by package, at the versions that the page speaks of. A runner storage's test runs once more without advisory locks. */
const published: ReadonlyArray<readonly [part: string, titles: ReadonlyArray<string>]> = [
  [
    "`@effect/sql-pg`, its client",
    [
      "insert helper",
      "updateValues helper",
      "updateValues helper returning",
      "update helper",
      "update helper returning",
      "array helper",
      "array helper with column",
      "and",
      "transform nested",
      "transform non nested",
      "insert fragments",
      "update fragments",
      "onDialect",
      "identifier transform",
      "jsonb",
      "stream",
      "insert helper, with transforms",
      "insert helper withoutTransforms",
      "multi-statement queries",
      "interruption",
      "Should populate config",
      "uses compiler transforms, of fromPool",
      "Should populate config, of fromPool",
      "listen does not reserve a pool connection"
    ]
  ],
  ["`@effect/sql-pg`, the persisted queue", ["offer + take", "interrupt", "failure", "idempotent offer"]],
  [
    "`@effect/cluster`, the message storage",
    [
      "saveRequest",
      "saveReply + saveRequest duplicate",
      "detects duplicates",
      "hashes primary keys longer than the message_id column",
      "keeps primary keys within the column width as plaintext",
      "unprocessedMessages",
      "unprocessedMessages excludes complete requests",
      "repliesFor",
      "registerReplyHandler",
      "unprocessedMessagesById"
    ]
  ],
  [
    "`@effect/cluster`, the runner storage",
    [
      "bounds lock operations and rebuilds an unresponsive reserved connection",
      "does not create the locks table",
      "getRunners",
      "acquireShards",
      "getRunners, no advisory",
      "acquireShards, no advisory"
    ]
  ],
  ["`@effect/sql-drizzle`", ["works", "orm", "remote callback", "fail properly for conflict issues"]],
  ["`@effect/sql-kysely`", ["queries"]]
]

describe("the page on migrating from @effect/sql-pg", () => {
  it("has a test for each difference, and a row for each test", () => {
    const listed = rows(read("docs/migrating-from-effect-sql-pg.md"), "What differs on purpose")
    const tests = read("test/integration/sql/Differences.test.ts")
    const titles = [...tests.matchAll(/(?:title: |it\.scopedLive\()"([^"]+)"/g)].map(([, title]) => title!)
    assert.isAbove(titles.length, 10)
    assert.deepStrictEqual([...titles].sort(), [...listed].sort())
  })

  it("names each published test, part by part", () => {
    const listed: Array<[string, Array<string>]> = []
    for (const [, title] of cells(read("docs/migrating-from-effect-sql-pg.md"), "The published tests")) {
      if (title!.startsWith("**")) listed.push([title!.replaceAll("**", ""), []])
      else listed.at(-1)![1].push(title!)
    }
    assert.deepStrictEqual<unknown>(listed, published)
  })

  it("has a test of ours for each published one, in the file that it names", () => {
    const ours = cells(read("docs/migrating-from-effect-sql-pg.md"), "The published tests")
      .filter(([, title]) => !title!.startsWith("**"))
      .flatMap(([, , file, titles]) => titles!.split("; ").map((title) => [file!, title] as const))
    assert.deepStrictEqual(
      ours.filter(([file, title]) => !hasTest(file, title)),
      []
    )
  })
})
