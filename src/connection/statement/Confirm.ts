/**
 * A result that was described for this execution, beside the description with which it was requested. The server ties a
 * description to a prepared statement that has a name. A statement without a name is parsed once more in the burst that
 * runs it. That burst also describes the portal, and rows are read by that description.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Column } from "../../model/Column.js"
import { PgCodecError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import * as Catalog from "../session/Catalog.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import type { Prepared, Reading } from "../session/StatementCache.js"
import { Result } from "../session/StatementCache.js"
import { compiled, described } from "./Prepare.js"

/** Whether a description is the same, byte for byte, as one that was found right before. */
export const isKnown = ({ seen }: Result, run: FrameRun): boolean => {
  const start = run.starts[0]!
  if (seen === undefined || bodyEnd(run, 0) - start !== seen.length) return false
  for (let at = 0; at < seen.length; at++) if (run.bytes[start + at] !== seen[at]) return false
  return true
}

/** Its bytes, to be kept. */
export const bytesOf = (run: FrameRun): Uint8Array => run.bytes.slice(run.starts[0], bodyEnd(run, 0))

/** Whether rows of these columns are read by the same decoder, and named in errors by the same words. */
export const isSame = (known: ReadonlyArray<Column>, now: ReadonlyArray<Column>): boolean =>
  known.length === now.length &&
  known.every((column, index) => {
    const other = now[index]!
    return (
      column.name === other.name &&
      column.typeOid === other.typeOid &&
      column.format === other.format &&
      column.typeModifier === other.typeModifier &&
      column.tableOid === other.tableOid &&
      column.columnNumber === other.columnNumber
    )
  })

/**
 * The statement with the columns that it has now, read by the types as they are known. What is kept of it has those that may have
 * been altered asked for at the next execution; with `isAskedNow` at this one.
 */
export const renewed = (
  core: ConnectionState,
  statement: Statement,
  prepared: Prepared,
  columns: ReadonlyArray<Column>,
  isAskedNow: boolean
): Prepared => {
  const fresh = compiled(core, prepared.name, prepared.types, columns)
  const kept = described(core, prepared.name, prepared.types, columns)
  core.statements.replace(statement, prepared, kept)
  return isAskedNow ? kept : fresh
}

/** What is known of rows whose types have still to be asked for: their columns, in the formats in which they come. */
export const held = ({ registry }: ConnectionState, columns: ReadonlyArray<Column>): Result =>
  new Result(
    columns,
    registry,
    undefined,
    columns.map(({ format }) => format)
  )

/**
 * How the rows that are on their way are read: by what they are, in the formats that were asked for. A failure when that cannot
 * be: a type that comes in binary and is read as text only, or one that the catalogue has to be asked about first.
 */
export const arriving = (
  core: ConnectionState,
  { columns, registry, unknown }: Prepared,
  formatted: ReadonlyArray<Column>,
  sql: string,
  reader: { readonly reading: Reading; readonly asksTypes?: boolean } | undefined
): Result | PgCodecError => {
  const codecs = reader?.reading.codecs(columns, registry)
  const missing = reader?.asksTypes === false ? [] : Catalog.missing(core, unknown)
  for (const [index, { format, name, typeOid }] of formatted.entries()) {
    const codec = codecs?.[index] ?? registry.lookup(typeOid)
    if (!missing.includes(typeOid) && (format === 0 || codec?.decodeBinary !== undefined)) continue
    return new PgCodecError({
      direction: "decode",
      place: { _tag: "Column", column: name, index },
      type: registry.nameOf(typeOid),
      reason:
        "the statement has run, and its result is not what it was when it was described: this column cannot be read in " +
        "the format that was asked for. The next execution asks for the right one",
      sql,
      nothingSent: false
    })
  }
  return new Result(
    columns,
    registry,
    codecs,
    formatted.map(({ format }) => format)
  )
}
