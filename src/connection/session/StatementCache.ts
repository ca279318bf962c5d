/**
 * The prepared statements of one connection, least recently used out first, and what is known of each: parameter
 * types, columns, compiled decoders. A statement is known from its ParseComplete on, never from its sending.
 */
import type { Column } from "../../model/Column.js"
import type { Format } from "../../model/Format.js"
import type { Statement } from "../../model/Statement.js"
import * as Parameters from "../../types/Parameters.js"
import type { Registry } from "../../types/Registry.js"
import * as Row from "../../types/Row.js"

/** Who reads some columns of a result, or writes parameters, by codecs of its own. */
export interface Reading {
  /** `undefined` when the registry's codecs read all columns. */
  readonly codecs: (columns: ReadonlyArray<Column>, registry: Registry) => Row.ColumnCodecs | undefined
  /** How parameters of these types are written. Unless given, by the registry's codecs. */
  readonly plan?: (types: ReadonlyArray<number>) => Parameters.ParameterPlan
}

/** How the result of a described statement is asked for and read. */
export class Result {
  /** One for each column: a result of another number of columns is refused by the server. */
  readonly formats: ReadonlyArray<Format>
  /** Columns as they arrive, with the formats asked for. */
  readonly columns: ReadonlyArray<Column>
  /** The description that was found to be this one, as it came. */
  seen: Uint8Array | undefined
  private readonly decoders: { [M in Row.ResultMode]?: Row.RowDecoder<Row.RowIn<M>> } = {}

  constructor(
    described: ReadonlyArray<Column>,
    private readonly registry: Registry,
    private readonly codecs?: Row.ColumnCodecs,
    /** The formats that were asked for already, when the description has come behind that. */
    asked?: ReadonlyArray<Format>
  ) {
    this.formats = asked ?? Row.resultFormats(described, registry, codecs)
    this.columns = described.map((column, index) => ({ ...column, format: this.formats[index]! }))
  }

  /** The same for any number of columns where that is known: for a result that is described once more before it is read. */
  get anyFormats(): ReadonlyArray<Format> {
    const { formats } = this
    return formats.length > 1 && formats.every((format) => format === formats[0])
      ? formats.slice(0, 1)
      : formats
  }

  /** The decoder for rows as objects or as arrays, compiled at its first use. */
  decoder<M extends Row.ResultMode>(mode: M): Row.RowDecoder<Row.RowIn<M>> {
    const decoders: { [K in M]?: Row.RowDecoder<Row.RowIn<M>> } = this.decoders
    return (decoders[mode] ??= Row.compile(this.columns, this.formats, this.registry, mode, this.codecs))
  }
}

/** A statement the server has described. */
export class Prepared {
  readonly plan: Parameters.ParameterPlan
  /** Read by the registry's codecs. */
  readonly result: Result
  lastUsed = 0
  private readings: WeakMap<Reading, Result> | undefined
  private plans: WeakMap<Reading, Parameters.ParameterPlan> | undefined

  constructor(
    /** Name on the server; empty for the unnamed statement. */
    readonly name: string,
    readonly types: ReadonlyArray<number>,
    columns: ReadonlyArray<Column>,
    /** The codecs it was compiled with. */
    readonly registry: Registry,
    /** Its types that the registry does not know and the catalogue may. */
    readonly unknown: ReadonlyArray<number> = [],
    /** The generation of types in which it was described. */
    readonly generation = 0
  ) {
    this.plan = Parameters.plan(types, registry)
    this.result = new Result(columns, registry)
  }

  get columns(): ReadonlyArray<Column> {
    return this.result.columns
  }

  /** The result as another reader reads it, worked out once. */
  readBy(reading: Reading): Result {
    const readings = (this.readings ??= new WeakMap())
    const known = readings.get(reading)
    if (known !== undefined) return known
    const codecs = reading.codecs(this.columns, this.registry)
    const result = codecs === undefined ? this.result : new Result(this.columns, this.registry, codecs)
    readings.set(reading, result)
    return result
  }

  /** How another writer writes the parameters, worked out once. */
  planBy(reading: Reading): Parameters.ParameterPlan {
    if (reading.plan === undefined) return this.plan
    const plans = (this.plans ??= new WeakMap())
    const known = plans.get(reading)
    if (known !== undefined) return known
    const plan = reading.plan(this.types)
    plans.set(reading, plan)
    return plan
  }
}

/** A number for each way to name columns. */
const namings = new WeakMap<object, number>()
let namingCount = 0

const numberOf = (naming: object): number => {
  const known = namings.get(naming)
  if (known !== undefined) return known
  namings.set(naming, ++namingCount)
  return namingCount
}

/**
 * The key of a statement: its text, the stated types of its parameters, a name that the caller gave, and the names of its
 * columns.
 */
const keyOf = (statement: Statement): string => {
  const { columnNames, name, sql, types } = statement
  const key = types.length === 0 ? sql : `${types.join(",")}\0${sql}`
  if (name === undefined && columnNames === undefined) return key
  return `${name ?? ""}\0${columnNames === undefined ? "" : numberOf(columnNames)}\0${key}`
}

export class StatementCache {
  private readonly known = new Map<string, Prepared>()
  /** Those that users have prepared, by name: they stay until their scope closes. */
  private readonly held = new Map<string, Prepared>()
  /** What cursors give, for as long as they are open. Statements that read them have no name on the server. */
  private readonly cursors = new WeakMap<object, Prepared>()
  /** Names to be closed with the next messages that go out. */
  stale: ReadonlyArray<string> = none
  private uses = 0
  private names = 0
  /** Open portals, and the statement that each was made of. */
  private readonly portals = new Map<string, string>()

