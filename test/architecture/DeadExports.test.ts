import { assert, describe, it } from "@effect/vitest"
import { unusedExports } from "./allowed.js"
import { publicExports } from "./docs.js"
import { repeatedTypes, unmentioned } from "./exports.js"
import { readSources } from "./imports.js"

const sources = readSources("src")
const isPublic = (path: string): boolean => !path.includes("/")

describe("the exports of the rooms", () => {
  const dead = unmentioned(sources, isPublic)

  it("are each used by another file, by their own, or by users", () => {
    const found = dead.filter((one) => !(one in unusedExports))
    assert.deepStrictEqual(
      found,
      [],
      "remove the export, or state in test/architecture/allowed.ts why it stays"
    )
  })

  it("are on the list of those that nothing uses only while nothing does", () => {
    assert.deepStrictEqual(
      Object.keys(unusedExports).filter((one) => !dead.includes(one)),
      [],
      "delete the entry in test/architecture/allowed.ts"
    )
  })
})

describe("the names of exported types", () => {
  it("stand once each: a name that stands twice is two nouns for a reader", () => {
    const found = [...repeatedTypes(sources)].filter(
      ([name, files]) => name !== "Options" && files.length > 1
    )
    assert.deepStrictEqual(found, [], "give one of them a name of its own")
  })
})

describe("the public names", () => {
  it("have a doc comment each", () => {
    const missing = publicExports(sources)
      .filter(({ isDocumented }) => !isDocumented)
      .map(({ path }) => path)
    assert.deepStrictEqual(missing, [], "write a doc comment where the name is declared")
  })

  it("include nothing marked as internal, because the declarations of the package leave such names out", () => {
    const found = publicExports(sources)
      .filter(({ isInternal }) => isInternal)
      .map(({ path }) => path)
    assert.deepStrictEqual(found, [], "name the exports of the public module, and leave this one out")
  })
})

describe("an export", () => {
  const of = (files: Readonly<Record<string, string>>) =>
    unmentioned(new Map(Object.entries(files)), (path) => !path.includes("/"))

  it("is used by an import of its name, under whatever name, and by a member of a namespace", () => {
    const a = "export const one = 1\nexport const two = 2\nexport interface Three {}\nexport const four = 4\n"
    assert.deepStrictEqual(of({ "r/A.ts": a }), ["r/A.ts one", "r/A.ts two", "r/A.ts Three", "r/A.ts four"])
    const b = `import { one as uno } from "./A.js"\nimport * as A from "./A.js"\nimport type { Three } from "./A.js"\nconst x: Three = uno + A.two\n`
    assert.deepStrictEqual(of({ "r/A.ts": a, "r/B.ts": b }), ["r/A.ts four"])
  })

  it("is used by a public module that passes it on, by name or as a whole", () => {
    const a = "export const one = 1\nexport const two = 2\n"
    assert.deepStrictEqual(of({ "r/A.ts": a, "P.ts": `export { one as uno } from "./r/A.js"\n` }), [
      "r/A.ts two"
    ])
    assert.deepStrictEqual(of({ "r/A.ts": a, "P.ts": `export * as A from "./r/A.js"\n` }), [])
  })

  it("is used by its own file, but not by a comment or by its own declaration", () => {
    assert.deepStrictEqual(of({ "r/A.ts": "/** one */\nexport const one = 1 // one\n" }), ["r/A.ts one"])
    assert.deepStrictEqual(of({ "r/A.ts": "export const one = 1\nexport const two = [one]\n" }), [
      "r/A.ts two"
    ])
    assert.deepStrictEqual(of({ "r/A.ts": "export type E = 'e'\nexport const E = 'e'\n" }), ["r/A.ts E"])
  })

  it("of a type is repeated when two files declare it, not when one passes it on", () => {
    const files = new Map([
      ["r/A.ts", "export interface T {}\n"],
      ["r/B.ts", `export type { T } from "./A.js"\n`]
    ])
    assert.strictEqual(repeatedTypes(files).size, 0)
    files.set("r/C.ts", "export type T = 1\n")
    assert.deepStrictEqual(repeatedTypes(files).get("T"), ["r/A.ts", "r/C.ts"])
  })
})
