/**
 * A transaction inside a transaction: a savepoint that is released on success and rolled back to on failure or
 * interruption.
 *
 * Its statements are texts of the simple protocol, which are alone on the wire: whatever the transaction has asked for before
 * has been answered when SAVEPOINT runs, and whatever the nested one has asked for when it is released or undone.
 *
 * @see https://www.postgresql.org/docs/current/sql-savepoint.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { rollbackDeadline } from "../connection/Transaction.js"
import * as Cleanup from "../connection/session/Cleanup.js"
import * as Identifier from "../model/Identifier.js"
import type { PgSessionError } from "../model/PgError.js"
import { PgUsageError } from "../model/PgError.js"
import type { OpenTransaction } from "./OpenTransaction.js"

/** The fiber of a nested transaction has outlived the transaction around it. */
const outlived = (): PgUsageError =>
  new PgUsageError({
    operation: "withTransaction",
    argument: "",
    reason:
      "the transaction around this nested one ended first, and the nested one was rolled back: join its fiber before the body of the outer one ends",
    sql: "",
    sent: true
  })

/** The name of a savepoint as SQL, or why it is invalid. */
export const nameOf = (savepoint: string): Either.Either<string, PgUsageError> =>
  Either.mapLeft(
    Identifier.quote(savepoint),
    (defect) =>
      new PgUsageError({
        operation: "withTransaction",
        argument: "savepoint",
        reason: `must be a name: ${defect}`,
        sql: ""
      })
  )

/**
 * Runs `body` behind a savepoint of the open transaction, when it is its turn. `given`: the name of the savepoint, as SQL; unless given,
 * one that no other has.
 */
export const run = <A, E, R>(
  outer: OpenTransaction,
  body: (inner: OpenTransaction) => Effect.Effect<A, E, R>,
  given?: string
): Effect.Effect<A, E | PgSessionError, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(outer.take(restore, given), (inner) => {
      const { connection } = outer
      const { name } = inner
      // Cancelled, a statement would fail the whole transaction.
      const patiently = (sql: string) => Cleanup.withGrace(connection.simple(sql), rollbackDeadline, restore)
      const undo = Effect.suspend(() =>
        inner.move()
          ? Effect.ignore(
              Cleanup.within(
                connection.simple(`rollback to savepoint ${name}; release savepoint ${name}`),
                rollbackDeadline
              )
            )
          : Effect.void
      )
      const nested = Effect.gen(function* () {
        if (inner.isOver) return yield* Effect.fail(outlived())
        yield* patiently(`savepoint ${name}`)
        inner.isBegun = true
        inner.still()
        const exit = yield* Effect.exit(restore(Effect.suspend(() => body(inner))))
        if (Exit.isFailure(exit)) {
          inner.end()
          yield* undo
          return yield* Effect.failCause(exit.cause)
        }
        yield* Effect.onError(restore(inner.finish), () => undo)
        if (!inner.move()) return yield* Effect.fail(outlived())
        yield* Effect.onError(patiently(`release savepoint ${name}`), () => undo)
        if (inner.hooks !== undefined) outer.afterCommit(inner.hooks)
        return exit.value
      })
      return Effect.ensuring(
        nested,
        Effect.sync(() => outer.giveBack(inner))
      )
    })
  )
