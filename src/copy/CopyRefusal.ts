/**
 * How a copy is refused: here, by the argument at fault and before anything is sent; and by the server, with a hint where the
 * cause is known as a rule.
 */
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import { PgServerError, PgUsageError } from "../model/PgError.js"
import * as CopyOption from "./CopyOption.js"
import type { TableName } from "./CopyStatement.js"

/** The operations, by the names under which users call them. */
export type CopyOperation = "rowsInto" | "rowsFrom" | "encodeRows" | "decodeRows" | "from" | "to" | "transfer"

const usage = (operation: CopyOperation, argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: `Copy.${operation}`, argument, reason, sql: "" })

export const refuse = (
  operation: CopyOperation,
  argument: string,
  reason: string
): Effect.Effect<never, PgUsageError> => Effect.fail(usage(operation, argument, reason))

/** What is right, or the refusal for the reason on the left. */
export const orRefuse = <A>(
  either: Either.Either<A, string>,
  operation: CopyOperation,
  argument = ""
): Effect.Effect<A, PgUsageError> => Effect.mapError(either, (reason) => usage(operation, argument, reason))

/** The options, when they go together and the server knows them. */
export const admit = (
  options: CopyOption.AnyOptions,
  situation: CopyOption.Situation,
  operation: CopyOperation
): Effect.Effect<CopyOption.RequestedOptions, PgUsageError> => {
  const asked = CopyOption.asked(options)
  const reason = CopyOption.refusal(asked, situation)
  return reason === undefined ? Effect.succeed(asked) : refuse(operation, "", reason)
}

/** Names as a message lists them. */
export const quoted = (names: ReadonlyArray<string>): string =>
  names.map((name) => JSON.stringify(name)).join(", ")

const undefinedTable = "42P01"
const invalidColumn = "42P10"

const hintOf = (code: string, table: TableName): string | undefined => {
  if (code === invalidColumn)
    return "The server computes generated columns: name the columns that are copied, without those."
  if (code !== undefinedTable || typeof table !== "string" || !table.includes(".")) return undefined
  const path = JSON.stringify(table.split(".")).replaceAll(",", ", ")
  return `table: ${JSON.stringify(table)} is one name, with the point in it. A schema and a table are written table: ${path}.`
}

/** The error with a hint, when it is the server's refusal of this statement and has none. */
export const hinted =
  (table: TableName | undefined, sql: string) =>
  <E>(error: E): E => {
    if (!(error instanceof PgServerError) || table === undefined || error.sql !== sql) return error
    const hint = error.hint === undefined ? hintOf(error.code, table) : undefined
    return hint === undefined ? error : (error.with({ hint }) as E & PgServerError)
  }
