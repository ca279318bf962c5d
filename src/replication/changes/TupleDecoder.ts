/**
 * From the places of a tuple's columns to a row, compiled once per description of a relation. Types are read as in
 * queries: a type that the registry does not know is a string, and one that the catalogue does not have any more is a
 * `DroppedTypeValue`. Neither can be read in binary, nor can a type that queries have as text; then the stream has to come
 * as text.
 */
import type { ByteReader } from "../../bytes/ByteReader.js"
import type { Decode } from "../../types/Codec.js"
import type { Registry } from "../../types/Registry.js"
import * as Row from "../../types/Row.js"
import * as RowShape from "../../types/RowShape.js"
import type { RelationColumn } from "../../wire/replication/PgOutput.js"
import { binaryKind, nullKind, textKind } from "../../wire/replication/PgOutputTuple.js"
import type { TupleView } from "../../wire/replication/TupleView.js"
import { reasonOf } from "../../connection/session/CodecThrew.js"
import type { UndecodableColumn } from "./ChangeFailure.js"
import { decodeString } from "../../types/Texts.js"
import { DroppedTypeValue } from "./DroppedTypeValue.js"
import { Unchanged } from "./Unchanged.js"

/** Which column, by the decoder, which does not know what its rows are for. */
export type Undecodable = Omit<UndecodableColumn, "place">

/** The type to read a column as; the relation's own OID where nothing else is known of it. */
export type TypeOf = (typeOid: number) => number

const textOnly: Decode<null> = (reader) => {
  reader.fail("the type is known as text only: open the feed with binary: false")
  return null
}

const dropped =
  (typeOid: number): Decode<DroppedTypeValue> =>
  (reader, at, length) =>
    new DroppedTypeValue({ typeOid, text: decodeString(reader, at, length) })

export class TupleDecoder {
  private readonly text: ReadonlyArray<Decode>
  private readonly binary: ReadonlyArray<Decode>
  private readonly values: Array<unknown>
  private readonly keys: ReadonlyArray<number>
  private readonly keyValues: Array<unknown>
  private readonly buildRow: RowShape.Build
  private readonly buildKey: RowShape.Build
  /** Places of the columns, in the order of their names. */
  private readonly byName: ReadonlyArray<number>
  /** Whether a column cannot be read in binary. */
  readonly isTextOnly: boolean
  /** Whether a composite is in the values of a column: its fields may be altered without a sign in the stream. */
  readonly hasFields: boolean
  /** OIDs that the registry does not know, or may know as they are no longer because they have fields. */
  readonly unknownTypes: ReadonlyArray<number>
  /** Why the last row could not be made. */
  failure: Undecodable | null = null

  constructor(
    private readonly columns: ReadonlyArray<RelationColumn>,
    private readonly registry: Registry,
    typeOf: TypeOf
  ) {
    const names = columns.map(({ name }) => name)
    const types = columns.map(({ typeOid }) => typeOf(typeOid))
    this.text = types.map((oid) => (registry.isMissing(oid) ? dropped(oid) : Row.decodeOf(registry, oid, 0)))
    this.binary = types.map((oid) => registry.lookup(oid)?.decodeBinary ?? textOnly)
    this.isTextOnly = this.binary.includes(textOnly)
    this.hasFields = types.some((oid) => registry.lookup(oid)?.hasFields === true)
    // A domain is sent as the type that it is over. That is enough, unless it may have a codec by its own name.
    const wanted = registry.hasNames ? columns.map(({ typeOid }) => typeOid) : types
    this.unknownTypes = wanted.filter((oid) => {
      const codec = registry.lookup(oid)
      return codec === undefined || codec.hasFields === true
    })
    this.values = columns.map(() => null)
    this.keys = columns.flatMap(({ key }, index) => (key ? [index] : []))
    this.keyValues = this.keys.map(() => null)
    this.buildRow = RowShape.object(names)
    this.buildKey = RowShape.object(this.keys.map((index) => names[index]!))
    this.byName = names.map((_, index) => index).sort((a, b) => (names[a]! < names[b]! ? -1 : 1))
  }

  get width(): number {
    return this.columns.length
  }

  /** All columns. `undefined`, with `failure` set, when one cannot be read; the tuple has as many as the relation. */
  row(reader: ByteReader, tuple: TupleView): RowShape.ObjectRow | undefined {
    const { values } = this
    const { kinds, lengths, starts } = tuple
    let index = 0
    try {
      for (; index < values.length; index++) {
        const kind = kinds[index]
        if (kind === textKind) values[index] = this.text[index]!(reader, starts[index]!, lengths[index]!)
        else if (kind === nullKind) values[index] = null
        else if (kind === binaryKind)
          values[index] = this.binary[index]!(reader, starts[index]!, lengths[index]!)
        else values[index] = Unchanged
        if (reader.failure !== null) return this.undecodable(reader.failure, index)
      }
    } catch (cause) {
      return this.undecodable(reasonOf(cause), index)
    }
    return this.built(this.buildRow, values)
  }

