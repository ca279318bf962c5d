/**
 * Statements parsed once, bound to values, executed through portals.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { Format } from "../../model/Format.js"
import * as Field from "../Field.js"
import * as Frame from "../Frame.js"
import * as Message from "../Message.js"

/** Frontend, byte `P`. */
export interface Parse {
  readonly _tag: "Parse"
  /** Empty for the unnamed statement. Only the first 63 bytes count. */
  readonly statement: string
  readonly sql: string
  /** Type OIDs; 0, or missing at the end, leaves the choice to the server. */
  readonly parameterTypes: ReadonlyArray<number>
}
export const Parse = Message.frontend<Parse>("Parse", "P", {
  statement: Field.cstring,
  sql: Field.cstring,
  parameterTypes: Field.array16(Field.uint32)
})

/** Frontend, byte `B`. */
export interface Bind {
  readonly _tag: "Bind"
  /** Empty for the unnamed portal. */
  readonly portal: string
  readonly statement: string
  /** None for all text, one for all, or one for each. */
  readonly parameterFormats: ReadonlyArray<Format>
  readonly parameters: ReadonlyArray<Uint8Array | null>
  /** None for all text, one for all, or one for each column. */
  readonly resultFormats: ReadonlyArray<Format>
}

const bindTag = 0x42

/** The server reads a list of formats as: none, one for all, one for each. */
const checkFormats = (writer: ByteWriter, formats: number, count: number): void => {
  if (formats > 1 && formats !== count) writer.fail(`${formats} format codes for ${count} values`)
}

const writeFormats = (writer: ByteWriter, formats: ReadonlyArray<Format>): void => {
  const count = formats.length
  if (count > Frame.maxCount) {
    writer.fail(`${count} format codes are more than the ${Frame.maxCount} the protocol can count`)
  } else if (writer.reserve(2 + 2 * count)) {
    writer.int16(count)
    for (let index = 0; index < count; index++) writer.int16(formats[index]!)
  }
}

/**
 * Begins a Bind whose values are written in place. The caller then writes `count` values, each with its length before it
 * (`Frame.beginValue`, `Frame.endValue`, `Frame.nullValue`), and calls `finish` with the mark answered here.
 */
const begin = (
  writer: ByteWriter,
  portal: string,
  statement: string,
  parameterFormats: ReadonlyArray<Format>,
  count: number = parameterFormats.length
): number => {
  const mark = Frame.begin(writer, bindTag)
  writer.cstring(portal)
  writer.cstring(statement)
  checkFormats(writer, parameterFormats.length, count)
  writeFormats(writer, parameterFormats)
  if (count > Frame.maxCount) {
    writer.fail(`${count} parameters are more than the ${Frame.maxCount} a statement can take`)
  } else writer.int16(count)
  return mark
}

/** Ends the Bind begun at `mark`; false, with the failure on the writer, when it was taken back. */
const finish = (writer: ByteWriter, mark: number, resultFormats: ReadonlyArray<Format>): boolean => {
  writeFormats(writer, resultFormats)
  return Frame.end(writer, mark)
}

const readBind = Field.struct<Omit<Bind, "_tag">>({
  portal: Field.cstring,
  statement: Field.cstring,
  parameterFormats: Field.array16(Field.format16),
  parameters: Field.array16(Field.value),
  resultFormats: Field.array16(Field.format16)
}).read

export const Bind = {
  ...Message.custom<Bind>(
    "Bind",
    "B",
    Message.maxSent("B"),
    (reader) => ({ _tag: "Bind", ...readBind(reader) }),
    () => {}
  ),
  encode: (writer: ByteWriter, message: Bind): boolean => {
    const { parameterFormats, parameters, portal, resultFormats, statement } = message
    const mark = begin(writer, portal, statement, parameterFormats, parameters.length)
    for (let index = 0; index < parameters.length && writer.failure === null; index++) {
      Field.value.write(writer, parameters[index]!)
    }
    return finish(writer, mark, resultFormats)
  },
  begin,
  finish
}

/** `S` for a prepared statement, `P` for a portal. */
export type DescribeTarget = "S" | "P"
const target = Field.oneOf<DescribeTarget>(["S", "P"])

/** Frontend, byte `D`. */
export interface Describe {
  readonly _tag: "Describe"
  readonly target: DescribeTarget
  readonly name: string
}
export const Describe = Message.frontend<Describe>("Describe", "D", { target, name: Field.cstring })

/** Frontend, byte `E`. */
export interface Execute {
  readonly _tag: "Execute"
  readonly portal: string
  /** 0 for all. */
  readonly maxRows: number
}
export const Execute = Message.frontend<Execute>("Execute", "E", {
  portal: Field.cstring,
  maxRows: Field.int32
})

/** Frontend, byte `C`. Closing what does not exist is no error. */
export interface Close {
  readonly _tag: "Close"
  readonly target: DescribeTarget
  readonly name: string
}
export const Close = Message.frontend<Close>("Close", "C", { target, name: Field.cstring })

/** Frontend, byte `H`: the server sends what it has, without ending the series. */
export interface Flush {
  readonly _tag: "Flush"
}
export const Flush = Message.empty<Flush>({ _tag: "Flush" }, "H")

/** Frontend, byte `S`: ends a series; ReadyForQuery answers it. */
export interface Sync {
  readonly _tag: "Sync"
}
export const Sync = Message.empty<Sync>({ _tag: "Sync" }, "S")

/** Backend, byte `1`. */
export interface ParseComplete {
  readonly _tag: "ParseComplete"
}
export const ParseComplete = Message.empty<ParseComplete>({ _tag: "ParseComplete" }, "1")

/** Backend, byte `2`. */
export interface BindComplete {
  readonly _tag: "BindComplete"
}
export const BindComplete = Message.empty<BindComplete>({ _tag: "BindComplete" }, "2")

/** Backend, byte `3`. */
export interface CloseComplete {
  readonly _tag: "CloseComplete"
}
export const CloseComplete = Message.empty<CloseComplete>({ _tag: "CloseComplete" }, "3")

/** Backend, byte `n`: the described statement returns no rows. */
export interface NoData {
  readonly _tag: "NoData"
}
export const NoData = Message.empty<NoData>({ _tag: "NoData" }, "n")

/** Backend, byte `s`: the row limit of Execute was reached, the portal has more. */
export interface PortalSuspended {
  readonly _tag: "PortalSuspended"
}
export const PortalSuspended = Message.empty<PortalSuspended>({ _tag: "PortalSuspended" }, "s")

/** Backend, byte `t`: the types of a statement's parameters. */
export interface ParameterDescription {
  readonly _tag: "ParameterDescription"
  readonly parameterTypes: ReadonlyArray<number>
}
export const ParameterDescription = Message.backend<ParameterDescription>("ParameterDescription", "t", {
  parameterTypes: Field.array16(Field.uint32)
})
