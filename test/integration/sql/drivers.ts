/** The client under test, and the one whose place it takes, on the shared server. */
import * as PgClient from "@effect/sql-pg/PgClient"
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as Renamed from "../../../src/sql/compat/PgClient.js"
import * as PgSqlClient from "../../../src/sql/PgSqlClient.js"
import { configOf, type Target } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

/** Our client. */
export const layerOf = (options: PgClientOptions & PgSqlClient.PgSqlOptions = {}, target: Target = shared) =>
  PgSqlClient.layer(configOf({ target }), { max: 4, ...options })

/** Runs a program on our client. */
export const withSql =
  (options: PgClientOptions & PgSqlClient.PgSqlOptions = {}) =>
  <A, E>(
    program: (sql: PgSqlClient.PgSqlClient) => Effect.Effect<A, E, SqlClient.SqlClient>
  ): Effect.Effect<A, E | SqlError> =>
    Effect.provide(Effect.flatMap(PgSqlClient.PgSqlClient, program), layerOf(options))

/** The settings that both drivers know. */
export interface Settings {
  readonly transformQueryNames?: (name: string) => string
  readonly transformResultNames?: (name: string) => string
  readonly transformJson?: boolean
}

type AnyClient = Layer.Layer<SqlClient.SqlClient, SqlError>

/** `@effect/sql-pg`. */
export const sqlPg = (settings: Settings = {}): AnyClient =>
  PgClient.layer({
    host: shared.host,
    port: shared.port,
    username: "postgres",
    database: "postgres",
    maxConnections: 4,
    ...settings
  })

/** Ours under the names of `@effect/sql-pg`. */
export const renamed = (settings: Settings = {}): AnyClient =>
  Renamed.layer({
    host: shared.host,
    port: shared.port,
    username: "postgres",
    database: "postgres",
    maxConnections: 4,
    ...settings
  })

/** Ours, with the same settings. */
export const ours = (settings: Settings = {}): AnyClient => layerOf(settings)

let databases = 0

/** Our client on a database of its own, which goes with the layer: for libraries that choose the names of their tables. */
export const onOwnDatabase = (options: PgClientOptions & PgSqlClient.PgSqlOptions = {}) =>
  Layer.unwrapScoped(
    Effect.suspend(() => {
      const database = `sql_${process.pid}_${++databases}`
      return Effect.as(
        Effect.acquireRelease(rawRows(shared, `create database ${database}`), () =>
          Effect.ignore(rawRows(shared, `drop database ${database} with (force)`))
        ),
        PgSqlClient.layer(configOf({ config: { database } }), { max: 4, ...options })
      )
    })
  )
