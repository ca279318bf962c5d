/**
 * A program for tests of what a killed archive leaves: keeps an archive of a server's log until it is killed. Arguments: the
 * server's address, and the options as JSON. It prints a line of JSON when it receives the log, and ends by itself when it fails.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as WalArchive from "../../../src/replication/physical/WalArchive.js"

const [uri = "", options = "{}"] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const archive = yield* WalArchive.open({
    reconnect: Schedule.spaced("20 millis"),
    onEvent: (event) =>
      event._tag === "PhysicalOpened"
        ? Effect.sync(() => process.stdout.write(`${JSON.stringify({ start: String(event.facts.start) })}\n`))
        : Effect.void,
    ...(JSON.parse(options) as WalArchive.WalArchiveOptions)
  })
  yield* archive.run
}).pipe(
  Effect.scoped,
  Effect.provide(NodeFileSystem.layer),
  Effect.provide(PgConnector.layer(Either.getOrThrow(PgConfig.fromConnectionString(uri))))
)

Effect.runPromise(program as Effect.Effect<void, unknown>).catch((error: unknown) => {
  process.stderr.write(String(error))
  process.exit(1)
})
