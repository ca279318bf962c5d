/**
 * The preparation of one statement: close old ones, look it up, learn its types, describe it, bind it. A request that runs one statement has one of these, an explicit pipeline has one for each step.
 *
 * A known statement is bound by its name. Another is parsed and described first. With named statements off, a statement that has been
 * described is parsed again, without a name, in the burst that runs it: nothing on the server holds its result to what was described,
 * so the burst has a Describe of the portal too, whose answer comes before the rows, and they are read by that.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { ByteWriter } from "../../bytes/ByteWriter.js"
import type { Column } from "../../model/Column.js"
import type { PgCodecError, PgServerError, PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as Catalog from "../session/Catalog.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import type { Reading } from "../session/StatementCache.js"
import { Prepared, Result } from "../session/StatementCache.js"
import * as Confirm from "./Confirm.js"
import {
  compiled,
  described,
  isKept,
  isOfType,
  isOld,
  isOutdated,
  knownNow,
  notPrepared,
  writeBind,
  writeParse,
  withNames
} from "./Prepare.js"

/** Checks a described statement before it is run. */
export interface Inspector {
  /** Why the statement is not run, or with `ran` why its rows are not read. */
  readonly refuse: (prepared: Prepared, ran?: boolean) => PgCodecError | undefined
  readonly reading: Reading
  /** False: the catalogue is not asked for types that the connection does not know, because `reading` reads all columns. */
  readonly asksTypes?: boolean
  /** Any result is read, so that it need not be known before the statement runs. */
  readonly refusesNothing?: boolean
  /** False: the statement has no name on the server, and nothing of it is kept for later executions. */
  readonly keeps?: boolean
}

/** How a bound statement is executed. */
export interface Execution {
  /** The answers; unless the preparation is `isConfirming`, in which case `Pipeline.confirmed` has them. */
  readonly script: Pipeline.Scripts
  /** Name of the portal; empty for the unnamed one. */
  readonly portal: string
  /** Rows to stop at; 0 for all. */
  readonly maxRows: number
  /** Writes what follows it; `undefined`: nothing. */
  readonly end: ((writer: ByteWriter) => void) | undefined
}

export class Preparation {
  /** What is known of the statement; `undefined` until it is described. */
  prepared: Prepared | undefined
  /** How its rows are read, from its execution on. */
  result: Result | undefined
  /** Why it could not be written. */
  failure: PgSessionError | undefined
  /** `failure` is the inspector's. */
  private isRefused: boolean
  /** The description is older than this exchange. */
  isReused: boolean
  /** It was executed in the burst that describes it. */
  runsAtOnce: boolean
  /** The description of the portal is awaited, before its rows. */
  isConfirming: boolean
  /** The portal gives types that the catalogue has to be asked for: its rows are kept as bytes until that has answered. */
  isHeld: boolean
  /** The name that the statement is described under. */
  name: string
  /** The description may be used by later executions. */
  private isKept: boolean
  /** Whether the catalogue is asked for unknown types. */
  readonly asksTypes: boolean
  private types: ReadonlyArray<number>
  /** The portal's description as it came. */
  private arrived: Uint8Array | undefined

  constructor(
    readonly statement: Statement,
    private readonly operation: string,
    private readonly inspector: Inspector | undefined
  ) {
    this.prepared = undefined
    this.result = undefined
    this.failure = undefined
    this.isRefused = false
    this.isReused = false
    this.runsAtOnce = false
    this.isConfirming = false
    this.isHeld = false
    this.name = ""
    this.isKept = true
    this.asksTypes = inspector === undefined || inspector.asksTypes !== false
    this.types = noTypes
    this.arrived = undefined
  }

  /** Whether the statement is known already. */
  find(core: ConnectionState): boolean {
    if (this.inspector?.keeps === false) return false
    const found = core.statements.get(this.statement)
    const isCurrent = found === undefined || found.registry === core.types.registry
    this.prepared = isCurrent ? found : knownNow(core, this.statement, found)
    this.isReused = this.prepared !== undefined
    return this.isReused
  }

  /** Forgets what is known: it is described once more. */
  forget(core: ConnectionState): void {
    if (this.prepared !== undefined) core.statements.forget(this.statement, this.prepared)
    this.reset()
  }

