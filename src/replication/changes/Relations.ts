/**
 * What one connection knows of tables and types, and the rows made with it. The newest description counts from where it
 * stands in the stream; nothing here outlives the connection.
 *
 * A streamed transaction has its own descriptions, which must not be used for other transactions until it commits: it is
 * replayed over an overlay. When it commits, each of its descriptions counts for all, unless a newer one of the same
 * relation has come meanwhile: the server goes by the order in which it sent them.
 */
import { ByteReader } from "../../bytes/ByteReader.js"
import { oidOf } from "../../model/OidNames.js"
import type { ObjectRow } from "../../types/RowShape.js"
import type { Registry } from "../../types/Registry.js"
import * as View from "../../wire/replication/ChangeView.js"
import type * as PgOutput from "../../wire/replication/PgOutput.js"
import { oldKey } from "../../wire/replication/pgoutput/Change.js"
import type { ChangeFailure } from "./ChangeFailure.js"
import type { ChangeRowPlace } from "../../model/CodecPlace.js"
import type { Relation, TransactionInfo } from "./LogicalEvent.js"
import { Delete, Insert, nameOf, Update } from "./LogicalEvent.js"
import type { PartitionTrees } from "./PartitionTree.js"
import * as ReadBy from "./ReadBy.js"
import { TupleDecoder } from "./TupleDecoder.js"

/** What is known of partitioned tables. */
export interface Partitions {
  readonly trees: PartitionTrees
  /** Whether a key may be that of the partition, of other columns than the table's that it is published by. */
  readonly anyIdentity: boolean
}

interface Entry {
  readonly message: PgOutput.RelationMessage
  readonly relation: Relation
  readonly decoder: TupleDecoder
  /** When its description came, by the count of descriptions. */
  readonly arrival: number
}

const catalogSchema = "pg_catalog"
const schemaOf = (namespace: string): string => (namespace === "" ? catalogSchema : namespace)

/** The server's name of a built-in type as we know it: `_int4` is `int4[]` to us. */
const builtinOf = (type: PgOutput.Type | undefined): number | undefined => {
  if (type === undefined || schemaOf(type.namespace) !== catalogSchema) return undefined
  return oidOf(type.name.startsWith("_") ? `${type.name.slice(1)}[]` : type.name)
}

const isSame = (a: PgOutput.RelationMessage, b: PgOutput.RelationMessage): boolean =>
  a.namespace === b.namespace &&
  a.name === b.name &&
  a.identity === b.identity &&
  a.columns.length === b.columns.length &&
  a.columns.every((column, index) => {
    const other = b.columns[index]!
    return (
      column.name === other.name &&
      column.key === other.key &&
      column.typeOid === other.typeOid &&
      column.typeModifier === other.typeModifier
    )
  })

export class Relations {
  private readonly entries = new Map<number, Entry>()
  private readonly types = new Map<number, PgOutput.Type>()
  /** By streamed transaction, when the last description of each relation came. */
  private readonly streamed = new Map<number, Map<number, number>>()
  private readonly reader = new ByteReader(new Uint8Array(0))
  private arrivals = 0
  /** Whether any relation described here has had composites. */
  private anyFields = false

  constructor(
    private own: Registry,
    private readonly partitions?: Partitions,
    private readonly base?: Relations
  ) {}

  private get registry(): Registry {
    return this.base?.registry ?? this.own
  }

  /** Whether it is not known yet if the relation is partitioned, or a partition. */
  isStrange(id: number): boolean {
    return this.partitions?.trees.has(id) === false
  }

  /** Types are read with this registry from now on, in relations already described too. */
  use(registry: Registry): void {
    this.own = registry
    for (const [id, entry] of this.entries) this.entries.set(id, this.compile(entry.message, entry.arrival))
  }

  /** Has the relation asked for again: it may belong to another tree by now. */
  doubt(id: number): void {
    this.partitions?.trees.doubt(id)
  }

