/** `psql`, where it is on the machine: what libpq makes of the same connection string. */
import * as Effect from "effect/Effect"
import { execFile, execFileSync } from "node:child_process"

const find = (): number | undefined => {
  try {
    const version = execFileSync("psql", ["--version"], { encoding: "utf8" })
    return Number(/ (\d+)/.exec(version)?.[1])
  } catch {
    return undefined
  }
}

/** Major version of the `psql` on the path; `undefined` when psql is not installed. */
export const psqlVersion: number | undefined = find()

/** What it prints for a statement, or its error. It sees no file or variable of the user of the tests. */
export const psql = (
  conninfo: string,
  sql: string
): Effect.Effect<{ readonly output: string } | { readonly error: string }> =>
  Effect.async((resume) => {
    const env = { PATH: process.env["PATH"], HOME: "/nonexistent", LC_ALL: "C" }
    const child = execFile("psql", ["-XAtwc", sql, conninfo], { env, timeout: 120_000 }, (error, out, err) =>
      resume(Effect.succeed(error === null ? { output: out.trim() } : { error: err.trim() }))
    )
    return Effect.sync(() => void child.kill())
  })
