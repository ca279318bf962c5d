/**
 * From values to the parameters of `Bind`. The type the server reports, or the caller states, decides how a value is
 * written, never the value itself. A plan is compiled once per statement.
 *
 * - `null` is NULL. `undefined` is refused: it is more often a mistake than a NULL.
 * - Each type's codec refuses values that would lose digits or do not fit.
 * - A parameter of unknown type is sent as text: strings as they are; safe whole numbers, bigints and booleans as
 *   their text, which every type reads alike. Fractions, dates and objects are refused: state the type, or give text.
 * - A registry with text parameters has another plan, by `TextParameters`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND
 */
import { ByteWriter } from "../bytes/ByteWriter.js"
import type { Format } from "../model/Format.js"
import { PgArray } from "../model/PgArray.js"
import type { Encode } from "./Codec.js"
import type { ParameterFailure, ParameterPlan } from "./ParameterPlan.js"
import { wrongCount } from "./ParameterPlan.js"
import type { Registry } from "./Registry.js"
import { describe } from "./Shape.js"
import * as TextParameters from "./TextParameters.js"
import * as Texts from "./Texts.js"

export type { ParameterFailure, ParameterPlan } from "./ParameterPlan.js"

class Compiled implements ParameterPlan {
  readonly formats: ReadonlyArray<Format>
  private readonly encoders: ReadonlyArray<Encode>
  /** Parameters that go as text and could go in binary. */
  private readonly undecided: ReadonlyArray<{ readonly index: number; readonly encode: Encode }>

  constructor(
    readonly typeOids: ReadonlyArray<number>,
    private readonly registry: Registry
  ) {
    const codecs = typeOids.map((oid) => registry.lookup(oid))
    this.formats = codecs.map(
      (codec) => codec?.parameterFormat ?? (codec?.encodeBinary === undefined ? 0 : 1)
    )
    this.undecided = codecs.flatMap((codec, index) =>
      this.formats[index] === 0 && codec?.encodeBinary !== undefined
        ? [{ index, encode: codec.encodeBinary }]
        : []
    )
    this.encoders = codecs.map((codec, index) =>
      codec === undefined
        ? Texts.encodeUnknown
        : ((this.formats[index] === 1 ? codec.encodeBinary : undefined) ?? codec.encodeText)
    )
  }

  formatsFor(values: ReadonlyArray<unknown>): ReadonlyArray<Format> {
    let formats: Array<Format> | undefined
    for (const { encode, index } of this.undecided) {
      if (!hasNull(values[index])) continue
      // A string among them may be one that only the server reads, such as `now`.
      const trial = new ByteWriter()
      encode(trial, values[index])
      if (trial.failure === null) (formats ??= [...this.formats])[index] = 1
    }
    return formats ?? this.formats
  }

  /** The encoders for formats that some values have otherwise. */
  private encodersFor(formats: ReadonlyArray<Format>): ReadonlyArray<Encode> {
    const encoders = [...this.encoders]
    for (const { encode, index } of this.undecided) if (formats[index] === 1) encoders[index] = encode
    return encoders
  }

  write(
    writer: ByteWriter,
    values: ReadonlyArray<unknown>,
    formats: ReadonlyArray<Format> = this.formats
  ): ParameterFailure | null {
    const encoders = formats === this.formats ? this.encoders : this.encodersFor(formats)
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

/** Whether an array has a NULL element, in any dimension. */
const hasNull = (value: unknown): boolean => {
  const values: unknown = value instanceof PgArray ? value.values : value
  return Array.isArray(values) && values.some((one) => one === null || (Array.isArray(one) && hasNull(one)))
}

/** Compiles the writing of parameters of these types; OID 0 is a type that was not stated. */
export const plan = (typeOids: ReadonlyArray<number>, registry: Registry): ParameterPlan =>
  registry.hasTextParameters ? TextParameters.plan(typeOids, registry) : new Compiled(typeOids, registry)

/** What a value looks like, without the value: for messages of others who refuse parameters. */
export const shapeOf: (value: unknown) => string = describe
