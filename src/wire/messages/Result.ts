/**
 * What a statement returns.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import * as Either from "effect/Either"
import * as Utf8 from "../../bytes/Utf8.js"
import type { Column } from "../../model/Column.js"
import * as Field from "../Field.js"
import * as Message from "../Message.js"

const column = Field.struct<Column>({
  name: Field.cstring,
  tableOid: Field.uint32,
  columnNumber: Field.int16,
  typeOid: Field.uint32,
  typeSize: Field.int16,
  typeModifier: Field.int32,
  format: Field.format16
})

/** Backend, byte `T`. There may be no columns; their names may repeat or be empty. */
export interface RowDescription {
  readonly _tag: "RowDescription"
  readonly columns: ReadonlyArray<Column>
}
export const RowDescription = Message.backend<RowDescription>("RowDescription", "T", {
  columns: Field.array16(column)
})

/** Backend, byte `D`. The client reads rows straight from their frame runs; this form is for the other end. */
export interface DataRow {
  readonly _tag: "DataRow"
  /** `null` for NULL, which differs from no bytes. */
  readonly values: ReadonlyArray<Uint8Array | null>
}
export const DataRow = Message.backend<DataRow>("DataRow", "D", { values: Field.array16(Field.value) })

/** Backend, byte `C`. `commandTag` is text such as `INSERT 0 1`. */
export interface CommandComplete {
  readonly _tag: "CommandComplete"
  readonly commandTag: string
}

const commandComplete = Message.backend<CommandComplete>("CommandComplete", "C", {
  commandTag: Field.cstring
})

export const CommandComplete: Message.Message<CommandComplete> = {
  ...commandComplete,
  // Once per statement: without a reader it takes a third of the time. A tag that is not in the usual form is read by the plain twin.
  decode: (bytes, start = 0, end = bytes.length) =>
    end > start && bytes.indexOf(0, start) === end - 1
      ? Either.right({ _tag: "CommandComplete", commandTag: Utf8.decode(bytes, start, end - 1) })
      : commandComplete.decode(bytes, start, end)
}

/** The plain twin of `CommandComplete.decode`. */
export const decodeCommandCompletePlain = commandComplete.decode
