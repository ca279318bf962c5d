/** Changes of one table with its rows through a Schema. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { PgConnector } from "../../connection/PgConnector.js"
import type { Column } from "../../model/Column.js"
import * as Format from "../../model/Format.js"
import type { ChangeRowPlace } from "../../model/CodecPlace.js"
import { PgChangeRowError, PgCodecError, PgUsageError } from "../../model/PgError.js"
import * as Rows from "../../schema/Rows.js"
import type { Registry } from "../../types/Registry.js"
import type { ObjectRow } from "../../types/RowShape.js"
import type { ChangeEvent } from "../feed/ChangeKeys.js"
import type { Delete, Insert, Relation, Truncate, Update } from "../changes/LogicalEvent.js"
import { nameOf } from "../changes/LogicalEvent.js"
import { PartialRows } from "./PartialRows.js"
import * as Readings from "./Readings.js"
import * as Quoting from "../walsender/Quoting.js"
import * as TablePath from "../slots/TablePath.js"
import { isUnchanged } from "../changes/Unchanged.js"

/** A row with all its columns. */
export interface WholeRow<A> {
  readonly _tag: "WholeRow"
  readonly row: A
}

/** A row with the fields that are known. */
export interface PartialRow<A> {
  readonly _tag: "PartialRow"
  readonly row: Partial<A>
  /** Columns that the server did not send: all but the key, or large values that did not change. */
  readonly missing: ReadonlyArray<string>
}

/** A row that is whole, or one whose large values were not sent because the change left them as they were. */
export type TypedRow<A> = WholeRow<A> | PartialRow<A>

/** A row was inserted. */
export interface TypedInsert<A> {
  readonly _tag: "Insert"
  /** Always whole. Of the same shape as in an update, so that one handler serves both. */
  readonly new: WholeRow<A>
  readonly change: Insert
}

/** A row was updated, with the columns of the old row that the replica identity has. */
export interface TypedUpdate<A> {
  readonly _tag: "Update"
  /** Partial when a large value did not change and is not known. */
  readonly new: TypedRow<A>
  /** Partial when only the key is sent; `undefined` when the key is as it was. */
  readonly old: TypedRow<A> | undefined
  readonly change: Update
}

/** A row was deleted: its key, or the whole row where the replica identity is full. */
export interface TypedDelete<A> {
  readonly _tag: "Delete"
  /** Partial when only the key is sent. */
  readonly old: TypedRow<A>
  readonly change: Delete
}

/** The table is empty. */
export interface TypedTruncate {
  readonly _tag: "Truncate"
  readonly change: Truncate
}

/**
 * Partitions of the table are empty, which the stream reports one by one: the rows that were in them are gone, and the others are not. A
 * publication with `publish_via_partition_root` reports the table as a whole, by `Truncate`.
 */
export interface TypedPartitionTruncate {
  readonly _tag: "PartitionTruncate"
  readonly partitions: ReadonlyArray<Relation>
  readonly change: Truncate
}

/** A change of a table, with rows as the Schema reads them. */
export type TypedChange<A> =
  TypedInsert<A> | TypedUpdate<A> | TypedDelete<A> | TypedTruncate | TypedPartitionTruncate

/** A table of a feed with the Schema of its rows: made by `Replication.table`. */
export interface TypedTable<A, R> {
  readonly schema: string
  readonly name: string
  /** Whether the relation is this table, by name, or a partition of it at any depth. */
  readonly matches: (relation: Relation) => boolean
  /**
   * The change with its rows decoded; none when it is of another table.
   *
   * A row that the server sent in part, the key alone or without a large value that did not change, is a `PartialRow`: each
   * field whose columns are there is decoded, and the others are left out. That needs a Schema whose fields are known.
   *
   * Fails with `PgCodecError` when the table does not have the columns that the Schema wants (both are listed), at the first
   * change after the table was described, and when the feed's types have read a column in a way that has lost what the
   * Schema's codec needs; with `PgChangeRowError` when the Schema refuses a row, which names the change and its transaction;
   * with `PgUsageError` when the table's name is not valid, or no row goes through the Schema.
   */
  readonly decode: (
    change: ChangeEvent
  ) => Effect.Effect<
    Option.Option<TypedChange<A>>,
    PgCodecError | PgChangeRowError | PgUsageError,
    R | PgConnector
  >
}

