/**
 * What may pass: the one place that judges errors before something is tried again. Two questions are kept apart. May it be
 * different next time (`isTransient`)? Can it not have happened (`hasNotHappened`)? Only an error for which both hold is safe
 * to repeat (`isRetryable`).
 */
import type { ConnectAttempt, PgError } from "./PgError.js"
import { PgClosedError, PgConnectError } from "./PgError.js"
import { PgServerError } from "./ServerError.js"
import * as Pooler from "./Pooler.js"

/** A conflict with other transactions: the server has rolled the transaction back, and the whole of it can be repeated. */
const conflicts: ReadonlySet<string> = new Set(["40001", "40P01"])

/** The server is starting, stopping, crashed or full, or it ended a session that was idle or slow. */
const passingCodes: ReadonlySet<string> = new Set([
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  "25P03",
  "25P04",
  "53300",
  // lock_not_available: another transaction holds it.
  "55P03",
  // object_in_use: the server has not ended the earlier session yet.
  "55006"
])

/** The code under which a session of another role than the one asked for is listed. */
export const otherRole = "EFFECT_POSTGRES_SESSION_ATTRS"

/** Errors of a server, or of the network to it, that is away and may come back. Errors of certificates do not belong here. */
const passingFailures: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ENOENT",
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_SOCKET_CLOSED",
  // What a transport of the application's fails with when it has no code.
  "",
  "EFFECT_POSTGRES_SOCKET_CLOSED",
  otherRole
])

/** `lasting`: a server answered, and its answer or ours will be the same. `absent`: no host of this name. */
type AttemptJudgement = "passing" | "absent" | "lasting"

const ofAttempt = ({ cause }: ConnectAttempt): AttemptJudgement => {
  switch (cause._tag) {
    case "PgServerError":
      return isTransientServerError(cause) ? "passing" : "lasting"
    case "TransportFailure":
      if (cause.code === "ENOTFOUND") return "absent"
      return passingFailures.has(cause.code) ? "passing" : "lasting"
    case "PgTimeoutError":
    case "PgClosedError":
      return "passing"
    case "PgProtocolError":
      return "lasting"
  }
}

/** Of each address the last attempt counts. One that gave a lasting answer decides, whatever stands beside it. */
const isTransientConnectError = ({ attempts }: PgConnectError): boolean => {
  const last = new Map(attempts.map((attempt) => [attempt.address, ofAttempt(attempt)]))
  const judged = [...last.values()]
  return judged.includes("passing") && !judged.includes("lasting")
}

/**
 * A prepared statement that the server does not know any more, or whose result is another by now, is refused before it runs, and
 * described anew at its next use.
 */
export const isForgotten = ({ code, routine }: PgServerError): boolean =>
  code === "26000" || (code === "0A000" && routine === "RevalidateCachedQuery")

const isTransientServerError = (error: PgServerError): boolean =>
  conflicts.has(error.code) ||
  passingCodes.has(error.code) ||
  isForgotten(error) ||
  Pooler.meaning(error)?.isTransient === true

/**
 * May it be different next time? True for conflicts between transactions, servers that are starting, stopping or full, lost
 * connections, deadlines, refused or timed-out connects. False for what the program, the settings, the login or a certificate
 * decides, for a closed pool, and for a connection of the caller's that had ended before: the same call fails again.
 */
export const isTransient = (error: PgError): boolean => {
  switch (error._tag) {
    case "PgServerError":
      return isTransientServerError(error)
    case "PgConnectError":
      return isTransientConnectError(error)
    case "PgClosedError":
      return error.ended !== true
    case "PgTimeoutError":
    case "PgCommitUnknownError":
      return true
    case "PgSlotError":
      return error.reason === "in-use"
    default:
      return false
  }
}

/** Codes after which the statement may have taken effect, or a part of it. */
const unknownOutcome: ReadonlySet<string> = new Set([
  // crash_shutdown: sent by every session, also between a commit and its answer.
  "57P02",
  // statement_completion_unknown, transaction_resolution_unknown
  "40003",
  "08007"
])

/** The session was idle when the server ended it: a statement that was on its way was never read. */
const endedIdle: ReadonlySet<string> = new Set(["57P05", "25P03"])

const serverErrorLeftNothing = (error: PgServerError): boolean => {
  if (endedIdle.has(error.code)) return true
  const pooler = Pooler.meaning(error)
  if (pooler !== undefined) return pooler.isUnsent
  return error.mayHaveCommitted !== true && error.severity !== "PANIC" && !unknownOutcome.has(error.code)
}

const closedErrorLeftNothing = (error: PgClosedError): boolean =>
  error.nothingSent || (error.server !== undefined && endedIdle.has(error.server.code))

/**
 * Can it not have happened? True when the operation provably never reached the server, or the server has undone it: a refused
 * statement leaves nothing behind. False when a part may have been committed: a lost connection, an unknown COMMIT, a crash, a
 * CALL or DO that may commit inside, several statements in one text.
 */
export const hasNotHappened = (error: PgError): boolean => {
  switch (error._tag) {
    case "PgServerError":
      return serverErrorLeftNothing(error)
    case "PgClosedError":
      return closedErrorLeftNothing(error)
    default:
      return error.nothingSent
  }
}

/**
 * Whether the same operation may succeed when it is tried again, without the risk of doing it twice. After a conflict
 * (`40001`, `40P01`) the operation is the whole transaction.
 */
export const isRetryable = (error: PgError): boolean => isTransient(error) && hasNotHappened(error)

/**
 * Whether a transaction that failed with this error, before its COMMIT was sent, is to be repeated as a whole: after a conflict, a plan that a
 * change of a table has made void, a server that was away or busy, and a connection that was lost before anything was sent. Deadlines are not repeated.
 */
export const repeatsTransaction = (error: unknown): boolean => {
  if (error instanceof PgServerError) return isRetryable(error)
  if (error instanceof PgClosedError || error instanceof PgConnectError) return isRetryable(error)
  return false
}

/**
 * Whether what opens its session again may do better with another one: besides what is transient, a session that was lost or
 * ended in any way, and one whose statement was cancelled from outside (`57014`).
 */
export const isTransientAnew = (error: PgError): boolean => {
  switch (error._tag) {
    case "PgClosedError":
      return true
    case "PgServerError":
      return error.severity !== "ERROR" || error.code === "57014" || isTransientServerError(error)
    default:
      return isTransient(error)
  }
}
