import { describe, expect, it } from "vitest"
import { everyExport, foreignFiles, installed, type Manifest } from "./consumer.js"

const manifest: Manifest = {
  name: "pkg",
  exports: { "./package.json": "./package.json", ".": {}, "./Wire": {} },
  peerDependencies: { effect: "^3.22.0", optional: "^1.0.0" },
  peerDependenciesMeta: { optional: { optional: true } },
  devDependencies: { typescript: "~5.9.3", vitest: "^3.2.4" }
}

describe("the project that installs the tarball", () => {
  it("gets the peers that are not optional, in their ranges, and a compiler", () => {
    expect(installed(manifest)).toEqual(["effect@^3.22.0", "typescript@~5.9.3"])
  })

  it("imports every export but the manifest", () => {
    const imports = everyExport(manifest)
      .split("\n")
      .filter((line) => line.startsWith("import"))
    expect(imports).toEqual([`import * as m0 from "pkg"`, `import * as m1 from "pkg/Wire"`])
  })

  it("wants code and the pages in the tarball, and nothing else", () => {
    const paths = [
      "dist/index.js",
      "dist/wire/Tag.d.ts.map",
      "src/index.ts",
      "README.md",
      "test/a.test.ts",
      "dist/x.log"
    ]
    expect(foreignFiles({ filename: "", size: 0, files: paths.map((path) => ({ path })) })).toEqual([
      "test/a.test.ts",
      "dist/x.log"
    ])
  })
})
