/** The example application prints the same on both drivers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** What a program prints, on a database of its own. */
const printed = (file: string, database: string) =>
  Effect.acquireUseRelease(
    rawRows(shared, `create database ${database}`),
    () =>
      Effect.async<string>((resume) => {
        const url = `postgres://postgres@${shared.host}:${shared.port}/${database}`
        execFile(
          "npx",
          ["--no-install", "tsx", "--tsconfig", "tsconfig.json", `docs/examples/sql/${file}`],
          { cwd: root, env: { ...process.env, DATABASE_URL: url } },
          (error, stdout, stderr) =>
            resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(stdout + stderr)))
        )
      }),
    () => Effect.ignore(rawRows(shared, `drop database ${database} with (force)`))
  )

describe("the example application", () => {
  it.scopedLive("prints the same on @effect/sql-pg and on this package", () =>
    Effect.gen(function* () {
      const theirs = yield* printed("onSqlPg.ts", `example_theirs_${process.pid}`)
      const ours = yield* printed("onEffectPostgres.ts", `example_ours_${process.pid}`)
      assert.strictEqual(ours, theirs)
      assert.deepStrictEqual(ours.trim().split("\n"), [
        "refused with 23514",
        "Ada has 9007199254741193",
        "Grace has 300",
        "no account",
        "{ n: 1, square: 1 }",
        "{ n: 2, square: 4 }",
        "{ n: 3, square: 9 }"
      ])
    })
  )
})