/** The relation's columns as those of a result. */
const columnsOf = (relation: Relation): ReadonlyArray<Column> =>
  relation.columns.map(({ name, typeModifier, typeOid }, index) => ({
    name,
    tableOid: relation.id,
    columnNumber: 0,
    typeOid: relation.types?.[index] ?? typeOid,
    typeSize: -1,
    typeModifier,
    format: Format.binary
  }))

const kinds = { Insert: "insert", Update: "update", Delete: "delete" } as const

const placeOf = (
  { _tag, relation, transaction }: Insert | Update | Delete,
  row: ChangeRowPlace["row"]
): ChangeRowPlace => ({ table: nameOf(relation), kind: kinds[_tag], row, transaction })

/** The change's row through a Schema: the column at fault, when it is one. */
const ofRow = (
  place: ChangeRowPlace,
  { cause, place: found, reason, type }: PgCodecError
): PgChangeRowError => {
  const { column, index } = found._tag === "RowColumn" ? found : wholeRow
  return new PgChangeRowError({
    place: { _tag: "ChangeRow", ...place, column, index },
    type,
    reason,
    sql: "",
    cause
  })
}

const wholeRow = { column: undefined, index: undefined }

const inPart = (place: ChangeRowPlace): PgChangeRowError =>
  new PgChangeRowError({
    place: { _tag: "ChangeRow", ...place, ...wholeRow },
    type: "record",
    reason: "the row is partial, and the fields of the Schema are unknown",
    sql: ""
  })

/** What rows of a relation belong to, and how they are read anew. */
interface Source extends Rows.ResultFacts {
  readonly readings: Readings.Readings
}

class Decoder<A, R> {
  private readonly whole: Rows.RowSchema<A, R>
  private readonly partial: PartialRows<A, R>
  /** One for each description: what fits is compared once. */
  private readonly sources = new WeakMap<Relation, Source>()

  constructor(
    schema: Schema.Schema<A, unknown, R>,
    private readonly name: string
  ) {
    this.whole = Rows.compile(schema)
    this.partial = new PartialRows(schema)
  }

  /** What rows of the relation belong to, unless its columns do not fit. */
  origin(relation: Relation, registry: Registry): Either.Either<Source, PgCodecError | PgUsageError> {
    const known = this.sources.get(relation)
    if (known?.registry === registry) return Either.right(known)
    const { wanted } = this.whole
    if (Either.isLeft(wanted))
      return Either.left(
        new PgUsageError({
          operation: "Replication.table",
          argument: "schema",
          reason: wanted.left,
          sql: ""
        })
      )
    const columns = columnsOf(relation)
    const comparison = this.whole.refuses(columns, registry)
    if (comparison !== undefined)
      return Either.left(this.misfit(`\n${comparison.toString().replaceAll(/^/gm, "  ")}`))
    return Either.mapBoth(Readings.of(wanted.right, relation, columns, registry), {
      onLeft: (reason) => this.misfit(reason),
      onRight: (readings) => {
        const source: Source = { columns, registry, sql: this.name, readings }
        this.sources.set(relation, source)
        return source
      }
    })
  }

  row(
    row: ObjectRow,
    origin: Source,
    place: ChangeRowPlace
  ): Effect.Effect<TypedRow<A>, PgChangeRowError, R> {
    const missing = origin.columns.flatMap(({ name }) =>
      Object.hasOwn(row, name) && !isUnchanged(row[name]) ? [] : [name]
    )
    if (missing.length === 0) {
      return Effect.map(this.decode(this.whole, row, origin, place), (row) => ({ _tag: "WholeRow", row }))
    }
    const known = Object.fromEntries(Object.entries(row).filter(([, value]) => !isUnchanged(value)))
    const partial = this.partial.of(new Set(Object.keys(known)))
    return partial === undefined
      ? Effect.fail(inPart(place))
      : Effect.map(this.decode(partial, known, origin, place), (row) => ({
          _tag: "PartialRow",
          row,
          missing
        }))
  }

  decode<B>(
    schema: Rows.RowSchema<B, R>,
    row: ObjectRow,
    origin: Source,
    place: ChangeRowPlace
  ): Effect.Effect<B, PgChangeRowError, R> {
    const read = origin.readings.apply(row)
    if (Either.isLeft(read)) return Effect.fail(this.misread(read.left, origin, place))
    return Effect.mapBoth(schema.decode([read.right], 1, origin), {
      onFailure: (error) => ofRow(place, error),
      onSuccess: (rows) => rows[0]!
    })
  }

