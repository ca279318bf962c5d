/** One insert, update or delete, read without an object for it: a decoder has one view and fills it again and again. */
import type { ByteReader } from "../../bytes/ByteReader.js"
import type { Delete, Insert, Update } from "./pgoutput/Change.js"
import { newRow, oldKey, oldRow } from "./pgoutput/Change.js"
import { TupleView } from "./TupleView.js"

/** Tags of the changes with rows. */
export const insert = 0x49
export const update = 0x55
export const deletion = 0x44

export class ChangeView {
  readonly _tag = "Change"
  /** `insert`, `update` or `deletion`. */
  tag = 0
  /** The transaction or subtransaction that did it; 0 outside a streamed chunk. */
  xid = 0
  relationId = 0
  /** What `old` is: `oldKey`, `oldRow`, or 0 for nothing. */
  oldKind = 0
  readonly old = new TupleView()
  /** Empty of a deletion. */
  readonly new = new TupleView()
  /** What the places in both tuples refer to. */
  bytes: Uint8Array = new Uint8Array(0)

  /** Reads what follows the tag. What is wrong is recorded on the reader, and then the view is not valid. */
  read(reader: ByteReader, tag: number, inStream: boolean): void {
    this.tag = tag
    this.bytes = reader.bytes
    this.xid = inStream ? reader.uint32() : 0
    this.relationId = reader.uint32()
    this.oldKind = 0
    this.new.count = this.old.count = 0
    let kind = reader.uint8()
    if (tag !== insert && (kind === oldKey || kind === oldRow)) {
      this.oldKind = kind
      this.old.read(reader)
      if (tag === deletion) return
      kind = reader.uint8()
    }
    if (kind !== newRow || tag === deletion) reader.fail(`byte ${kind} where a row must begin`)
    this.new.read(reader)
  }

  /** The change as a value of its own. */
  toMessage(): Insert | Update | Delete {
    const { bytes, relationId } = this
    const xid = this.xid === 0 ? undefined : this.xid
    if (this.tag === insert) return { _tag: "Insert", xid, relationId, new: this.new.toTuple(bytes) }
    const kind = this.oldKind === oldKey ? "key" : "full"
    const old = { kind, tuple: this.old.toTuple(bytes) } as const
    if (this.tag === deletion) return { _tag: "Delete", xid, relationId, old }
    return {
      _tag: "Update",
      xid,
      relationId,
      old: this.oldKind === 0 ? undefined : old,
      new: this.new.toTuple(bytes)
    }
  }
}
