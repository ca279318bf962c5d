/**
 * The preparation of one statement: close old ones, look it up, learn its types, describe it, bind it. A request of one
 * statement has one preparation, an explicit pipeline has one for each step.
 *
 * A known statement is bound by its name. An unknown statement is parsed and described first. With named statements off, a
 * described statement is parsed again, without a name, in the burst that runs it. Its result may differ from the
 * description, so the burst also describes the portal. That answer comes before the rows, and the rows are read by it.
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
  /** False: the catalogue is not queried for unknown types, because `reading` reads all columns. */
  readonly asksTypes?: boolean
  /** Any result can be read, so the statement may run before its result is known. */
  readonly refusesNothing?: boolean
  /** False: the statement has no name on the server, and it is not kept for later executions. */
  readonly keeps?: boolean
}

/** How a bound statement is executed. */
export interface Execution {
  /** The answers. If the preparation is `isConfirming`, they are in `Pipeline.confirmed` instead. */
  readonly script: Pipeline.Scripts
  /** Name of the portal; empty for the unnamed one. */
  readonly portal: string
  /** Rows to stop at; 0 for all. */
  readonly maxRows: number
  /** Writes what follows it. `undefined`: nothing follows. */
  readonly end: ((writer: ByteWriter) => void) | undefined
}

export class Preparation {
  /** The description of the statement; `undefined` until it is described. */
  prepared: Prepared | undefined
  /** How its rows are read, from its execution on. */
  result: Result | undefined
  /** Why it could not be written. */
  failure: PgSessionError | undefined
  /** `failure` comes from the inspector. */
  private isRefused: boolean
  /** The description is older than this exchange. */
  isReused: boolean
  /** It was executed in the burst that describes it. */
  runsAtOnce: boolean
  /** The description of the portal is awaited, before its rows. */
  isConfirming: boolean
  /** The portal has types that the catalogue must be queried for. Its rows are kept as bytes until the answer has come. */
  isHeld: boolean
  /** The name under which the statement is described. */
  name: string
  /** The description may be used by later executions. */
  private isKept: boolean
  /** Whether the catalogue is queried for unknown types. */
  readonly asksTypes: boolean
  private types: ReadonlyArray<number>
  /** The bytes of the portal's description. */
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

  /** Forgets the description, so that the statement is described once more. */
  forget(core: ConnectionState): void {
    if (this.prepared !== undefined) core.statements.forget(this.statement, this.prepared)
    this.reset()
  }

  /** Returns to the state before the statement was looked up. */
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

  /** Writes Parse and Describe. False with `failure` when they cannot be written; then nothing was written. */
  describe(core: ConnectionState): boolean {
    if (this.statement.isPrepared === true) {
      this.failure = notPrepared(this.statement, this.operation)
      return false
    }
    this.isKept = this.inspector?.keeps !== false && isKept(this.statement)
    this.name =
      this.isKept && this.statement.cursor === undefined ? core.statements.nextName(this.statement.name) : ""
    this.failure = writeParse(core, this.name, this.statement, this.operation)
    if (this.failure !== undefined) return false
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name: this.name })
    return true
  }

  /**
   * Whether it can be described and executed in one burst. Then the types of all its parameters are stated, or it has no
   * parameters and is not kept. And its result, which comes as text, can be read as its binary form would be.
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
   * Writes Parse, Describe, Bind and Execute in one burst: the first use in one round trip. The formats of the columns are
   * not known yet, so all are requested as text. `undefined` with `failure` when it cannot be written; then nothing was
   * written.
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

  /** How the rows of a burst are read, by the types that are known now. */
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

  /** Its columns have been described. `isLearned`: this request has queried its types already, and does not repeat that. */
  columns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined, isLearned: boolean): Prepared {
    const named = withNames(columns, this.statement)
    const prepared = (isLearned ? compiled : described)(core, this.name, this.types, named)
    if (this.isKept) core.statements.put(this.statement, prepared)
    this.prepared = prepared
    return prepared
  }

  /**
   * Writes Bind and Execute, and returns the answers to them. `isHere`: the description has just come, and the statement
   * without a name is still this one. `undefined` with `failure` when the statement must not run or cannot be written; then
   * nothing was written.
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
   * Whether `failure` may come from an outdated description, which can be older than a change of the tables. With a new
   * description the refusal is final.
   */
  isDoubtful(core: ConnectionState): boolean {
    if (!this.isReused || this.failure === undefined || this.statement.isPrepared === true) return false
    return this.isRefused || (isOfType(this.failure) && core.session.status !== "E")
  }

  /** Takes the bytes of a portal's description. True when the description is the known one. */
  isDescribedBy(run: FrameRun): boolean {
    if (!this.isConfirming || this.result === undefined) return false
    if (Confirm.isKnown(this.result, run)) return true
    this.arrived = Confirm.bytesOf(run)
    return false
  }

  /**
   * Takes the columns of the portal, which may differ from the description; `failure` when they cannot be read. `holds`:
   * rows with unknown types can be kept as bytes until the types are known (`isHeld`).
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

  /** How the kept rows are read, by the types that are known now. */
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

  /** Whether the server refused the statement because its description is outdated. The statement has not begun to run. */
  isOutdatedBy(error: PgServerError, node: Node | undefined): boolean {
    return this.statement.isPrepared !== true && (this.isReused ? isOld : isOutdated)(error, node)
  }
}

export const writeExecute = (core: ConnectionState, portal: string, maxRows: number): void => {
  ExtendedQuery.Execute.encode(core.writer, { _tag: "Execute", portal, maxRows })
}

/** Describes a portal. */
const describePortal = (core: ConnectionState, portal: string): void => {
  if (portal === "") FixedFrames.describeUnnamedPortal(core.writer)
  else ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "P", name: portal })
}

/** No format means text for all columns. */
const asText: ReadonlyArray<0> = []

const noTypes: ReadonlyArray<number> = []
