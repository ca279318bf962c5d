/** What every step finds: a client, a session of its own, a second one that watches, and a schema to work in. */
import { Clock, Effect } from "effect"
import type { Scope } from "effect"
import { PgClient, PgConnector, Sql, type PgConnection, type Statement } from "effect-postgres"
import * as Screen from "./Screen.js"

const { sql } = Sql

export interface Stage {
  readonly pg: PgClient.PgClientService
  /** The session that most steps use. */
  readonly connection: PgConnection.PgConnection
  /** Another one, to look at the first from outside. */
  readonly watcher: PgConnection.PgConnection
  /** Milliseconds that opening the session took. */
  readonly connectMillis: number
  readonly schema: string
  readonly readings: Statement.Statement
  readonly accounts: Statement.Statement
}

/** Milliseconds an effect takes, and its value. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [number, A], E, R> =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeNanos
    const value = yield* effect
    return [Number((yield* Clock.currentTimeNanos) - before) / 1e6, value] as const
  })

/** Removes the schema over a session of its own, since the others may be what has failed. */
const remove = (connector: PgConnector.PgConnector["Type"], schema: string): Effect.Effect<void> =>
  Effect.gen(function* () {
    const connection = yield* connector.open()
    yield* connection.simple(`set client_min_messages = warning; drop schema if exists ${schema} cascade`)
  }).pipe(
    Effect.scoped,
    Effect.timeout("20 seconds"),
    Effect.catchAll((error) =>
      Screen.line(`The schema ${schema} could not be removed; please drop it. ${error.message}`)
    )
  )

/** Sets the stage. The schema is dropped with the scope, whatever has happened. */
export const make: Effect.Effect<
  Stage,
  PgClient.PgClientError,
  PgClient.PgClient | PgConnector.PgConnector | Scope.Scope
> = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const connector = yield* PgConnector.PgConnector
  const [connectMillis, connection] = yield* timed(pg.connection)
  const watcher = yield* connector.open({ applicationName: "effect-postgres demo, watching" })
  const schema = `effect_postgres_demo_${connection.facts.processId ?? process.pid}`
  yield* Effect.acquireRelease(pg.query(sql`create schema ${Sql.identifier(schema)}`), () =>
    remove(connector, schema)
  )
  return {
    pg,
    connection,
    watcher,
    connectMillis,
    schema,
    readings: Sql.identifier(schema, "readings"),
    accounts: Sql.identifier(schema, "accounts")
  }
})
