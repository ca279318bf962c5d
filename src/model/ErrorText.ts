/** What a person reads of an error: what happened, where, and what to do. */
import type { CodecPlace } from "./CodecPlace.js"
import type { AuthFailure, CancelOutcome, ConnectPhase, Deadline } from "./Failure.js"
import * as Pooler from "./Pooler.js"
import type { ServerFields } from "./ServerFields.js"

/** What is shown of an attempt to connect. */
interface ConnectAttempt {
  readonly address: string
  readonly phase: ConnectPhase
  readonly cause: { readonly _tag: string; readonly message: string; readonly code?: string }
}

/** Index in UTF-16 units of the 1-based code point `position`. */
export const utf16Index = (sql: string, position: number): number => {
  let index = 0
  for (let points = 1; points < position && index < sql.length; points++) {
    index += sql.codePointAt(index)! > 0xffff ? 2 : 1
  }
  return index
}

/** Longest stretch of SQL shown on either side of the caret. */
const around = 60

/** The next place that does not cut a character in two. */
const whole = (sql: string, index: number): number => {
  const unit = sql.charCodeAt(index)
  return unit >= 0xdc00 && unit <= 0xdfff ? index + 1 : index
}

/** The line of `sql` that holds `position`, shortened, with a caret under the character. */
export const caret = (sql: string, position: number): string => {
  const index = utf16Index(sql, position)
  const start = sql.lastIndexOf("\n", index - 1) + 1
  const stop = sql.indexOf("\n", index)
  const end = stop < 0 ? sql.length : stop
  const lineNumber = sql.slice(0, start).split("\n").length
  const from = whole(sql, Math.max(start, index - around))
  const to = whole(sql, Math.min(end, index + around))
  const prefix = `LINE ${lineNumber}: ${from > start ? "..." : ""}`
  const shown = sql.slice(from, to).replaceAll("\t", " ").trimEnd()
  const column = [...(prefix + sql.slice(from, index))].length
  return `${prefix}${shown}${to < end ? "..." : ""}\n${" ".repeat(column)}^`
}

/** The statement's text is not shown beyond its first line. */
export const rowCount = (error: {
  readonly operation: string
  readonly expected: string
  readonly rows: number
  readonly sql: string
}): string =>
  `${error.operation}: the statement must return ${error.expected}, got ${error.rows === 0 ? "no row" : `${error.rows} rows`}${
    error.sql === "" ? "" : `: ${firstLine(error.sql)}`
  }`

const firstLine = (sql: string): string => {
  const line = sql.trim().split("\n")[0] ?? ""
  return line.length > 2 * around ? `${line.slice(0, 2 * around)}...` : line
}

/** A schema and a table in one pair of quotes. The server writes the names without quotes, so that both forms look alike. */
const joinedName = (text: string, sql: string): string | undefined => {
  const name = /^relation "([^"]*\.[^"]*)" does not exist$/.exec(text)?.[1]
  if (name === undefined || !sql.includes(`"${name}"`)) return undefined
  const parts = name.split(".").map((part) => JSON.stringify(part))
  return `"${name}" is one name with a dot in it: for a schema and a table write Sql.identifier(${parts.join(", ")}).`
}

/** Types that a server of a supported version may not have, with the version that brought them. */
const newTypes: Readonly<Record<string, number>> = { oid8: 19, regdatabase: 19 }

/** A type that the server is too old for. Its routines are known in all languages of its messages. */
const newType = ({ routine, text }: ServerFields): string | undefined => {
  if (!/^(?:typenameType|parseTypeString)/.test(routine ?? "") && !/^type ".*" does not exist$/.test(text))
    return undefined
  const name = /(?<![\w.])(?:pg_catalog\.)?(\w+)(?:\[\])?(?![\w.])/g
  for (const [, word] of text.matchAll(name)) {
    if (Object.hasOwn(newTypes, word!))
      return `The type ${word} needs PostgreSQL ${newTypes[word!]} or later, and this server is older.`
  }
  return undefined
}

