/** Our errors as node-postgres' users know errors of the database: the server's fields under its names, and the reason under those of Effect 4. */
import type { PgClientError } from "../client/ClientService.js"
import type { PgListenError } from "../client/listen/Events.js"
import type { PgCommitUnknownError } from "../model/PgError.js"
import type { ServerFields, Severity } from "../model/ServerFields.js"

/** What an operation of the client can have failed with. */
export type SqlCause = PgClientError | PgCommitUnknownError | PgListenError

/** Why, in the words of Effect 4's `SqlError.reason`: one for each error. */
export type SqlReason =
  | "ConnectionError"
  | "AuthenticationError"
  | "AuthorizationError"
  | "SqlSyntaxError"
  | "UniqueViolation"
  | "ConstraintError"
  | "DeadlockError"
  | "SerializationError"
  | "LockTimeoutError"
  | "StatementTimeoutError"
  | "UnknownError"

const exactly: Readonly<Record<string, SqlReason>> = {
  "23505": "UniqueViolation",
  "40001": "SerializationError",
  "40P01": "DeadlockError",
  "42501": "AuthorizationError",
  "53300": "ConnectionError",
  "55P03": "LockTimeoutError",
  "57014": "StatementTimeoutError",
  "57P01": "ConnectionError",
  "57P02": "ConnectionError",
  "57P03": "ConnectionError",
  "57P05": "ConnectionError",
  "25P03": "ConnectionError"
}

const byClass: Readonly<Record<string, SqlReason>> = {
  "08": "ConnectionError",
  "23": "ConstraintError",
  "28": "AuthenticationError",
  "42": "SqlSyntaxError"
}

const ofCode = (code: string): SqlReason => exactly[code] ?? byClass[code.slice(0, 2)] ?? "UnknownError"

/** The reason for one of our errors. */
export const reasonOf = (error: SqlCause): SqlReason => {
  switch (error._tag) {
    case "PgServerError":
      return ofCode(error.code)
    case "PgAuthError":
      return "AuthenticationError"
    case "PgTimeoutError":
      return error.deadline === "statement" || error.deadline === "transaction"
        ? "StatementTimeoutError"
        : error.deadline === "turn"
          ? "LockTimeoutError"
          : "ConnectionError"
    case "PgClosedError":
    case "PgCommitUnknownError":
    case "PgConfigError":
    case "PgConnectError":
    case "PgPoolError":
    case "PgProtocolError":
      return "ConnectionError"
    case "PgCodecError":
    case "PgLimitError":
    case "PgUsageError":
      return "UnknownError"
  }
}

/** What the server reported, where it did. */
const serverOf = (error: SqlCause): ServerFields | undefined => {
  switch (error._tag) {
    case "PgServerError":
      return error
    case "PgAuthError":
    case "PgClosedError":
      return error.server
    case "PgCommitUnknownError":
      return serverOf(error.cause)
    case "PgConnectError": {
      const last = error.attempts.at(-1)?.cause
      return last?._tag === "PgServerError" ? last : last?._tag === "PgClosedError" ? last.server : undefined
    }
    default:
      return undefined
  }
}

/** The operating system's code, where a socket failed. */
const systemCode = (error: SqlCause): string | undefined => {
  if (error._tag !== "PgConnectError") return undefined
  const last = error.attempts.at(-1)?.cause
  return last?._tag === "TransportFailure" && last.code !== "" ? last.code : undefined
}

const text = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : String(value)

/**
 * The cause of an `SqlError`: an `Error` with the server's fields under the names of node-postgres, which libraries and programs read.
 * `detail` and `where`, which quote values of rows, can be read and are not printed, unless the connector's `showValues` is true.
 */
export class PgSqlError extends Error {
  override readonly name = "error"
  /** Our own error, with its `_tag` and fields. */
  readonly error: SqlCause
  /** The reason under the name that it has in Effect 4. */
  readonly reason: SqlReason
  readonly severity: Severity | undefined
  /** The SQLSTATE, or the operating system's code of a connection that could not be opened. */
  readonly code: string | undefined
  declare readonly detail: string | undefined
  readonly hint: string | undefined
  /** As text, as node-postgres has it. */
  readonly position: string | undefined
  readonly internalPosition: string | undefined
  readonly internalQuery: string | undefined
  declare readonly where: string | undefined
  readonly schema: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  readonly dataType: string | undefined
  readonly constraint: string | undefined
  readonly file: string | undefined
  readonly line: string | undefined
  readonly routine: string | undefined

  constructor(error: SqlCause) {
    const server = serverOf(error)
    super(error._tag === "PgServerError" ? error.text : error.message)
    const shows = error._tag === "PgServerError" && error.showsValues === true
    this.reason = reasonOf(error)
    this.severity = server?.severity
    this.code = server?.code ?? systemCode(error)
    this.hint = server?.hint
    this.position = text(server?.position)
    this.internalPosition = text(server?.internalPosition)
    this.internalQuery = server?.internalQuery
    this.schema = server?.schema
    this.table = server?.table
    this.column = server?.column
    this.dataType = server?.dataType
    this.constraint = server?.constraint
    this.file = server?.file
    this.line = text(server?.line)
    this.routine = server?.routine
    Object.defineProperty(this, "detail", { value: server?.detail, enumerable: shows })
    Object.defineProperty(this, "where", { value: server?.where, enumerable: shows })
    // It has the same content: printed, it would double every report.
    this.error = error
    Object.defineProperty(this, "error", { value: error, enumerable: false })
  }
}
