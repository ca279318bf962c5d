/** The application on this package: the import of the client is all that differs from `onSqlPg.ts`. */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, String } from "effect"
import { PgClient } from "effect-postgres/sql-pg"
import { app } from "./App.js"

const client = PgClient.layerConfig({
  url: Config.redacted("DATABASE_URL"),
  transformQueryNames: Config.succeed(String.camelToSnake),
  transformResultNames: Config.succeed(String.snakeToCamel)
})

NodeRuntime.runMain(app("bank").pipe(Effect.provide(client)))
