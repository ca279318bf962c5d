/**
 * Opens connections and ends them in three ways: by scope, by the server, and by a statement cancelled half-way. Then
 * there is nothing more to do; that the process ends is what the test looks at.
 */
import * as Effect from "effect/Effect"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Statement from "../../../src/model/Statement.js"

const program = Effect.gen(function* () {
  const connector = yield* PgConnector.PgConnector
  yield* Effect.scoped(Effect.flatMap(connector.open(), (connection) => connection.simple("select 1")))
  process.stdout.write("closed\n")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* connector.open()
      yield* Effect.ignore(connection.query(Statement.make("select pg_terminate_backend(pg_backend_pid())")))
      yield* connection.ended
    })
  )
  process.stdout.write("broken\n")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* connector.open()
      yield* Effect.flip(connection.query(Statement.make("select pg_sleep(60)"), { timeout: "50 millis" }))
    })
  )
  process.stdout.write("failed\n")
})

void Effect.runPromise(Effect.provide(program, PgConnector.layerConfig(PgConfig.fromEnv)))
