/** What comments and pages name is there: a name of code, an export of a public module, a file. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { publicExports } from "../architecture/docs.js"
import { readSources, root } from "../architecture/imports.js"
import { comment } from "./comments.js"

/** Names of Effect, Node, OpenSSL and the compiler that are spoken of and not used. */
const foreign = new Set([
  "ConfigProvider",
  "disableRenegotiation",
  "HeapProfiler",
  "includeObjectsCollectedByMajorGC",
  "latin1Slice",
  "NodeRuntime",
  "onread",
  "prepareStackTrace",
  "runMain",
  "setEncoding",
  "startSampling",
  "stripInternal",
  "TestClock",
  "toAsyncIterable",
  "Utc"
])

/** Types of the examples. */
const examples = new Set(["AB", "Mood"])

const block = /^```[\s\S]*?^```/gm
/** As names of code are written: lower and upper case, and parts. */
const codeName = /^(?=.*[a-z])(?=.*[A-Z])[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?=\(|$)/

interface Named {
  readonly place: string
  readonly text: string
}

const inTicks = (path: string, text: string, offset = 0): ReadonlyArray<Named> =>
  [...text.matchAll(/`([^`\n]+)`/g)].map(({ 1: name, index }) => ({
    place: `${path}:${offset + text.slice(0, index).split("\n").length}`,
    text: name!
  }))

const sources = readSources("src")
const identifiers = new Set(
  [...sources.values()].flatMap((text) => text.replace(comment, "").match(/[A-Za-z_$][\w$]*/g) ?? [])
)
const known = (name: string): boolean => identifiers.has(name) || foreign.has(name) || examples.has(name)

/** The names of code of which a part is not there. */
const unknown = (named: ReadonlyArray<Named>): ReadonlyArray<string> =>
  named.flatMap(({ place, text }) => {
    const name = codeName.exec(text)?.[0]
    return name === undefined || name.split(".").every(known) ? [] : [`${place}: ${text}`]
  })

const generated = new Set(["conformance.md", "messages.md"])
const pages = ["docs", "docs/decisions", "."].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md") && !generated.has(name) && name !== "CHANGELOG.md")
    .map((name): readonly [string, string] => {
      const path = join(folder, name)
      const text = readFileSync(join(root, path), "utf8")
      return [path, text.replace(block, (lines) => lines.replace(/[^\n]/g, ""))]
    })
)
const namedByPages = pages.flatMap(([path, text]) => inTicks(path, text))

describe("a name in a comment", () => {
  it("is a name of the code: not a former name, nor a file that does not mention it", () => {
    const named = [...sources].flatMap(([path, text]) =>
      [...text.matchAll(comment)].flatMap(({ 0: words, index }) =>
        inTicks(`src/${path}`, words, text.slice(0, index).split("\n").length - 1)
      )
    )
    assert.isAbove(named.length, 1000)
    assert.deepStrictEqual(unknown(named), [])
  })

  it("is not looked for where it is no name of code, and is found out when it is gone", () => {
    const text =
      "/** `select 1`, `max_connections`, `Utf8.decodeGone` and `goneName()`, not `Utf8.decode`. */"
    assert.deepStrictEqual(unknown(inTicks("a.ts", text)), ["a.ts:1: Utf8.decodeGone", "a.ts:1: goneName()"])
  })
})

describe("a name on a page", () => {
  it("is a name of the code", () => {
    assert.isAbove(namedByPages.length, 1000)
    const ofTests = new Set([...readSources("test").values()].join("\n").match(/[A-Za-z_$][\w$]*/g))
    const missing = unknown(namedByPages).filter(
      (line) =>
        !codeName
          .exec(line.slice(line.indexOf(": ") + 2))![0]
          .split(".")
          .every((name) => known(name) || ofTests.has(name))
    )
    assert.deepStrictEqual(missing, [])
  })

  it("behind the name of a public module is an export of it, or a member of what it exports", () => {
    const paths = publicExports(sources).map(({ path }) => path.split("."))
    const modules = new Set(paths.map(([module]) => module))
    const exports = new Set(paths.map(([module, name]) => `${module}.${name}`))
    const missing = namedByPages.flatMap(({ place, text }) => {
      const [module, name] = codeName.exec(text)?.[0].split(".") ?? []
      if (module === undefined || name === undefined || !modules.has(module)) return []
      const isMember = exports.has(`${module}.${module}`) && identifiers.has(name)
      return exports.has(`${module}.${name}`) || isMember ? [] : [`${place}: ${text}`]
    })
    assert.deepStrictEqual(missing, [])
  })

  it("of a file is a path that is there", () => {
    const missing = namedByPages.filter(
      ({ text }) => /^(src|test|docs)\/[\w./-]+$/.test(text) && !existsSync(join(root, text))
    )
    assert.deepStrictEqual(missing, [])
  })
})