  /** Takes the trees of relations that belong to others by now. */
  replant(): void {
    for (const [id, entry] of this.entries) {
      if (entry.relation.tree === this.partitions?.trees.get(id)) continue
      this.entries.set(id, this.compile(entry.message, entry.arrival))
    }
  }

  /** Takes a description. A description that is known already changes nothing. */
  describe(message: PgOutput.RelationMessage): Relation {
    const arrival = ++this.arrivals
    const known = this.entry(message.id)
    const entry =
      known !== undefined && isSame(known.message, message)
        ? { ...known, arrival }
        : this.compile(message, arrival)
    this.entries.set(message.id, entry)
    return entry.relation
  }

  /** Takes the description of a type: for a domain, the type it is over. It comes before the relations that use it. */
  name(message: PgOutput.Type): void {
    this.types.set(message.oid, message)
  }

  get(id: number): Relation | undefined {
    return this.entry(id)?.relation
  }

  /** Whether the relation has a column that is known as text only, so that it cannot be read in binary. */
  isTextOnly(id: number): boolean {
    return this.entry(id)?.decoder.isTextOnly ?? false
  }

  /** Whether the relation has a column with composites in its values. */
  hasFields(id: number): boolean {
    return this.anyFields && this.entry(id)?.decoder.hasFields === true
  }

  /** OIDs of the relation's types that the registry does not know, and so are read as text, or that have fields. */
  unknownTypes(id: number): ReadonlyArray<number> {
    return this.entry(id)?.decoder.unknownTypes ?? []
  }

  /** Notes that a description of this relation has come inside the streamed transaction, which is not read yet. */
  arriveInStream(xid: number, relationId: number): void {
    let arrived = this.streamed.get(xid)
    if (arrived === undefined) this.streamed.set(xid, (arrived = new Map<number, number>()))
    arrived.set(relationId, ++this.arrivals)
  }

  /** What a streamed transaction is replayed over: it begins with what is known here, and keeps to itself what it learns. */
  overlay(): Relations {
    return new Relations(this.registry, this.partitions, this)
  }

  /** The streamed transaction is committed and `overlay` is what its replay has made of it. */
  adopt(xid: number, overlay: Relations): void {
    for (const [oid, type] of overlay.types) this.types.set(oid, type)
    const arrived = this.streamed.get(xid)
    for (const [id, entry] of overlay.entries) {
      const arrival = arrived?.get(id) ?? 0
      if (arrival > (this.entries.get(id)?.arrival ?? 0)) this.entries.set(id, { ...entry, arrival })
      if (entry.decoder.hasFields) this.anyFields = true
    }
    this.streamed.delete(xid)
  }

  /** The streamed transaction is rolled back, and with it its descriptions. */
  forget(xid: number): void {
    this.streamed.delete(xid)
  }

