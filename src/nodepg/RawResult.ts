/** A result in the shape of node-postgres, which the users of `raw` read. */
import type { QueryResult } from "../connection/statement/Query.js"
import type { Column } from "../model/Column.js"
import type { CommandTag } from "../model/CommandTag.js"
import type { ObjectRow } from "../types/Row.js"

/** A column as node-postgres describes it. */
export interface RawField {
  readonly name: string
  readonly tableID: number
  readonly columnID: number
  readonly dataTypeID: number
  readonly dataTypeSize: number
  readonly dataTypeModifier: number
  /** Always `text`, whatever the wire had: values have been read. */
  readonly format: "text"
}

/** What `statement.raw` returns: the names of node-postgres. */
export interface RawResult {
  /** The first word of the command tag, such as `INSERT`; `null` for an empty statement. */
  readonly command: string | null
  /** Rows that were returned or changed; `null` for a command that counts none. */
  readonly rowCount: number | null
  /** 0 for an INSERT, otherwise `null`: tables have had no OIDs since PostgreSQL 12. */
  readonly oid: number | null
  readonly rows: ReadonlyArray<ObjectRow>
  readonly fields: ReadonlyArray<RawField>
}

const fieldOf = (column: Column): RawField => ({
  name: column.name,
  tableID: column.tableOid,
  columnID: column.columnNumber,
  dataTypeID: column.typeOid,
  dataTypeSize: column.typeSize,
  dataTypeModifier: column.typeModifier,
  format: "text"
})

const commandOf = ({ text }: CommandTag): string | null => /^[A-Za-z]+/.exec(text)?.[0] ?? null

/** The result as node-postgres has it. */
export const make = ({ columns, command, rows }: QueryResult<ObjectRow>): RawResult => ({
  command: commandOf(command),
  rowCount: command.rows === undefined ? null : Number(command.rows),
  oid: command.text.startsWith("INSERT ") ? 0 : null,
  rows,
  fields: columns.map(fieldOf)
})
