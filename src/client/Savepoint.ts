/**
 * A transaction inside a transaction: a savepoint that is released on success and rolled back to on failure or
 * interruption.
 *
 * @see https://www.postgresql.org/docs/current/sql-savepoint.html
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Aftermath from "../connection/session/Aftermath.js"
import type { PgConnection } from "../connection/PgConnection.js"
import { rollbackDeadline } from "../connection/Transaction.js"
import type { PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"

/** Runs `body` behind a savepoint of the connection's open transaction. */
export const run = <A, E, R>(
  connection: PgConnection,
  depth: number,
  body: Effect.Effect<A, E, R>
): Effect.Effect<A, E | PgSessionError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const name = `ep_savepoint_${depth}`
      // Cancelled, a statement would fail the whole transaction.
      const run = (sql: string) =>
        Aftermath.patiently(connection.query(Statement.make(sql)), rollbackDeadline, restore)
      yield* run(`savepoint ${name}`)
      const exit = yield* Effect.exit(restore(body))
      if (Exit.isFailure(exit)) {
        const undo = connection.simple(`rollback to savepoint ${name}; release savepoint ${name}`)
        yield* Effect.ignore(Aftermath.within(undo, rollbackDeadline))
        return yield* Effect.failCause(exit.cause)
      }
      yield* run(`release savepoint ${name}`)
      return exit.value
    })
  )