  /** As before the statement was looked for. */
  reset(): void {
    this.prepared = undefined
    this.result = undefined
    this.failure = undefined
    this.isRefused = false
    this.isReused = false
    this.runsAtOnce = false
    this.isConfirming = false
    this.isHeld = false
  }

  /** Writes Parse and Describe; false with `failure` when that cannot be, and then nothing. */
  describe(core: ConnectionState): boolean {
    if (this.statement.isPrepared === true) {
      this.failure = notPrepared(this.statement, this.operation)
      return false
    }
    this.isKept = this.inspector?.keeps !== false && isKept(this.statement)
    this.name = this.isKept ? core.statements.nextName(this.statement.name) : ""
    this.failure = writeParse(core, this.name, this.statement, this.operation)
    if (this.failure !== undefined) return false
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name: this.name })
    return true
  }

  /**
   * Whether it can be described and executed in one burst: every type of its parameters is stated, or it has none and is not to be
   * kept, and the text in which its result then comes is read as its binary form would be.
   */
  mayRunAtOnce(core: ConnectionState): boolean {
    const { inspector } = this
    const { isOnce, parameters, types } = this.statement
    if (inspector !== undefined && inspector.refusesNothing !== true) return false
    return (
      parameters.length === types.length &&
      (types.length > 0 || isOnce === true || inspector?.keeps === false) &&
      types.every((oid) => oid !== 0) &&
      !core.changes.isChanged &&
      Catalog.missing(core, types).length === 0 &&
      core.side.find("DateStyle")?.startsWith("ISO") === true
    )
  }

  /**
   * Writes Parse, Describe, Bind and Execute in one burst: the first use in one round trip. The formats of the columns are not known,
   * so that all are asked for as text. `undefined` with `failure`, when it cannot be written, and then nothing was.
   */
  runAtOnce(core: ConnectionState, { end }: Execution): Pipeline.PipelineScript | undefined {
    const { inspector, operation, statement } = this
    const { writer } = core
    const mark = writer.offset
    if (!this.describe(core)) return undefined
    const stated = new Prepared(this.name, statement.types, [], core.registry)
    const plan = inspector === undefined ? stated.plan : stated.planBy(inspector.reading)
    const failure = writeBind(core, stated, "", statement, operation, asText, plan)
    if (failure !== undefined) {
      writer.rollback(mark)
      this.failure = failure
      return undefined
    }
    this.runsAtOnce = true
    FixedFrames.executeUnnamed(writer)
    end?.(writer)
    return Pipeline.atOnce
  }

  /** How the rows of a burst are read, by the types as they are known now. */
  readText({ registry }: ConnectionState): void {
    const columns = this.prepared?.columns ?? []
    this.result = new Result(
      columns,
      registry,
      this.inspector?.reading.codecs(columns, registry),
      columns.map(() => 0 as const)
    )
  }

  /** The types of its parameters have been described. */
  parameters(types: ReadonlyArray<number>): void {
    this.types = types
  }

  /**
   * Its columns have been described. `isLearned`: its types were asked for already, in this request; then they are not asked for
   * once more.
   */
  columns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined, isLearned: boolean): Prepared {
    const named = withNames(columns, this.statement)
    const prepared = (isLearned ? compiled : described)(core, this.name, this.types, named)
    if (this.isKept) core.statements.put(this.statement, prepared)
    this.prepared = prepared
    return prepared
  }

  /**
   * Writes Bind and Execute, and returns the answers to them. `isHere`: the description has come right before, and the statement
   * without a name is still that one. `undefined` with `failure`: the statement must not run or cannot be written, and nothing was.
   */
  execute(core: ConnectionState, execution: Execution, isHere: boolean): Pipeline.PipelineScript | undefined {
    const { inspector, operation, statement } = this
    const prepared = this.prepared!
    const refused = inspector === undefined ? undefined : inspector.refuse(prepared)
    if (refused !== undefined) {
      this.failure = refused
      this.isRefused = true
      return undefined
    }
    const { portal, script } = execution
    const { writer } = core
    const mark = writer.offset
    const isParsed = isHere || prepared.name !== ""
    const isConfirming = !isParsed || (!isHere && core.describesPortals)
    const result = inspector === undefined ? prepared.result : prepared.readBy(inspector.reading)
    this.isConfirming = isConfirming
    this.result = result
    const failure =
      (isParsed
        ? undefined
        : writeParse(core, "", { sql: statement.sql, types: prepared.types }, operation)) ??
      writeBind(
        core,
        prepared,
        portal,
        statement,
        operation,
        isConfirming ? result.anyFormats : result.formats,
        inspector === undefined ? prepared.plan : prepared.planBy(inspector.reading)
      )
    if (failure !== undefined) {
      writer.rollback(mark)
      this.failure = failure
      return undefined
    }
    if (portal !== "") core.statements.opened(portal, prepared.name)
    if (isConfirming) describePortal(core, portal)
    if (portal === "" && execution.maxRows === 0) FixedFrames.executeUnnamed(writer)
    else writeExecute(core, portal, execution.maxRows)
    if (execution.end !== undefined) execution.end(writer)
    return isConfirming ? (isParsed ? script.confirmed : script.parsed) : script.plain
  }

  /**
   * Whether `failure` may be due to what was known of the statement, which can be older than a change of its tables: only a new
   * description refuses.
   */
  isDoubtful(core: ConnectionState): boolean {
    if (!this.isReused || this.failure === undefined || this.statement.isPrepared === true) return false
    return this.isRefused || (isOfType(this.failure) && core.session.status !== "E")
  }

  /** Takes the bytes of a portal's description; true when it is the one that is known. */
  isDescribedBy(run: FrameRun): boolean {
    if (!this.isConfirming || this.result === undefined) return false
    if (Confirm.isKnown(this.result, run)) return true
    this.arrived = Confirm.bytesOf(run)
    return false
  }

  /**
   * Takes the columns of the portal, where they may differ from the description; `failure` when they cannot be read. `holds`: rows of
   * types that have to be asked for can wait as bytes (`isHeld`).
   */
  confirm(core: ConnectionState, described: ReadonlyArray<Column>, holds: boolean): void {
    const { prepared, result, statement } = this
    if (prepared === undefined || result === undefined) return
    const columns = withNames(described, statement) ?? []
    if (Confirm.isSame(result.columns, columns)) {
      result.seen = this.arrived
      return
    }
    const fresh = Confirm.renewed(core, statement, prepared, columns, holds && this.asksTypes)
    this.prepared = fresh
    this.isHeld = holds && this.asksTypes && Catalog.missing(core, fresh.unknown).length > 0
    if (this.isHeld) this.result = Confirm.held(core, columns)
    else this.arrive(core, fresh, columns)
  }

  /** How rows are read that were held: by the types as they are known now. */
  readHeld(core: ConnectionState): void {
    const { prepared, result } = this
    this.isHeld = false
    if (prepared === undefined || result === undefined) return
    this.arrive(core, compiled(core, prepared.name, prepared.types, prepared.columns), result.columns)
  }

  private arrive(core: ConnectionState, fresh: Prepared, columns: ReadonlyArray<Column>): void {
    const { inspector, statement } = this
    const found =
      inspector?.refuse(fresh, true) ?? Confirm.arriving(core, fresh, columns, statement.sql, inspector)
    if ("columns" in found) this.result = found
    else this.failure = found
  }

  /** Whether the server refused the statement because what was known of it does not hold any more: it has not begun to run. */
  isOutdatedBy(error: PgServerError, node: Node | undefined): boolean {
    return this.statement.isPrepared !== true && (this.isReused ? isOld : isOutdated)(error, node)
  }
}

export const writeExecute = (core: ConnectionState, portal: string, maxRows: number): void => {
  ExtendedQuery.Execute.encode(core.writer, { _tag: "Execute", portal, maxRows })
}

/** Asks what a portal gives. */
const describePortal = (core: ConnectionState, portal: string): void => {
  if (portal === "") FixedFrames.describeUnnamedPortal(core.writer)
  else ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "P", name: portal })
}

/** No format means text for all. */
const asText: ReadonlyArray<0> = []

const noTypes: ReadonlyArray<number> = []