  private misread(
    { column, index, reason }: Readings.Misread,
    { registry }: Source,
    place: ChangeRowPlace
  ): PgChangeRowError {
    return new PgChangeRowError({
      place: { _tag: "ChangeRow", ...place, column: column.name, index },
      type: registry.nameOf(column.typeOid),
      reason,
      sql: ""
    })
  }

  insert(change: Insert, origin: Source): Effect.Effect<TypedInsert<A>, PgChangeRowError, R> {
    return Effect.map(this.decode(this.whole, change.new, origin, placeOf(change, "new")), (row) => ({
      _tag: "Insert",
      new: { _tag: "WholeRow", row },
      change
    }))
  }

  private misfit(reason: string): PgCodecError {
    return new PgCodecError({
      direction: "decode",
      place: { _tag: "Columns", of: "table" },
      type: "record",
      reason,
      sql: this.name,
      nothingSent: false
    })
  }
}

const make = <A, R>(
  [schemaName, tableName]: readonly [string, string],
  name: string,
  schema: Schema.Schema<A, unknown, R>
): TypedTable<A, R> => {
  const decoder = new Decoder(schema, name)
  const isNamed = ({ name, schema }: { readonly schema: string; readonly name: string }): boolean =>
    schema === schemaName && name === tableName
  const matches = (relation: Relation): boolean =>
    isNamed(relation) || relation.tree?.ancestors.some(isNamed) === true
  const truncated = (change: Truncate): TypedChange<A> | undefined => {
    if (change.relations.some(isNamed)) return { _tag: "Truncate", change }
    const partitions = change.relations.filter(matches)
    return partitions.length === 0 ? undefined : { _tag: "PartitionTruncate", partitions, change }
  }
  const decodeRow = (
    change: Insert | Update | Delete,
    origin: Source
  ): Effect.Effect<TypedChange<A>, PgChangeRowError, R> => {
    switch (change._tag) {
      case "Insert":
        return decoder.insert(change, origin)
      case "Update":
        return Effect.map(
          Effect.all([
            decoder.row(change.new, origin, placeOf(change, "new")),
            change.old === undefined
              ? Effect.succeed(undefined)
              : decoder.row(change.old, origin, placeOf(change, "old"))
          ]),
          ([row, old]) => ({ _tag: "Update", new: row, old, change })
        )
      case "Delete":
        return Effect.map(decoder.row(change.old, origin, placeOf(change, "old")), (old) => ({
          _tag: "Delete",
          old,
          change
        }))
    }
  }
  return {
    schema: schemaName,
    name: tableName,
    matches,
    decode: (change) => {
      switch (change._tag) {
        case "Truncate":
          return Effect.succeed(Option.fromNullable(truncated(change)))
        case "Insert":
        case "Update":
        case "Delete":
          return matches(change.relation)
            ? Effect.flatMap(PgConnector, ({ types }) =>
                Effect.flatMap(decoder.origin(change.relation, types), (origin) =>
                  Effect.map(decodeRow(change, origin), Option.some)
                )
              )
            : Effect.succeedNone
        default:
          return Effect.succeedNone
      }
    }
  }
}

/** An invalid name is reported when the table is used. */
const misnamed = (reason: string): TypedTable<never, never> => ({
  schema: "",
  name: "",
  matches: () => false,
  decode: () => Effect.fail(Quoting.misnamed("table", reason))
})

/**
 * The table of this name, with its partitions where a publication publishes those by themselves, its rows through the Schema. The name is written as in SQL, such as `shop."Order Items"`; without a
 * schema it is in `public`.
 */
export const table = <A, I extends object, R>(
  name: string,
  schema: Schema.Schema<A, I, R>
): TypedTable<A, R> =>
  Either.match(TablePath.parse(name), {
    onLeft: (reason): TypedTable<A, R> => misnamed(reason),
    onRight: (parts) => {
      const path = parts.length === 1 ? (["public", parts[0]!] as const) : ([parts[0]!, parts[1]!] as const)
      return make(path, name, schema as Schema.Schema<A, unknown, R>)
    }
  })
