/**
 * A program for tests of what happens to a server when its process ends: starts one, prints where it is as a line of
 * JSON, and stays. Arguments: the options as JSON, and how it runs: `plain`, `runMain`, `exit`, which ends by
 * `process.exit(3)` when something comes in on standard input, `hasty`, which does as test runners do: it exits by
 * itself at a signal, and once more while it exits, so that no later handler is called, or `courteous`, which does as
 * the package signal-exit: its listener ends the process only when it is alone.
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
if (mode === "hasty") {
  process.once("SIGTERM", () => process.exit(4))
  process.once("exit", () => process.exit())
}
if (mode === "courteous") {
  Object.assign(globalThis, { [Symbol.for("signal-exit emitter")]: { count: 1 } })
  process.on("SIGTERM", function listener() {
    if (process.listenerCount("SIGTERM") > 1) return
    process.off("SIGTERM", listener)
    process.kill(process.pid, "SIGTERM")
  })
}
if (mode === "runMain") NodeRuntime.runMain(program)
else Effect.runFork(program)
