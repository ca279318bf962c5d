/**
 * Transactions that were prepared by `withTransaction` with `prepare`: stored, in no session, and waiting for their end.
 *
 * @see https://www.postgresql.org/docs/current/two-phase.html
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identifierText } from "../connection/TransactionMode.js"
import { PgCommitUnknownError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { PgClientError } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

/** A transaction that waits for its end. */
export interface PreparedTransaction {
  readonly identifier: string
  /** When it was prepared, as the server writes the time. */
  readonly preparedAt: string
  readonly owner: string
  readonly database: string
}

const ending = (
  command: "commit" | "rollback",
  identifier: string
): Effect.Effect<void, PgClientError | PgCommitUnknownError, PgClient> =>
  Effect.flatMap(PgClient, ({ query }): Effect.Effect<void, PgClientError | PgCommitUnknownError> =>
    Either.match(identifierText(identifier, `PreparedTransaction.${command}`), {
      onLeft: Effect.fail,
      onRight: (text) =>
        Effect.asVoid(query(Statement.make(`${command} prepared ${text}`))).pipe(
          Effect.mapError((error) =>
            (error._tag === "PgClosedError" || error._tag === "PgTimeoutError") && error.sent
              ? new PgCommitUnknownError({ cause: error })
              : error
          )
        )
    })
  )

/**
 * Commits a prepared transaction. Any session of its owner, or of a superuser, may do it, on the database in which it was prepared and outside a
 * transaction. Fails with `PgServerError`: `42704` when no transaction of this identifier is prepared, because it has ended already; with
 * `PgCommitUnknownError` when the connection was lost after the command had left: `list` shows whether it waits still. Interrupting
 * cancels the command, and leaves it open whether it has run.
 */
export const commit = (
  identifier: string
): Effect.Effect<void, PgClientError | PgCommitUnknownError, PgClient> => ending("commit", identifier)

/** Rolls a prepared transaction back. Fails as `commit` does. */
export const rollback = (
  identifier: string
): Effect.Effect<void, PgClientError | PgCommitUnknownError, PgClient> => ending("rollback", identifier)

const listed = Statement.make(
  "select gid, prepared::text, owner::text, database::text from pg_catalog.pg_prepared_xacts order by prepared, gid"
)

/** The transactions of all databases of the server that wait for their end, the oldest first. */
export const list: Effect.Effect<
  ReadonlyArray<PreparedTransaction>,
  PgClientError,
  PgClient
> = Effect.flatMap(PgClient, ({ values }) =>
  Effect.map(values(listed), (rows) =>
    rows.map(([identifier, preparedAt, owner, database]) => ({
      identifier: String(identifier),
      preparedAt: String(preparedAt),
      owner: String(owner),
      database: String(database)
    }))
  )
)
