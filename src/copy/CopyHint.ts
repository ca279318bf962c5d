/** What a server's refusal of a copy comes from as a rule, as its hint. */
import { PgServerError } from "../model/PgError.js"
import type { TableName } from "./CopyStatement.js"

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
export const of =
  (table: TableName | undefined, sql: string) =>
  <E>(error: E): E => {
    if (!(error instanceof PgServerError) || table === undefined || error.sql !== sql) return error
    const hint = error.hint === undefined ? hintOf(error.code, table) : undefined
    return hint === undefined ? error : (error.with({ hint }) as E & PgServerError)
  }
