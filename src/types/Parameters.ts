/**
 * From values to the parameters of `Bind`. The type the server reports, or the caller states, decides how a value is
 * written; the value is never asked what it might be. A plan is compiled once per statement.
 *
 * - `null` is NULL. `undefined` is refused: it is more often a mistake than a NULL.
 * - Each type's codec tells what it takes, and refuses what would lose digits or not fit.
 * - A parameter of unknown type is sent as text: strings as they are; safe whole numbers, bigints and booleans as
 *   their text, which every type reads alike. Fractions, dates and objects are refused: state the type, or give text.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND
 */
import type { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"
import type { Encode } from "./Codec.js"
import type { Registry } from "./Registry.js"
import { describe } from "./Shape.js"
import * as Texts from "./Texts.js"

/**
 * Why parameters could not be written. `index` counts from 0. `reason` tells what was expected and the shape of what
 * came, such as `expected boolean, got string of 5 characters`, and never the value.
 */
export type ParameterFailure =
  | {
      readonly _tag: "WrongCount"
      readonly expected: number
      readonly received: number
      readonly reason: string
    }
  | { readonly _tag: "Refused"; readonly index: number; readonly type: string; readonly reason: string }

export interface ParameterPlan {
  readonly typeOids: ReadonlyArray<number>
  /** The format of each parameter. */
  readonly formats: ReadonlyArray<Format>
  /**
   * Appends each value as its 32-bit length and its bytes. On failure nothing of this call is left in the writer, and
   * the writer is without failure.
   */
  readonly write: (writer: ByteWriter, values: ReadonlyArray<unknown>) => ParameterFailure | null
}

class Compiled implements ParameterPlan {
  readonly formats: ReadonlyArray<Format>
  private readonly encoders: ReadonlyArray<Encode>

  constructor(
    readonly typeOids: ReadonlyArray<number>,
    private readonly registry: Registry
  ) {
    const codecs = typeOids.map((oid) => registry.lookup(oid))
    this.formats = codecs.map(
      (codec) => codec?.parameterFormat ?? (codec?.encodeBinary === undefined ? 0 : 1)
    )
    this.encoders = codecs.map((codec, index) =>
      codec === undefined
        ? Texts.encodeUnknown
        : ((this.formats[index] === 1 ? codec.encodeBinary : undefined) ?? codec.encodeText)
    )
  }

  write(writer: ByteWriter, values: ReadonlyArray<unknown>): ParameterFailure | null {
    const encoders = this.encoders
    const mark = writer.offset
    if (values.length !== encoders.length) return wrongCount(encoders.length, values.length)
    for (let index = 0; index < encoders.length; index++) {
      const value = values[index]
      if (value === null) {
        writer.int32(-1)
      } else if (value === undefined) {
        writer.fail("expected a value or null, got undefined")
      } else {
        writer.int32(0)
        const start = writer.offset
        encoders[index]!(writer, value)
        if (writer.failure === null) writer.patchInt32(start - 4, writer.offset - start)
      }
      if (writer.failure !== null) {
        const reason = writer.failure
        writer.rollback(mark)
        return { _tag: "Refused", index, type: this.registry.nameOf(this.typeOids[index]!), reason }
      }
    }
    return null
  }
}

const wrongCount = (expected: number, received: number): ParameterFailure => ({
  _tag: "WrongCount",
  expected,
  received,
  reason: `expected ${expected} ${expected === 1 ? "parameter" : "parameters"}, got ${received}`
})

/** Compiles the writing of parameters of these types; OID 0 is a type nobody has stated. */
export const plan = (typeOids: ReadonlyArray<number>, registry: Registry): ParameterPlan =>
  new Compiled(typeOids, registry)

/** What a value looks like, without the value: for messages of others who refuse parameters. */
export const shapeOf: (value: unknown) => string = describe
