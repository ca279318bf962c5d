import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { assert, describe, it } from "@effect/vitest"
import { readSources, root } from "./imports.js"
import { publicModules } from "./publicModules.js"

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest
const names = publicModules.map(({ name }) => name)

/** `export * as Name from "./Name.js"`, as name and file; anything else as its own text. */
const namespaces = (source: string): ReadonlyArray<string> =>
  ts.createSourceFile("index.ts", source, ts.ScriptTarget.Latest, true).statements.map((statement) => {
    const isNamespace =
      ts.isExportDeclaration(statement) &&
      statement.exportClause !== undefined &&
      ts.isNamespaceExport(statement.exportClause) &&
      statement.moduleSpecifier !== undefined
    return isNamespace
      ? `${statement.exportClause.name.getText()} ${statement.moduleSpecifier.getText().slice(1, -1)}`
      : statement.getText()
  })

describe("the public modules", () => {
  it("are listed once each, by name", () => {
    assert.deepStrictEqual(names, [...new Set(names)].sort())
  })

  it("are exactly the exports of the package, each with its types", () => {
    const built = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` })
    assert.deepStrictEqual(manifest.exports, {
      "./package.json": "./package.json",
      ".": built("index"),
      ...Object.fromEntries(publicModules.map(({ name, subpath }) => [`./${subpath}`, built(name)]))
    })
  })

  it("are exactly the files directly under src, beside index.ts", () => {
    const files = [...readSources("src").keys()].filter((path) => !path.includes("/"))
    assert.deepStrictEqual(
      files.filter((path) => path !== "index.ts"),
      names.map((name) => `${name}.ts`)
    )
  })

  it("are exactly the namespaces of the main entry", () => {
    const index = join(root, "src/index.ts")
    const expected = publicModules
      .filter((module) => module.inIndex)
      .map(({ name }) => `${name} ./${name}.js`)
    assert.deepStrictEqual(
      existsSync(index) ? [...namespaces(readFileSync(index, "utf8"))].sort() : "no src/index.ts",
      expected
    )
  })

  it("are recognized among everything else an entry file might hold", () => {
    assert.deepStrictEqual(
      namespaces(`export * as A from "./A.js"\nexport * from "./B.js"\nexport const c = 1\n`),
      ["A ./A.js", `export * from "./B.js"`, "export const c = 1"]
    )
  })
})
