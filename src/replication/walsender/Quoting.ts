/**
 * Names and texts inside the commands of the replication protocol, whose grammar is its own: keywords in upper case, no
 * parameters, and texts in which a backslash is itself whatever the session's settings are. Every value from outside
 * passes through here.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html
 */
import * as Either from "effect/Either"
import * as Identifier from "../../model/Identifier.js"
import { PgUsageError } from "../../model/PgError.js"

/** The refusal of a value that cannot be sent, by the name under which the caller gave it. */
export const refusal = (key: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "Replication", argument: key, reason, sql: "" })

/** The refusal of a value that is not a name. */
export const misnamed = (key: string, reason: string): PgUsageError =>
  refusal(key, `must be a valid name: ${reason}`)

/** A name in double quotes. */
export const name = (key: string, value: string): Either.Either<string, PgUsageError> =>
  Either.mapLeft(Identifier.quote(value), (reason) => misnamed(key, reason))

/** A text in single quotes, those inside doubled. */
export const literal = (key: string, value: string): Either.Either<string, PgUsageError> => {
  if (value.includes("\0")) return Either.left(refusal(key, "must not contain a zero byte"))
  if (!value.isWellFormed()) return Either.left(refusal(key, "must not contain a lone surrogate"))
  return Either.right(`'${value.replaceAll("'", "''")}'`)
}

/** Several names as one text, such as publications: each in double quotes, so that case and commas are kept. */
export const nameList = (key: string, values: ReadonlyArray<string>): Either.Either<string, PgUsageError> =>
  values.length === 0
    ? Either.left(refusal(key, "must have at least one name"))
    : Either.map(Either.all(values.map((value) => name(key, value))), (names) => names.join(","))
