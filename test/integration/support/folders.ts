/** A folder for temporary files that is this test's alone, to see what is left in it. */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"

/** Sets a variable of this process's environment until the scope closes. */
export const environment = (name: string, value: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.env[name]
      process.env[name] = value
      return before
    }),
    (before) =>
      Effect.sync(() => {
        if (before === undefined) delete process.env[name]
        else process.env[name] = before
      })
  )

/** Makes a folder and lets `TMPDIR` point to it until the scope closes. Caches in it are empty, so `initdb` runs again. */
export const privateTemporaryFolder = Effect.gen(function* () {
  const path = yield* Effect.acquireRelease(
    Effect.sync(() => NodeFs.realpathSync(NodeFs.mkdtempSync("/tmp/private-"))),
    (path) => Effect.sync(() => NodeFs.rmSync(path, { recursive: true, force: true }))
  )
  NodeFs.chmodSync(path, 0o755)
  yield* environment("TMPDIR", path)
  return path
})

const list = (path: string): ReadonlyArray<string> =>
  NodeFs.existsSync(path) ? NodeFs.readdirSync(path) : []

const cacheName = `effect-postgres-${process.getuid?.() ?? -1}`

/** The folders of servers in a folder for temporary files. */
export const clustersIn = (tmp: string): ReadonlyArray<string> =>
  list(tmp)
    .filter((name) => name !== cacheName)
    .map((name) => `${tmp}/${name}`)

/** What is being built in the cache there. */
export const unfinishedIn = (tmp: string): ReadonlyArray<string> =>
  list(`${tmp}/${cacheName}`)
    .filter((name) => name.startsWith("new-"))
    .map((name) => `${tmp}/${cacheName}/${name}`)