/** What to do, for errors to which the server gives no hint. */
const serverHint = (fields: ServerFields, sql: string): string | undefined => {
  const { code, routine, text } = fields
  switch (code) {
    case "25P02":
      return "A statement of this transaction has failed: roll back, or use a savepoint to go on after a failure."
    case "26000":
    case "42P05":
      return "Behind a pooler in transaction mode, such as PgBouncer, set statementCacheSize to 0: it gives each transaction another server session, and a prepared statement stays with the one that prepared it."
    case "40001":
    case "40P01":
      return "The whole transaction may succeed when it is tried again."
    case "42601":
      return routine === "exec_parse_message"
        ? "Run several statements in one text with connection.simple, on a connection of PgClient.connection. Statements with parameters go into connection.pipeline, one by one."
        : undefined
    case "42P01":
      return joinedName(text, sql)
    case "42704":
      return newType(fields)
    case "42883":
      return /^operator does not exist: [^=<>]+ (?:=|<>) [^=<>]+\[\]$/.test(text)
        ? 'A list is one parameter, an array: write "= any(...)" or "<> all(...)", as Sql.in and Sql.notIn do.'
        : undefined
    default:
      return Pooler.meaning(fields)?.hint
  }
}

/** Table, line and column of a COPY that failed, without the value that the server quotes behind them. */
const copyPlace = (where: string | undefined): string | undefined =>
  where === undefined ? undefined : /^COPY [^\n:]*, line \d+(?:, column [^\n:"]+)?(?=:|$)/m.exec(where)?.[0]

/**
 * The server's own layout (`SEVERITY:  message`, the line with a caret, DETAIL, HINT, QUERY, CONTEXT), and the place in the program. Without `showsValues`
 * what quotes values of rows is left out: DETAIL, and CONTEXT but for the place in a COPY.
 */
export const server = (
  fields: ServerFields & { readonly parameterSet?: number },
  sql: string,
  showsValues = false,
  place?: string
): string => {
  const lines = [`${fields.severity} ${fields.code}: ${fields.text}`]
  if (fields.position !== undefined && sql !== "") lines.push(caret(sql, fields.position))
  else if (sql !== "") lines.push(`STATEMENT: ${firstLine(sql)}`)
  if (fields.parameterSet !== undefined) lines.push(`PARAMETERS: set ${fields.parameterSet} of the batch`)
  if (showsValues && fields.detail !== undefined) lines.push(`DETAIL: ${fields.detail}`)
  // The server's own hint to this error is of casts, which would not help a list.
  const hint =
    fields.code === "42883"
      ? (serverHint(fields, sql) ?? fields.hint)
      : (fields.hint ?? serverHint(fields, sql))
  if (hint !== undefined) lines.push(`HINT: ${hint}`)
  if (fields.internalQuery !== undefined) {
    lines.push(`QUERY: ${fields.internalQuery}`)
    if (fields.internalPosition !== undefined)
      lines.push(caret(fields.internalQuery, fields.internalPosition))
  }
  const context = showsValues ? fields.where : copyPlace(fields.where)
  if (context !== undefined) lines.push(`CONTEXT: ${context}`)
  if (place !== undefined) lines.push(`AT: ${place}`)
  return lines.join("\n")
}

const connectHint = (attempts: ReadonlyArray<ConnectAttempt>): string => {
  const codes = attempts.map(({ cause }) => ("code" in cause ? cause.code : cause._tag))
  if (codes.includes("ECONNREFUSED") || codes.includes("ENOENT"))
    return "Is the server running there, and does it accept connections on that address?"
  if (codes.includes("ENOTFOUND") || codes.includes("EAI_AGAIN")) return "Is the host name right?"
  if (codes.includes("3D000"))
    return "Does the database exist? The name is taken from `database`, else from the user."
  if (codes.includes("53300"))
    return "The server, the database or the role takes no more connections: lower the pool's size, or raise max_connections or the CONNECTION LIMIT of the database or the role."
  if (codes.includes("57P03")) return "The server is starting or stopping: trying again later may succeed."
  if (codes.includes("0A000"))
    return "Set max_protocol_version=3.0 if the server or pooler refuses newer protocols."
  return ""
}

export const connect = (attempts: ReadonlyArray<ConnectAttempt>): string => {
  const lines = attempts.map(({ address, cause, phase }) => `${address} (${phase}): ${cause.message}`)
  const hint = connectHint(attempts)
  const head =
    attempts.length === 1 ? "could not connect to " : `could not connect, ${attempts.length} attempts:\n  `
  return head + lines.join("\n  ") + (hint === "" ? "" : `\n${hint}`)
}

const authHints: { readonly [R in AuthFailure]: string } = {
  rejected: "Check user, password and the server's pg_hba.conf.",
  "password-missing": "Set `password`, PGPASSWORD or a line in the password file.",
  "method-unsupported": "Choose another method for this user in the server's pg_hba.conf.",
  "method-refused":
    "The settings do not allow the method that the server asks for: change requireAuth or channelBinding, or the server's pg_hba.conf.",
  "server-unproven": "Do not trust this server: it may not be the one that holds your password."
}

export const auth = (error: {
  readonly reason: AuthFailure
  readonly method: string
  readonly detail: string
  readonly user: string
  readonly server: ServerFields | undefined
}): string => {
  const method = error.method === "" ? "" : ` (${error.method})`
  const said =
    error.server === undefined ? "" : `\n${error.server.severity} ${error.server.code}: ${error.server.text}`
  return `authentication of user "${error.user}" failed${method}: ${error.detail}${said}\n${authHints[error.reason]}`
}

export const protocol = (error: {
  readonly state: string
  readonly tag: string
  readonly reason: string
}): string => {
  const doubt = /^(?:Negotiation|Startup)/.test(error.state)
    ? "; is the other side really a PostgreSQL server?"
    : "."
  return `protocol violation in state ${error.state}, message '${error.tag}': ${error.reason}. The connection has been closed${doubt}`
}

/** `STATEMENT: …` on a line of its own, where there is a statement. */
const ofStatement = (sql: string): string => (sql === "" ? "" : `\nSTATEMENT: ${firstLine(sql)}`)

/** A codec's error, as far as its message needs it. */
interface CodecFault {
  readonly direction: "decode" | "encode"
  readonly place: CodecPlace
  readonly type: string
  readonly reason: string
  readonly sql: string
}

const columnsOf = {
  result: "the result does not fit the Schema, and the statement was not run",
  copy: "the columns of the copy do not fit the Schema, and nothing was copied"
}

/** What could not be read or written. */
const codecHead = ({ direction, place, sql, type }: CodecFault): string => {
  const done = direction === "decode" ? "read" : "sent"
  switch (place._tag) {
    case "Parameter":
      return `parameter $${place.number} cannot be sent as ${type}`
    case "Argument":
      return `the ${place.name} cannot be ${done}`
    case "Column":
      return `column "${place.column}" of type ${type} cannot be ${done}`
    case "RowColumn":
      return `column "${place.column}" of type ${type} cannot be ${done} in row ${place.row}`
    case "Row":
      return `${place.row === undefined ? "a row" : `row ${place.row}`} cannot be ${done}`
    case "Columns":
      return place.of === "table" ? `the table ${sql} does not fit the Schema` : columnsOf[place.of]
  }
}

const schemaHints = {
  result: "Change the Schema, or the statement by an alias or a cast.",
  copy: "Change the Schema, or what is copied.",
  table: "Change the Schema, or the table."
}

const codecHint = ({ place, reason, type }: CodecFault): string => {
  switch (place._tag) {
    case "Parameter":
      // The server takes a parameter for text when the SQL does not give its type.
      return type === "text" && reason.startsWith("expected string,")
        ? `\nHINT: The server takes a parameter for text where the SQL does not give its type. A cast gives it: $${place.number}::int4.`
        : ""
    case "Columns":
      return `\nHINT: ${schemaHints[place.of]}`
    case "Row":
    case "RowColumn":
      return reason.endsWith(", got null") ? "\nHINT: Schema.NullOr takes NULL." : ""
    default:
      return ""
  }
}

export const codec = (fault: CodecFault): string => {
  const { place, reason, sql } = fault
  const colon = reason.startsWith("\n") ? ":" : ": "
  const statement = place._tag === "Columns" && place.of !== "result" ? "" : ofStatement(sql)
  return `${codecHead(fault)}${colon}${reason}${statement}${codecHint(fault)}`
}

export const usage = (error: {
  readonly operation: string
  readonly argument: string
  readonly reason: string
  readonly sql: string
}): string => {
  const place = error.argument === "" ? "" : `${error.argument} `
  return `${error.operation}: ${place}${error.reason}${ofStatement(error.sql)}`
}

export const limit = (error: {
  readonly limit: string
  readonly max: number | undefined
  readonly reason: string
  readonly sql: string
}): string => {
  const bound = error.max === undefined ? error.limit : `${error.limit} of ${error.max}`
  return `${bound} reached: ${error.reason}${ofStatement(error.sql)}`
}

export const closed = (error: {
  readonly reason: string
  readonly sent: boolean
  readonly server: ServerFields | undefined
  readonly sql: string
}): string => {
  const said =
    error.server === undefined ? "" : ` The server reported: ${error.server.code} ${error.server.text}.`
  const outcome = error.sent
    ? "The statement had been sent, so its outcome is unknown."
    : "Nothing of this operation had been sent; trying again is safe."
  return `${error.reason}.${said} ${outcome}${error.sql === "" ? "" : `\nSTATEMENT: ${firstLine(error.sql)}`}`
}

const deadlineHints: { readonly [D in Deadline]: string } = {
  connect: "Raise connectTimeout, or check that a PostgreSQL server answers at that address.",
  acquire: "Every connection was busy: raise the pool's size, or look for one that is held too long.",
  turn: "A nested transaction of another fiber is open, and must end first. The transaction is usable.",
  statement: "",
  transaction: "The body was interrupted and its transaction rolled back: nothing was stored.",
  cancel: "The connection was closed. Whether the statement still runs is not known.",
  idle: "The connection had been idle too long.",
  silence: "Nothing came from the other side in that time, and the connection was closed."
}

/** `during` is a statement, or an activity of the client: connecting, cancelling, rolling back … */
const ourDoing = /^[a-z]+ing /

interface TimedOut {
  readonly deadline: Deadline
  readonly millis: number
  readonly sent: boolean
  readonly during: string
  readonly detail?: string
  readonly cancel?: CancelOutcome | undefined
  readonly cancelFailure?: string | undefined
}

/** What is known of the statement behind a deadline, and no more. */
const statementFate = ({ cancel, cancelFailure, sent }: TimedOut): string => {
  if (!sent) return "Nothing had been sent."
  switch (cancel) {
    case "delivered":
      return "A cancel request was delivered to the server."
    case "deferred":
      return "No cancel request was sent, because other statements use the connection: the answer is discarded."
    case "failed":
      return `No cancel request could be delivered, and the connection was closed: ${cancelFailure ?? ""}.`
    case undefined:
      return "Whether the statement still runs is not known."
  }
}

export const timeout = (error: TimedOut): string => {
  const passed = `the ${error.deadline} deadline of ${error.millis} ms passed`
  const hint =
    error.detail ?? (error.deadline === "statement" ? statementFate(error) : deadlineHints[error.deadline])
  return ourDoing.test(error.during)
    ? `${passed} while ${firstLine(error.during)}. ${hint}`
    : `${passed}. ${hint}\nSTATEMENT: ${firstLine(error.during)}`
}