  /**
   * `capacity`: statements kept; 0 switches named statements off. `prefix`: of every name; with a random part, so that behind
   * a pooler no name of this session can be another session's.
   */
  constructor(
    readonly capacity: number,
    private readonly prefix: string
  ) {}

  get size(): number {
    return this.known.size
  }

  get(statement: Statement): Prepared | undefined {
    if (statement.isPrepared === true) return this.held.get(statement.name!)
    if (statement.cursor !== undefined) return this.cursors.get(statement.cursor)
    const key =
      statement.types.length === 0 && statement.name === undefined && statement.columnNames === undefined
        ? statement.sql
        : keyOf(statement)
    const found = this.known.get(key)
    if (found !== undefined) found.lastUsed = ++this.uses
    return found
  }

  /** The name of the next statement, the caller's where there is one; empty, which is the unnamed one, when named statements are off. */
  nextName(given?: string): string {
    return this.capacity === 0 ? "" : (given ?? this.uniqueName())
  }

  /** A name that no statement and no portal has had. */
  uniqueName(): string {
    return `${this.prefix}${(++this.names).toString(36)}`
  }

  /** Keeps a statement that a user has prepared. */
  hold(prepared: Prepared): void {
    this.held.set(prepared.name, prepared)
  }

  /** A user has no use for a prepared statement any more: its name is closed with the next messages. */
  release(name: string): void {
    if (this.held.delete(name)) this.drop([name])
  }

  /** Remembers a described statement; the least recently used one makes room. */
  put(statement: Statement, prepared: Prepared): void {
    if (statement.cursor !== undefined) return void this.cursors.set(statement.cursor, prepared)
    const key = keyOf(statement)
    const replaced = this.known.get(key)
    if (replaced !== undefined) this.forget(statement, replaced)
    prepared.lastUsed = ++this.uses
    this.known.set(key, prepared)
    if (this.known.size > (this.capacity === 0 ? memory : this.capacity)) this.evict()
  }

  private evict(): void {
    let oldest: string | undefined
    let lastUsed = Infinity
    for (const [key, prepared] of this.known) {
      if (prepared.lastUsed < lastUsed) {
        lastUsed = prepared.lastUsed
        oldest = key
      }
    }
    if (oldest === undefined) return
    const prepared = this.known.get(oldest)!
    this.known.delete(oldest)
    if (prepared.name !== "") this.drop([prepared.name])
  }

  /** The same statement of the server, compiled anew. */
  renew(statement: Statement, prepared: Prepared): Prepared {
    prepared.lastUsed = ++this.uses
    if (statement.isPrepared === true) this.hold(prepared)
    else if (statement.cursor !== undefined) this.cursors.set(statement.cursor, prepared)
    else this.known.set(keyOf(statement), prepared)
    return prepared
  }

  /** What is known of a statement from now on, unless another has taken its place meanwhile. */
  replace(statement: Statement, prepared: Prepared, fresh: Prepared): void {
    if (statement.isPrepared === true) {
      if (this.held.get(prepared.name) === prepared) this.hold(fresh)
      return
    }
    if (statement.cursor !== undefined) return void this.cursors.set(statement.cursor, fresh)
    const key = keyOf(statement)
    if (this.known.get(key) !== prepared) return
    fresh.lastUsed = prepared.lastUsed
    this.known.set(key, fresh)
  }

  /** Drops a statement whose plan no longer holds, unless a user has prepared it; its name is closed with the next messages. */
  forget(statement: Statement, prepared: Prepared): void {
    if (statement.isPrepared === true) return
    if (statement.cursor !== undefined) return void this.cursors.delete(statement.cursor)
    const key = keyOf(statement)
    if (this.known.get(key) !== prepared) return
    this.known.delete(key)
    if (prepared.name !== "") this.drop([prepared.name])
  }

  /** Names that were never remembered and are to be closed. */
  drop(names: ReadonlyArray<string>): void {
    this.stale = [...this.stale, ...names]
  }

  /** A portal was made of a statement, which is not closed while the portal is open: what becomes of the portal then is not agreed. */
  opened(portal: string, statement: string): void {
    if (statement !== "") this.portals.set(portal, statement)
  }

  /** The portal is closed, or it is not read any more. */
  closed(portal: string): void {
    this.portals.delete(portal)
  }

  /** Names to close now; the caller sends a Close for each. */
  takeStale(): ReadonlyArray<string> {
    if (this.stale.length === 0) return none
    const names = this.stale
    if (this.portals.size === 0) {
      this.stale = none
      return names
    }
    const inUse = new Set(this.portals.values())
    this.stale = names.filter((name) => inUse.has(name))
    return names.filter((name) => !inUse.has(name))
  }

  /** A command tag went by: after `DISCARD ALL` and `DEALLOCATE ALL` the server knows no statement any more. */
  heard(tag: string): void {
    if (tag !== "DISCARD ALL" && tag !== "DEALLOCATE ALL") return
    this.known.clear()
    this.held.clear()
    this.stale = none
  }
}

/** Descriptions remembered when named statements are off: they spare a round trip. */
const memory = 32

const none: ReadonlyArray<string> = []
