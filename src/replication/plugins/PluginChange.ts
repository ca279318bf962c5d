/** The changes that plugins with textual output report, in one form for all of them. What a plugin does not report is left out. */
import { ByteReader } from "../../bytes/ByteReader.js"
import * as Utf8 from "../../bytes/Utf8.js"
import * as TypeName from "../../model/TypeName.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { Registry } from "../../types/Registry.js"
import * as Row from "../../types/Row.js"
import * as RowShape from "../../types/RowShape.js"
import type { ObjectRow } from "../../types/RowShape.js"
import { Unchanged } from "../changes/Unchanged.js"

/** One column as a plugin prints it. */
export interface PluginColumn {
  readonly name: string
  /**
   * As the server prints types, such as `character varying(30)`; a plugin may also use the names of pg_type. Empty when it does not
   * report it.
   */
  readonly type: string
  /** The value in the type's text form. */
  readonly value: string | null | Unchanged
}

/** The columns of a change, in the order in which they were printed. */
export type PluginColumns = ReadonlyArray<PluginColumn>

interface OfTable {
  /** Empty when the plugin does not report it. */
  readonly schema: string
  readonly table: string
}

interface OfTransaction {
  readonly xid: number | undefined
  readonly time: PgTimestampTz | undefined
}

interface OfPrepared extends OfTransaction {
  readonly gid: string
}

/** A change as `test_decoding` or `wal2json` prints it. */
export type PluginChange =
  | ({ readonly _tag: "Begin" } & OfTransaction)
  | ({
      readonly _tag: "Commit"
      /** Where the next record begins, when reported: what to acknowledge. */
      readonly nextLsn: Lsn | undefined
    } & OfTransaction)
  | ({ readonly _tag: "Insert"; readonly new: PluginColumns } & OfTable)
  | ({
      readonly _tag: "Update"
      /** The replica identity, where the plugin reports it. */
      readonly old: PluginColumns | undefined
      readonly new: PluginColumns
    } & OfTable)
  | ({ readonly _tag: "Delete"; readonly old: PluginColumns | undefined } & OfTable)
  | {
      readonly _tag: "Truncate"
      readonly tables: ReadonlyArray<OfTable>
      readonly cascade: boolean
      readonly restartIdentity: boolean
    }
  | {
      readonly _tag: "Message"
      readonly transactional: boolean
      readonly prefix: string
      /** `undefined` where the plugin keeps it to itself until the transaction ends. */
      readonly content: string | undefined
    }
  | ({ readonly _tag: "Prepare" } & OfPrepared)
  | ({ readonly _tag: "CommitPrepared" } & OfPrepared)
  | ({ readonly _tag: "RollbackPrepared" } & OfPrepared)
  | { readonly _tag: "StreamStart" | "StreamStop" | "StreamAbort"; readonly xid: number | undefined }
  /** A change in a streamed transaction, of which nothing is reported. */
  | { readonly _tag: "StreamChange" | "StreamTruncate"; readonly xid: number | undefined }
  | ({ readonly _tag: "StreamCommit" } & OfTransaction)
  | ({ readonly _tag: "StreamPrepare" } & OfPrepared)

/** The OID of a built-in type by the name a plugin prints, modifiers and array brackets in it; 0 for other types. */
export const typeOidOf = (printed: string): number => TypeName.of(printed).oid ?? 0

/** A value that is not in its type's text form. */
export interface UndecodableValue {
  readonly _tag: "UndecodableValue"
  readonly column: string
  readonly type: string
  readonly reason: string
}

/** The columns as a row of decoded values: of built-in types as the registry has them, of others as text. */
export const row = (columns: PluginColumns, registry: Registry): ObjectRow | UndecodableValue => {
  const reader = new ByteReader(new Uint8Array(0))
  const values: Array<unknown> = []
  for (const { name, type, value } of columns) {
    if (value === null || value === Unchanged) {
      values.push(value)
      continue
    }
    const bytes = Utf8.encode(value)
    values.push(
      Row.decodeOf(registry, typeOidOf(type), 0)(reader.reset(bytes, 0, bytes.length), 0, bytes.length)
    )
    if (reader.failure !== null)
      return { _tag: "UndecodableValue", column: name, type, reason: reader.failure }
  }
  return RowShape.object(columns.map(({ name }) => name))(values) as ObjectRow
}
