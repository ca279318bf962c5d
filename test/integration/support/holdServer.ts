/**
 * A program for tests of what happens to a server when its process ends: starts one, prints where it is as a line of
 * JSON, and stays. Arguments: the options as JSON, and how it runs: `plain`, `runMain`, or `exit`, which ends by
 * `process.exit(3)` when something comes in on standard input.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { start } from "../../../src/testing/EmbeddedPostgres.js"

const [options = "{}", mode = "plain"] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const { dataFolder, port, processId, socketFolder, version } = yield* start(JSON.parse(options))
  const uid = process.getuid?.()
  process.stdout.write(`${JSON.stringify({ dataFolder, port, processId, socketFolder, uid, version })}\n`)
  return yield* Effect.never
}).pipe(Effect.scoped)

if (mode === "exit") process.stdin.once("data", () => process.exit(3))
if (mode === "runMain") NodeRuntime.runMain(program)
else Effect.runFork(program)
