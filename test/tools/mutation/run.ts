/**
 * Tries mutants room after room, then prints the scores. Each room is a run of its own, with its own tests: a mutant costs what the
 * tests that reach it cost, and those of other rooms reach it on the way to something else.
 *
 * `MUTATION_ROOMS`: some rooms only, by name and with commas between; the scores of the others are those of their last run.
 */
import { spawnSync } from "node:child_process"
import { root } from "../../architecture/imports.js"
import { rooms } from "./rooms.mjs"

const only = process.env["MUTATION_ROOMS"]?.split(",")

for (const room of rooms) {
  if (only !== undefined && !only.includes(room.name)) continue
  console.log(`\n== ${room.name}`)
  const { status } = spawnSync("npx", ["stryker", "run", "test/tools/mutation/stryker.config.mjs"], {
    cwd: root,
    env: { ...process.env, MUTATION_ROOM: room.name },
    stdio: "inherit"
  })
  if (status !== 0) process.exit(status ?? 1)
}

await import("./score.js")
