/** Our errors as `SqlError`, the class that programs over `@effect/sql` match. */
import { SqlError } from "@effect/sql/SqlError"
import type { SqlCause } from "../nodepg/DatabaseError.js"
import { PgSqlError } from "../nodepg/DatabaseError.js"

/** What an operation was doing: the message of its `SqlError`. */
export type SqlStep = "execute" | "acquire" | "transaction" | "connect" | "listen" | "notify"

const messages: Readonly<Record<SqlStep, string>> = {
  execute: "Failed to execute statement",
  acquire: "Failed to acquire connection",
  transaction: "Failed to begin, commit or roll back the transaction",
  connect: "PgClient: Failed to connect",
  listen: "Failed to listen",
  notify: "Failed to notify"
}

/** Whether no connection could be had. */
const isAcquisition = (error: SqlCause): boolean =>
  error._tag === "PgPoolError" ||
  error._tag === "PgConnectError" ||
  error._tag === "PgAuthError" ||
  error._tag === "PgConfigError" ||
  (error._tag === "PgTimeoutError" && (error.deadline === "acquire" || error.deadline === "connect"))

const make = (error: SqlCause, step: SqlStep): SqlError =>
  new SqlError({
    cause: new PgSqlError(error),
    message: messages[step === "execute" && isAcquisition(error) ? "acquire" : step]
  })

/** The `SqlError` of a failed step. */
export const failed =
  (step: SqlStep) =>
  (error: SqlCause): SqlError =>
    make(error, step)

/** The `SqlError` of a failed statement. */
export const executing = failed("execute")
