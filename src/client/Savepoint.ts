/**
 * A transaction inside a transaction: a savepoint that is released on success and rolled back to on failure or
 * interruption.
 *
 * @see https://www.postgresql.org/docs/current/sql-savepoint.html
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
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
      yield* connection.query(Statement.make(`savepoint ${name}`))
      const exit = yield* Effect.exit(restore(body))
      if (Exit.isFailure(exit)) {
        yield* connection.simple(`rollback to savepoint ${name}; release savepoint ${name}`).pipe(
          // The caller is past being interrupted; the deadline has to be able to end the wait.
          Effect.interruptible,
          Effect.timeout(rollbackDeadline),
          Effect.ignore
        )
        return yield* Effect.failCause(exit.cause)
      }
      yield* connection.query(Statement.make(`release savepoint ${name}`))
      return exit.value
    })
  )
