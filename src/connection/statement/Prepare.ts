/**
 * What preparing a statement is made of: its messages written or refused as a whole, what is known of it once the server has
 * described it, and the errors by which it no longer holds.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import * as Either from "effect/Either"
import type { Column } from "../../model/Column.js"
import * as Identifier from "../../model/Identifier.js"
import { PgCodecError, PgUsageError } from "../../model/PgError.js"
import type { PgServerError, PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type { Node } from "../../protocol/Machine.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import { shapeOf, type ParameterFailure, type ParameterPlan } from "../../types/Parameters.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import { codecThrew } from "../session/CodecThrew.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import type { Format } from "../../model/Format.js"
import { Prepared } from "../session/StatementCache.js"

/** Most parameters a statement may have: the count travels in 16 bits. */
export const maxParameters = 65_535

/** Writes a Close for every statement that was dropped; returns how many. */
export const writeCloses = (core: ConnectionState): number => {
  const names = core.statements.takeStale()
  for (const name of names) ExtendedQuery.Close.encode(core.writer, { _tag: "Close", target: "S", name })
  return names.length
}

/** Every parameter of the statement together, where it is about none of them alone. */
const parameters = {
  direction: "encode",
  place: { _tag: "Argument", name: "parameters" },
  type: "the statement's parameters"
} as const

const wrongParameters = (operation: string, reason: string, sql: string): PgUsageError =>
  new PgUsageError({ operation, argument: "parameters", reason, sql })

/**
 * Writes Bind for a described statement, with the formats that its result is asked for in; a failure names the parameter and
 * nothing of the message remains.
 */
export const writeBind = (
  core: ConnectionState,
  prepared: Prepared,
  portal: string,
  statement: Statement,
  operation: string,
  formats: ReadonlyArray<Format> = prepared.result.formats,
  plan: ParameterPlan = prepared.plan
): PgCodecError | PgUsageError | undefined => {
  const writer = core.writer
  const before = writer.offset
  let mark: ReturnType<typeof ExtendedQuery.Bind.begin>
  let failure: ParameterFailure | null
  try {
    const given = plan.formatsFor(statement.parameters)
    mark = ExtendedQuery.Bind.begin(writer, portal, prepared.name, given)
    failure = plan.write(writer, statement.parameters, given)
  } catch (cause) {
    writer.rollback(before)
    return codecThrew(parameters, cause, statement.sql)
  }
  if (failure === null && ExtendedQuery.Bind.finish(writer, mark, formats)) return undefined
  const reason = failure?.reason ?? writer.failure ?? "the message is too large"
  writer.rollback(before)
  return failure?._tag === "Refused"
    ? new PgCodecError({
        direction: "encode",
        place: { _tag: "Parameter", number: failure.index + 1 },
        type: failure.type,
        reason,
        sql: statement.sql,
        nothingSent: true
      })
    : wrongParameters(operation, `cannot be sent: ${reason}`, statement.sql)
}

/** The refusal of a text that cannot be sent. */
export const unsendable = (operation: string, reason: string, sql: string): PgUsageError =>
  new PgUsageError({ operation, argument: "sql", reason: `cannot be sent: ${reason}`, sql })

/** Whether a value was refused for its parameter's type, which may be another by now. */
export const isOfType = (error: PgSessionError): boolean =>
  error._tag === "PgCodecError" && (error.place._tag === "Parameter" || error.cause !== undefined)

/** Writes Parse; a failure (a zero byte in the text, too many types) leaves nothing written. */
export const writeParse = (
  core: ConnectionState,
  name: string,
  { sql, types }: Pick<Statement, "sql" | "types">,
  operation: string
): PgUsageError | undefined => {
  const before = core.writer.offset
  ExtendedQuery.Parse.encode(core.writer, { _tag: "Parse", statement: name, sql, parameterTypes: types })
  const reason = core.writer.failure
  if (reason === null) return undefined
  core.writer.rollback(before)
  return unsendable(operation, reason, sql)
}

/** Refuses a value that is not a text: types are not checked at run time. */
export const notText = (sql: unknown, operation: string): PgUsageError | undefined =>
  typeof sql === "string"
    ? undefined
    : new PgUsageError({
        operation,
        argument: "sql",
        reason: `must be a string, got ${shapeOf(sql)}`,
        sql: ""
      })