  /** The columns of the replica identity and no others: in a key those are sent as NULL and are not known. */
  key(reader: ByteReader, tuple: TupleView): RowShape.ObjectRow | undefined {
    const { keyValues, keys } = this
    for (let place = 0; place < keys.length; place++) {
      const index = keys[place]!
      keyValues[place] = this.value(reader, tuple, index)
      if (this.isStopped(reader, index)) return undefined
    }
    return this.built(this.buildKey, keyValues)
  }

  /**
   * A column of the replica identity that is NULL in this key, which the protocol does not allow; `undefined` when no such
   * column is.
   */
  nullKey(tuple: TupleView): number | undefined {
    return this.keys.find((index) => tuple.kinds[index] === nullKind)
  }

  /** Whether the relation is described without any column of a replica identity. */
  get isKeyless(): boolean {
    return this.keys.length === 0
  }

  /**
   * Whether an old row that is described as whole is a key, with NULL where nothing is known: it has values in the columns of one of
   * these keys and in no others, or it is NULL where the new row has what was there before.
   */
  isKey(old: TupleView, row: TupleView | undefined, keys: ReadonlySet<string> | undefined): boolean {
    const { kinds } = old
    let isWhole = true
    for (let index = 0; index < this.columns.length; index++) {
      if (kinds[index] !== nullKind) continue
      isWhole = false
      if (row !== undefined && isMissing(row.kinds[index])) return true
    }
    return !isWhole && keys !== undefined && keys.size > 0 && keys.has(this.valued(old).join("\0"))
  }

  /** Names of the columns that are not NULL, in their order. */
  private valued({ kinds }: TupleView): ReadonlyArray<string> {
    return this.byName.flatMap((index) => (kinds[index] === nullKind ? [] : [this.columns[index]!.name]))
  }

  /** The columns that are not NULL and no others. */
  known(reader: ByteReader, tuple: TupleView): RowShape.ObjectRow | undefined {
    const names: Array<string> = []
    const values: Array<unknown> = []
    for (let index = 0; index < this.columns.length; index++) {
      if (tuple.kinds[index] === nullKind) continue
      names.push(this.columns[index]!.name)
      values.push(this.value(reader, tuple, index))
      if (this.isStopped(reader, index)) return undefined
    }
    return this.built(RowShape.object(names), values)
  }

  /** All columns of an update's new row, where a value that did not change is taken from the old one, if it is there. */
  rowOver(reader: ByteReader, tuple: TupleView, old: TupleView): RowShape.ObjectRow | undefined {
    const { values } = this
    for (let index = 0; index < values.length; index++) {
      let value = this.value(reader, tuple, index)
      // A value that was left out is never NULL: where the old row has NULL, it does not know it either.
      if (value === Unchanged && old.kinds[index] !== nullKind) value = this.value(reader, old, index)
      if (this.isStopped(reader, index)) return undefined
      values[index] = value
    }
    return this.built(this.buildRow, values)
  }

  private value(reader: ByteReader, tuple: TupleView, index: number): unknown {
    const kind = tuple.kinds[index]
    if (kind === nullKind) return null
    if (kind !== textKind && kind !== binaryKind) return Unchanged
    const decode = kind === textKind ? this.text[index]! : this.binary[index]!
    try {
      return decode(reader, tuple.starts[index]!, tuple.lengths[index]!)
    } catch (cause) {
      reader.fail(reasonOf(cause))
      return null
    }
  }

  /** Whether the last value could not be read, which is noted. */
  private isStopped({ failure }: ByteReader, index: number): boolean {
    if (failure !== null) this.undecodable(failure, index)
    return failure !== null
  }

  private built(build: RowShape.Build, values: Array<unknown>): RowShape.ObjectRow {
    const row = build(values) as RowShape.ObjectRow
    // A decoder that is kept must not keep the last row alive.
    values.fill(null)
    return row
  }

  /** Notes why a row cannot be read; gives nothing. */
  undecodable(reason: string, index: number): undefined {
    const { name, typeOid } = this.columns[index]!
    const type = this.registry.nameOf(typeOid)
    this.failure = { _tag: "UndecodableColumn", column: name, index, type, reason }
    return undefined
  }
}

/** Whether a value was left out because it did not change. */
const isMissing = (kind: number | undefined): boolean =>
  kind !== nullKind && kind !== textKind && kind !== binaryKind
