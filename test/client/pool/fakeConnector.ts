/** A connector for tests of the pool: a test sets how its sessions are and holds up or fails what they do. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { ConnectionStatus, PgConnection } from "../../../src/connection/PgConnection.js"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import { PgClosedError, PgConnectError } from "../../../src/model/PgError.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import { lossless } from "../../../src/types/Registry.js"

export const refused = new PgConnectError({ attempts: [] })

export const lost = new PgClosedError({ reason: "lost", sent: true, server: undefined, sql: "" })

export const fakeConnector = (maxConnections: number) => {
  const states = new Map<PgConnection, ConnectionStatus["state"]>()
  const transactions = new Map<PgConnection, ConnectionStatus["transaction"]>()
  const closed: Array<PgConnection> = []
  const log: Array<string> = []
  const control = {
    opening: Effect.void as Effect.Effect<void, PgConnectError>,
    /** What a text of the simple protocol does, such as the question whether the server answers. */
    answering: Effect.void as Effect.Effect<void, PgSessionError>,
    /** Openings that have begun, and those that have succeeded. */
    begun: 0,
    opened: 0,
    /** Sessions whose server no longer has the role that was asked for. */
    unfit: new Set<PgConnection>(),
    /** Sessions whose statements can have changed something for the next user. */
    changed: new Set<PgConnection>()
  }
  const session = (): PgConnection => {
    const processId = ++control.opened
    const ask = (sql: string): Effect.Effect<ReadonlyArray<never>, PgSessionError> =>
      Effect.suspend(() => {
        log.push(`${processId}: ${sql}`)
        if (sql === "rollback") {
          transactions.set(connection, "I")
          states.set(connection, "clean")
        }
        return Effect.as(control.answering, [])
      })
    const connection: PgConnection = {
      facts: { processId },
      status: Effect.sync(() => ({
        state: states.get(connection),
        fits: !control.unfit.has(connection),
        changed: control.changed.has(connection),
        inFlight: 0,
        transaction: transactions.get(connection) ?? "I",
        statement: undefined
      })),
      simple: ask,
      reset: (what: string) =>
        Effect.tap(ask(`reset ${what}`), () => Effect.sync(() => control.changed.delete(connection))),
      query: (statement: { readonly sql: string }) => ask(statement.sql)
    } as unknown as PgConnection
    states.set(connection, "clean")
    return connection
  }
  const connector: PgConnector["Type"] = {
    config: Either.getOrThrow(PgConfig.make({ maxConnections })),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: () =>
      Effect.acquireRelease(
        Effect.map(
          Effect.interruptible(
            Effect.suspend(() => {
              control.begun++
              return control.opening
            })
          ),
          session
        ),
        (connection) =>
          Effect.sync(() => {
            states.set(connection, "broken")
            closed.push(connection)
          })
      )
  }
  return { connector, states, transactions, closed, control, log }
}
