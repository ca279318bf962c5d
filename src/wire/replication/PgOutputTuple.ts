/**
 * Rows inside changes, as values: the plain form. `TupleView` reads the same bytes without making anything.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA
 */
import type { ByteReader } from "../../bytes/ByteReader.js"
import * as Field from "../Field.js"
import { counted } from "./ReplicationField.js"

/**
 * One column: NULL (or, in a key, a column that is not part of it); a large value that did not change and was not
 * sent; or the bytes of its text or binary form.
 */
export type TupleColumn =
  | { readonly _tag: "Null" }
  | { readonly _tag: "Unchanged" }
  | { readonly _tag: "Text"; readonly bytes: Uint8Array }
  | { readonly _tag: "Binary"; readonly bytes: Uint8Array }

export type PgOutputTuple = ReadonlyArray<TupleColumn>

/** Bytes that distinguish the kinds of columns. */
export const nullKind = 0x6e
export const unchangedKind = 0x75
export const textKind = 0x74
export const binaryKind = 0x62

const Null: TupleColumn = { _tag: "Null" }
const Unchanged: TupleColumn = { _tag: "Unchanged" }
const kinds = { Null: nullKind, Unchanged: unchangedKind, Text: textKind, Binary: binaryKind } as const

const readColumn = (reader: ByteReader): TupleColumn => {
  const kind = reader.uint8()
  switch (kind) {
    case nullKind:
      return Null
    case unchangedKind:
      return Unchanged
    case textKind:
      return { _tag: "Text", bytes: counted.read(reader) }
    case binaryKind:
      return { _tag: "Binary", bytes: counted.read(reader) }
    default:
      reader.fail(`a column of the unknown kind ${kind}`)
      return Null
  }
}

/** All columns of a row, their number first. */
export const tuple: Field.Field<PgOutputTuple> = Field.array16<TupleColumn>({
  least: 1,
  read: readColumn,
  write: (writer, column) => {
    writer.uint8(kinds[column._tag])
    if (column._tag === "Text" || column._tag === "Binary") counted.write(writer, column.bytes)
  }
})
