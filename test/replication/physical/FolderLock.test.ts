import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as FolderLock from "../../../src/replication/physical/FolderLock.js"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-postgres-lock-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe("the lock of a folder", () => {
  it.scoped("is held by one at a time, and given back with the scope (W04)", () =>
    Effect.gen(function* () {
      const key = `test-${process.pid}`
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* FolderLock.acquire(key)
          assert.strictEqual(yield* Effect.flip(Effect.scoped(FolderLock.acquire(key))), "EADDRINUSE")
        })
      )
      yield* FolderLock.acquire(key)
    })
  )

  it.scoped("does not outlive a killed process, where it is a socket's file either (W04)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "lock")
      const hold = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`
      spawnSync(process.execPath, ["-e", hold])
      assert.isTrue(existsSync(path))
      yield* FolderLock.acquire("any", path)
      // It is held now, and not taken for one that was left.
      assert.strictEqual(yield* Effect.flip(Effect.scoped(FolderLock.acquire("any", path))), "EADDRINUSE")
    })
  )
})
