/**
 * Bulk data in one direction or in both.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
 */
import type { Format } from "../../model/Format.js"
import * as Field from "../Field.js"
import * as Message from "../Message.js"

/** The formats of a copy as the server names them before the data. */
export interface CopyFormats {
  /** Of the data: 0 for lines of text or CSV, 1 for binary. */
  readonly format: Format
  /** Of each column, in the order of the copy; none in replication. */
  readonly columnFormats: ReadonlyArray<Format>
}

const fields = { format: Field.format8, columnFormats: Field.array16(Field.format16) }

/** Backend, byte `G`: the server waits for data. */
export interface CopyInResponse extends CopyFormats {
  readonly _tag: "CopyInResponse"
}
export const CopyInResponse = Message.backend<CopyInResponse>("CopyInResponse", "G", fields)

/** Backend, byte `H`: data follows. */
export interface CopyOutResponse extends CopyFormats {
  readonly _tag: "CopyOutResponse"
}
export const CopyOutResponse = Message.backend<CopyOutResponse>("CopyOutResponse", "H", fields)

/** Backend, byte `W`: both sides may send, as in streaming replication. */
export interface CopyBothResponse extends CopyFormats {
  readonly _tag: "CopyBothResponse"
}
export const CopyBothResponse = Message.backend<CopyBothResponse>("CopyBothResponse", "W", fields)

/** Either side, byte `d`. Boundaries mean nothing, except in replication. */
export interface CopyData {
  readonly _tag: "CopyData"
  readonly data: Uint8Array
}
export const CopyData = Message.frontend<CopyData>("CopyData", "d", { data: Field.rest })

/** Either side, byte `c`. */
export interface CopyDone {
  readonly _tag: "CopyDone"
}
export const CopyDone = Message.empty<CopyDone>({ _tag: "CopyDone" }, "c")

/** Frontend, byte `f`: the copy fails with this reason. Not legal when both sides copy. */
export interface CopyFail {
  readonly _tag: "CopyFail"
  readonly reason: string
}
export const CopyFail = Message.frontend<CopyFail>("CopyFail", "f", { reason: Field.cstring })