/** Refuses what is no statement, and what would not fit the message, before anything is written. */
export const check = (statement: Statement, operation: string): PgUsageError | undefined => {
  const { parameters, refused, sql, types } = statement
  if (refused !== undefined)
    return new PgUsageError({ operation: "Sql.sql", argument: "", reason: refused, sql })
  if (typeof sql !== "string") return notText(sql, operation)
  if (statement.name !== undefined) {
    const name = Identifier.quote(statement.name)
    if (Either.isLeft(name))
      return new PgUsageError({
        operation: "Statement.named",
        argument: "name",
        reason: `must be a name of 1 to 63 bytes: ${name.left}`,
        sql
      })
  }
  const count = Math.max(parameters.length, types.length)
  return count <= maxParameters
    ? undefined
    : wrongParameters(
        operation,
        `must be at most ${maxParameters}, got ${count}: pass an array and unnest it, or use COPY`,
        sql
      )
}

/** Whether the server was still about to bind the statement, or to parse it in the same burst: it has not begun to run. */
export const isFirstAnswer = (node: Node | undefined): boolean =>
  node === nodes.Binding || node === nodes.Parsing

/** A parameter's type is not what it was when the statement was described: refused in the words of the parser, or of an input. */
const isOfOldTypes = ({ code }: PgServerError): boolean =>
  code.startsWith("42") || code === "22P02" || code === "22P03" || code === "22021" || code === "08P01"

/**
 * Whether a statement that was described earlier has been refused before it began to run, as one is whose types have changed
 * since: described once more it may be another.
 */
export const isOld = (error: PgServerError, node: Node | undefined): boolean =>
  isOutdated(error, node) || (isFirstAnswer(node) && isOfOldTypes(error))

/**
 * Whether the server refused a statement because it has forgotten it (DISCARD, DEALLOCATE, a pooler's other connection), or
 * because its result is of other types than when it was described: it has not begun to run.
 */
export const isOutdated = (error: PgServerError, node: Node | undefined): boolean =>
  isFirstAnswer(node) &&
  (error.code === "26000" || (error.code === "0A000" && error.routine === "RevalidateCachedQuery"))

/**
 * Commands that give another thing's result: a cursor's, a prepared statement's, a procedure's. They are described for each
 * execution, and never kept. The plan of any other statement with a name is made anew by the server when what it depends on has
 * changed, and refused when its result has; what is left has a result that depends on its text alone, or none.
 */
const borrowed = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:fetch|execute|call)\b/i

/** Whether the statement gives another thing's result. */
export const isBorrowed = (sql: string): boolean => borrowed.test(sql)

/** Whether what is known of a statement holds for its next execution too. */
export const isKept = ({ cursor, isOnce, sql }: Statement): boolean =>
  cursor !== undefined || (isOnce !== true && !borrowed.test(sql))

/** The refusal of a statement that was prepared by its user and is not there. */
export const notPrepared = ({ name, sql }: Statement, operation: string): PgUsageError =>
  new PgUsageError({
    operation,
    argument: "statement",
    reason:
      `must be prepared on this connection, and ${JSON.stringify(name)} is not: it was prepared on another connection, its scope ` +
      "has closed, or DISCARD ALL or DEALLOCATE ALL has removed it; prepare it again",
    sql
  })

/** Columns by the names that the statement gives them. */
export const withNames = (
  columns: ReadonlyArray<Column> | undefined,
  { columnNames }: Statement
): ReadonlyArray<Column> | undefined =>
  columnNames === undefined
    ? columns
    : columns?.map((column) => ({ ...column, name: columnNames(column.name) }))

/** What is known of a statement once the server has described it. Composites in it are asked for again. */
export const described = (
  core: ConnectionState,
  name: string,
  parameters: ReadonlyArray<number>,
  columns: ReadonlyArray<Column> = []
): Prepared => {
  core.types.doubt([...parameters, ...columns.map(({ typeOid }) => typeOid)])
  return compiled(core, name, parameters, columns)
}

/** The same by the types as they are known now. */
export const compiled = (
  { types }: ConnectionState,
  name: string,
  parameters: ReadonlyArray<number>,
  columns: ReadonlyArray<Column> = []
): Prepared =>
  new Prepared(
    name,
    parameters,
    columns,
    types.registry,
    types.unknown([...parameters, ...columns.map(({ typeOid }) => typeOid)]),
    types.generation
  )

/** A known statement by the types as they are known now: compiled anew when more are, forgotten when fewer. */
export const knownNow = (
  core: ConnectionState,
  statement: Statement,
  found: Prepared
): Prepared | undefined => {
  if (found.generation === core.types.generation || statement.isPrepared === true)
    return core.statements.renew(statement, compiled(core, found.name, found.types, found.columns))
  core.statements.forget(statement, found)
  return undefined
}
