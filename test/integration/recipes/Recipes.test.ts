/** The programs of `docs/examples/recipes`, run as a user runs them; each page shows what is printed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { readFileSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { printedBy, withoutLog } from "../../docs/blocks.js"
import { open } from "../connection/sessions.js"
import { shared } from "../support/server.js"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const page = readFileSync(`${root}docs/recipes.md`, "utf8")
const programs = readdirSync(`${root}docs/examples/recipes`).map((name) => name.replace(/\.ts$/, ""))

/**
 * A database for one program: CREATE INDEX CONCURRENTLY waits for the transactions of its database, and other tests leave statements
 * behind that sleep.
 */
const database = (name: string) =>
  Effect.gen(function* () {
    const admin = yield* open({ target: shared })
    yield* Effect.acquireRelease(admin.simple(`create database ${name}`), () =>
      Effect.orDie(admin.simple(`drop database ${name} with (force)`))
    )
    const uri = new URL(shared.uri)
    uri.pathname = `/${name}`
    return uri.href
  })

const run = (name: string, uri: string): Promise<{ readonly code: number | null; readonly out: string }> =>
  new Promise((resolve) => {
    const child = spawn("npx", ["--no-install", "tsx", `docs/examples/recipes/${name}.ts`], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: uri, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let out = ""
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (out += String(chunk)))
    child.on("close", (code) => resolve({ code, out }))
  })

describe("the recipe", () => {
  for (const name of programs)
    it.scopedLive(`${name} prints what its page shows`, () =>
      Effect.gen(function* () {
        const uri = yield* database(`recipe_${name.toLowerCase()}`)
        const { code, out } = yield* Effect.promise(() => run(name, uri))
        assert.strictEqual(code, 0, out)
        assert.strictEqual(withoutLog(out), printedBy(page, name))
      })
    )
})
