/** Which server the demonstration runs on: the one the environment names, else one of its own. */
import { Duration, Effect } from "effect"
import type { ConfigError, Scope } from "effect"
import { PgConfig, type PgError } from "effect-postgres"
import { start, type EmbeddedPostgresError } from "effect-postgres/Testing"
import * as Screen from "./Screen.js"

/** Any of these names a server; the other variables of libpq only add to it. */
const naming = ["DATABASE_URL", "PGHOST", "PGSERVICE"] as const

export interface Where {
  readonly config: PgConfig.PgConfig
  /** In words, for the first lines. */
  readonly whose: string
  /** Stops it and starts it again; `undefined` for a server of others. */
  readonly restart: Effect.Effect<void, EmbeddedPostgresError> | undefined
}

const embedded = Effect.gen(function* () {
  yield* Screen.line(
    "Starting a PostgreSQL of our own. The first time on a machine this takes a few seconds."
  )
  const [took, server] = yield* Effect.timed(start())
  const config = yield* PgConfig.fromUri(server.uri)
  const seconds = Screen.time(Duration.toMillis(took))
  return { config, whose: `embedded, started in ${seconds}, gone when this ends`, restart: server.restart() }
})

/** The server's configuration. An embedded server stops with the scope. */
export const choose: Effect.Effect<
  Where,
  PgError.PgConfigError | ConfigError.ConfigError | EmbeddedPostgresError,
  Scope.Scope
> = Effect.gen(function* () {
  const variable = naming.find((name) => (process.env[name] ?? "") !== "")
  if (variable === undefined) return yield* embedded
  return { config: yield* PgConfig.fromEnv, whose: `named by ${variable}`, restart: undefined }
})
