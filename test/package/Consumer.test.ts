import { assert, describe, it } from "@effect/vitest"
import { compilerLine, everyExport, foreignFiles, isOurs, type Manifest, withTarball } from "./consumer.js"

const manifest: Manifest = {
  name: "pkg",
  exports: { "./package.json": "./package.json", ".": {}, "./Wire": {} },
  devDependencies: { typescript: "~5.9.3", "@types/node": "^20.19.0", vitest: "^3.2.4" }
}

describe("the project that installs the tarball", () => {
  it("runs the lines of the page, word by word, with the tarball for the package's own name", () => {
    const line = "npm install pkg effect@^3.22 pkg-more pkg@latest"
    assert.strictEqual(
      withTarball(line, manifest, "/t.tgz"),
      "npm install '/t.tgz' effect@^3.22 pkg-more '/t.tgz'"
    )
    assert.strictEqual(
      compilerLine(manifest),
      "npm install --save-dev 'typescript@~5.9.3' '@types/node@^20.19.0'"
    )
  })

  it("fails for a compiler's errors in this package and in the project, not for errors in other packages", () => {
    const line = (file: string) => `${file}(1,2): error TS2315: Type 'Uint8Array' is not generic.`
    const foreign = line("node_modules/effect/dist/dts/Schema.d.ts")
    assert.strictEqual(isOurs(foreign), false)
    assert.strictEqual(isOurs(`${foreign}\n${line("node_modules/effect-postgres/dist/index.d.ts")}`), true)
    assert.strictEqual(isOurs(`${foreign}\n${line("typeTests.ts")}`), true)
    assert.strictEqual(isOurs("error TS5058: The specified path does not exist"), true)
    assert.strictEqual(isOurs("no such command"), true)
  })

  it("imports every export but the manifest", () => {
    const imports = everyExport(manifest)
      .split("\n")
      .filter((line) => line.startsWith("import"))
    assert.deepStrictEqual(imports, [`import * as m0 from "pkg"`, `import * as m1 from "pkg/Wire"`])
  })

  it("wants code and the pages in the tarball, and nothing else", () => {
    const paths = [
      "dist/index.js",
      "dist/wire/Tag.d.ts",
      "dist/wire/Tag.d.ts.map",
      "src/index.ts",
      "README.md",
      "test/a.test.ts",
      "dist/x.log"
    ]
    assert.deepStrictEqual(foreignFiles({ filename: "", size: 0, files: paths.map((path) => ({ path })) }), [
      "dist/wire/Tag.d.ts.map",
      "src/index.ts",
      "test/a.test.ts",
      "dist/x.log"
    ])
  })
})