  /** The change with its rows; `high` and `low` are the halves of its position. */
  change(
    view: View.ChangeView,
    transaction: TransactionInfo,
    high: number,
    low: number
  ): Insert | Update | Delete | ChangeFailure {
    const entry = this.entry(view.relationId)
    if (entry === undefined) return { _tag: "UnknownRelation", relationId: view.relationId }
    const { decoder, relation } = entry
    const width = decoder.width
    if (view.tag !== View.deletion && view.new.count !== width) return mismatch(relation, view.new.count)
    if (view.oldKind !== 0 && view.old.count !== width) return mismatch(relation, view.old.count)
    const reader = this.reader.reset(view.bytes, 0, view.bytes.length)
    reader.writtenBy = view.xid || transaction.xid
    if (view.oldKind === 0) {
      const row = decoder.row(reader, view.new)
      if (row === undefined) return undecodable(entry, view.tag, "new", transaction)
      return view.tag === View.insert
        ? new Insert(transaction, high, low, relation, row)
        : new Update(transaction, high, low, relation, "none", undefined, row)
    }
    const isDeletion = view.tag === View.deletion
    const { tree } = relation
    let kind: "key" | "full" = "key"
    let old: ObjectRow | undefined
    if (view.oldKind !== oldKey) {
      // A partition's old row has no more than its own replica identity has, whatever that of the table is.
      const isKey = decoder.isKey(view.old, isDeletion ? undefined : view.new, tree?.leafKeys)
      if (!isKey) kind = "full"
      old = isKey ? decoder.known(reader, view.old) : decoder.row(reader, view.old)
    } else {
      const nullKey = decoder.nullKey(view.old)
      if (nullKey !== undefined && this.partitions?.anyIdentity !== true) {
        decoder.undecodable(otherIdentity(relation), nullKey)
        return undecodable(entry, view.tag, "old", transaction)
      }
      const isStrange = nullKey !== undefined || decoder.isKeyless
      old = isStrange ? decoder.known(reader, view.old) : decoder.key(reader, view.old)
    }
    if (old === undefined) return undecodable(entry, view.tag, "old", transaction)
    if (isDeletion) return new Delete(transaction, high, low, relation, kind, old)
    const row = decoder.rowOver(reader, view.new, view.old)
    if (row === undefined) return undecodable(entry, view.tag, "new", transaction)
    return new Update(transaction, high, low, relation, kind, old, row)
  }

  private entry(id: number): Entry | undefined {
    return this.entries.get(id) ?? this.base?.entry(id)
  }

  private typeOf(oid: number): number {
    if (this.registry.lookup(oid) !== undefined) return oid
    return builtinOf(this.types.get(oid)) ?? this.base?.typeOf(oid) ?? oid
  }

  /** The type that a domain is over, if that is known; any other type itself. */
  private underlying(oid: number): number {
    return builtinOf(this.types.get(oid)) ?? this.base?.underlying(oid) ?? oid
  }

  private compile(message: PgOutput.RelationMessage, arrival: number): Entry {
    const tree = this.partitions?.trees.get(message.id)
    const relation: Relation = {
      id: message.id,
      schema: schemaOf(message.namespace),
      name: message.name,
      identity: message.identity,
      columns: message.columns,
      types: message.columns.map(({ typeOid }) => this.underlying(typeOid)),
      keys: message.columns.flatMap(({ key, name }) => (key ? [name] : [])),
      ...(tree === undefined ? {} : { tree })
    }
    const decoder = new TupleDecoder(message.columns, this.registry, (oid) => this.typeOf(oid))
    ReadBy.note(
      relation,
      message.columns.map(({ typeOid }) => this.registry.lookup(this.typeOf(typeOid)))
    )
    if (decoder.hasFields) this.anyFields = true
    return { message, relation, decoder, arrival }
  }
}

const otherIdentity = (relation: Relation): string =>
  `NULL in the key of an old row, which no replica identity can have: the row is of a partition whose replica identity is not that of ` +
  `${nameOf(relation)}, which publishes it. ALTER TABLE … REPLICA IDENTITY of a partitioned table does not reach its partitions: give ` +
  `each the same (ALTER TABLE partition REPLICA IDENTITY ${cures[relation.identity]}). What was written before has to be read with ` +
  'partitionIdentity: "any"'

const cures: { readonly [K in Relation["identity"]]: string } = {
  default: "DEFAULT",
  nothing: "DEFAULT",
  full: "FULL",
  index: "USING INDEX …"
}

const kindOf = (tag: number): ChangeRowPlace["kind"] =>
  tag === View.insert ? "insert" : tag === View.deletion ? "delete" : "update"

const undecodable = (
  { decoder, relation }: Entry,
  tag: number,
  row: "old" | "new",
  transaction: TransactionInfo
): ChangeFailure => ({
  ...decoder.failure!,
  place: { table: nameOf(relation), kind: kindOf(tag), row, transaction }
})

const mismatch = (relation: Relation, columns: number): ChangeFailure => ({
  _tag: "ColumnMismatch",
  relation: nameOf(relation),
  columns,
  described: relation.columns.length
})
