/** How a transaction runs, and the statements that begin and end it. */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { PgUsageError } from "../model/PgError.js"

/** How a transaction runs; what is left out is the session's default. */
export interface TransactionMode {
  readonly isolation?: "read uncommitted" | "read committed" | "repeatable read" | "serializable"
  readonly readOnly?: boolean
  /** With `serializable` and `readOnly`: waits for a snapshot under which the transaction cannot fail. */
  readonly deferrable?: boolean
  /**
   * The snapshot that another open transaction has exported (`pg_export_snapshot`): both see the same data. Needs `repeatable read` or
   * `serializable`.
   */
  readonly snapshot?: string
  /**
   * Longest time for the body. Then the body is interrupted, which cancels its statement, the transaction is rolled back and fails with
   * `PgTimeoutError` (`deadline` is `transaction`). COMMIT is not counted. Default: no limit.
   */
  readonly timeout?: Duration.DurationInput
  /**
   * Prepares the transaction under this identifier, of 1 to 199 bytes, in place of COMMIT (PREPARE TRANSACTION): it is stored, belongs to no
   * session any more, and waits for `PreparedTransaction.commit` or `rollback`. Needs `max_prepared_transactions` above 0 on the server.
   */
  readonly prepare?: string
}

/** What the client asks beyond that of a connection. */
export interface WatchedOptions extends TransactionMode {
  /** Called once COMMIT has been answered, also when the fiber has been interrupted meanwhile. */
  readonly onCommit?: () => void
}

/** The statements around a body. */
export interface Around {
  readonly begin: string
  /** Sent behind BEGIN, before the body. */
  readonly snapshot: string | undefined
  /** COMMIT or PREPARE TRANSACTION. */
  readonly end: string
}

const isolations: ReadonlySet<unknown> = new Set([
  "read uncommitted",
  "read committed",
  "repeatable read",
  "serializable"
])

/** As the server writes the names of snapshots. */
const snapshotName = /^[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/i

const maxIdentifier = 199

const refuse = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "withTransaction", argument, reason, sql: "" })

/** The identifier of a prepared transaction as text of a statement, or why it cannot be one. */
export const identifierText = (
  identifier: string,
  operation: string
): Either.Either<string, PgUsageError> => {
  const bytes = new TextEncoder().encode(identifier).length
  const isFine =
    bytes >= 1 && bytes <= maxIdentifier && !identifier.includes("\0") && identifier.isWellFormed()
  return isFine
    ? Either.right(`E'${identifier.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`)
    : Either.left(
        new PgUsageError({
          operation,
          argument: "identifier",
          reason: `must have 1 to ${maxIdentifier} bytes of UTF-8 without a zero byte, got ${bytes} bytes`,
          sql: ""
        })
      )
}

/** The statements around the body, or the option that is at fault. */
export const around = (options: TransactionMode): Either.Either<Around, PgUsageError> => {
  const { deferrable, isolation, prepare, readOnly, snapshot } = options
  const modes: Array<string> = []
  if (isolation !== undefined) {
    if (!isolations.has(isolation))
      return Either.left(
        refuse("isolation", `must be one of ${[...isolations].join(", ")}, got ${JSON.stringify(isolation)}`)
      )
    modes.push(`isolation level ${isolation}`)
  }
  if (readOnly !== undefined) modes.push(readOnly ? "read only" : "read write")
  if (deferrable !== undefined) modes.push(deferrable ? "deferrable" : "not deferrable")
  const begin = modes.length === 0 ? "begin" : `begin ${modes.join(", ")}`
  if (snapshot !== undefined) {
    if (!snapshotName.test(snapshot))
      return Either.left(
        refuse("snapshot", "must be a name that pg_export_snapshot has returned, such as 00000003-0000001B-1")
      )
    if (isolation !== "repeatable read" && isolation !== "serializable")
      return Either.left(
        refuse(
          "snapshot",
          `needs isolation "repeatable read" or "serializable", got ${JSON.stringify(isolation ?? null)}`
        )
      )
  }
  const around = (end: string): Around => ({
    begin,
    snapshot: snapshot === undefined ? undefined : `set transaction snapshot '${snapshot}'`,
    end
  })
  return prepare === undefined
    ? Either.right(around("commit"))
    : Either.map(identifierText(prepare, "withTransaction"), (text) => around(`prepare transaction ${text}`))
}
