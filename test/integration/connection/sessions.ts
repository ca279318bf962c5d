/** Sessions of the client under test, for tests: opened on the shared server by default. */
import { assert } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import type { PgConfigInput } from "../../../src/config/Input.js"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import type { PgOpenError, PgSessionError } from "../../../src/model/PgError.js"
import { PgServerError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import type { Registry } from "../../../src/types/Registry.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

/** Where a server, or a proxy before one, listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

export const s = Statement.make

export interface SessionOptions {
  /** As the connector's options of these names. */
  readonly cancelDeadline?: Duration.DurationInput
  readonly showValues?: boolean
  readonly target?: Target
  readonly config?: PgConfigInput
  readonly types?: Registry
  /** Whether notices without a subscriber are logged, as they are by default. Here they would only be noise. */
  readonly logs?: boolean
}

export const configOf = ({ config = {}, target = shared }: SessionOptions = {}): PgConfig.PgConfig =>
  Either.getOrThrowWith(
    PgConfig.make({
      host: target.host,
      port: target.port,
      user: "postgres",
      database: "postgres",
      sslMode: "disable",
      ...config
    }),
    (error) => error
  )

/** A session for the scope. */
export const open = (options: SessionOptions = {}): Effect.Effect<PgConnection, PgOpenError, Scope.Scope> =>
  Effect.flatMap(PgConnector.PgConnector, (connector) => connector.open()).pipe(
    Effect.provide(
      PgConnector.layer(configOf(options), {
        ...(options.types === undefined ? {} : { types: options.types }),
        ...(options.cancelDeadline === undefined ? {} : { cancelDeadline: options.cancelDeadline }),
        ...(options.showValues === undefined ? {} : { showValues: options.showValues })
      })
    ),
    options.logs === true ? identity : Logger.withMinimumLogLevel(LogLevel.None)
  )

/** The first value of the first row. */
export const value = (
  connection: Pick<PgConnection, "values">,
  sql: string,
  parameters: ReadonlyArray<unknown> = [],
  types: ReadonlyArray<number> = []
): Effect.Effect<unknown, PgSessionError> =>
  Effect.map(connection.values(s(sql, parameters, types)), (rows) => rows[0]?.[0])

/** The server's refusal; dies when the effect ends otherwise. */
export const refusal = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<PgServerError, never, R> =>
  Effect.flatMap(Effect.either(effect), (outcome) => {
    if (Either.isLeft(outcome) && outcome.left instanceof PgServerError) return Effect.succeed(outcome.left)
    return Effect.die(outcome)
  })

/** What must hold between any two tests: the session is clean, and answers what it is asked. */
export const isClean = (connection: PgConnection): Effect.Effect<void, PgSessionError> =>
  Effect.gen(function* () {
    const status = yield* connection.status
    assert.deepStrictEqual(
      [status.state, status.transaction, status.inFlight, status.waiting, status.cancels, status.holds.lease],
      ["clean", "I", 0, 0, 0, false]
    )
    assert.strictEqual(yield* value(connection, "select 'its own answer'"), "its own answer")
  })

/** The server's view of a session, from another session. */
export const activity = (connection: PgConnection, target: Target = shared) =>
  Effect.map(
    rawRows(
      target,
      `select state, wait_event_type, wait_event, query from pg_stat_activity where pid = ${connection.facts.processId}`
    ),
    ([row]) => ({
      state: row?.[0] ?? undefined,
      waitsFor: `${row?.[1] ?? ""}/${row?.[2] ?? ""}`,
      query: row?.[3] ?? ""
    })
  )

/** Waits until the server runs a text that contains `sql` for this session. */
export const isRunning = (connection: PgConnection, sql: string, target: Target = shared) =>
  eventually(
    activity(connection, target),
    (seen) => seen.state === "active" && seen.query.includes(sql) && seen.waitsFor !== "Client/ClientRead"
  )

let names = 0

/** A table of one's own, gone with the scope. */
export const table = (columns: string, target: Target = shared): Effect.Effect<string, Error, Scope.Scope> =>
  Effect.suspend(() => {
    const name = `it_${process.pid}_${++names}`
    return Effect.as(
      Effect.acquireRelease(rawRows(target, `create table ${name} (${columns})`), () =>
        Effect.ignore(rawRows(target, `drop table if exists ${name} cascade`))
      ),
      name
    )
  })
