/** The application on `@effect/sql-pg`: the import of the client is all that differs from `onEffectPostgres.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, String } from "effect"
import { app } from "./App.js"

const client = PgClient.layerConfig({
  url: Config.redacted("DATABASE_URL"),
  transformQueryNames: Config.succeed(String.camelToSnake),
  transformResultNames: Config.succeed(String.snakeToCamel)
})

NodeRuntime.runMain(app("bank").pipe(Effect.provide(client)))
