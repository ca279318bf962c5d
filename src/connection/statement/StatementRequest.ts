/**
 * How a statement comes to the server: by name when it is known, else described first. The first use sends Parse,
 * Describe and Flush, and goes on with Bind when the description is there: no extra Sync, so that a pooler keeps
 * the statement and its execution on one server.
 *
 * With named statements off, a statement already described travels in one burst with an unnamed Parse. Nothing on the server
 * holds its result to what was described: the burst has a Describe of the portal too, whose answer comes before the rows, and
 * they are read by that.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Column } from "../../model/Column.js"
import type { PgCodecError } from "../../model/PgError.js"
import { PgServerError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as Preset from "../../wire/Preset.js"
import * as Catalog from "../session/Catalog.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"
import * as Confirm from "./Confirm.js"
import {
  check,
  compiled,
  described,
  isKept,
  isOfType,
  isOld,
  isOutdated,
  knownNow,
  writeBind,
  writeCloses,
  writeParse
} from "./Prepare.js"
import * as RefusedCopy from "./RefusedCopy.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import type { Prepared, Reading, Result } from "../session/StatementCache.js"

/** Texts that are alone on the wire: COPY, and what ends a transaction. */
const alone =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:copy|commit|rollback|abort|end|prepare\s+transaction)\b/i

/** Looks at a described statement before it is run. */
export interface Inspector {
  /** Why the statement is not run, or with `ran` why its rows are not read. */
  readonly refuse: (prepared: Prepared, ran?: boolean) => PgCodecError | undefined
  readonly reading: Reading
}

/**
 * A request that runs one statement by the extended protocol. What follows the description is the subclass's:
 * `execute` for the messages after it, and handlers for rows and completion.
 */
export abstract class StatementRequest extends Request {
  protected prepared: Prepared | undefined
  private types: ReadonlyArray<number> = noTypes
  private name = ""
  private deadIn: Node | undefined
  private tries = 0
  /** What is described now is good for later executions too. */
  private kept = true
  /** The description is older than this exchange. */
  private reused = false
  /** The portal's description is awaited, before its rows. */
  private confirming = false
  /** That description as it came. */
  private arrived: Uint8Array | undefined
  private result: Result | undefined
  /** Described, and not run yet: what was issued before it is sent once more first. */
  private postponed = false
  private readonly alone: boolean

  constructor(
    protected readonly statement: Statement,
    operation: string,
    private readonly inspector?: Inspector
  ) {
    super(statement.sql, operation)
    this.alone = alone.test(statement.sql)
  }

  /**
   * A COPY must not have messages of others behind it: the server would take them for its data and hang up. Behind the end of a
   * transaction they would run outside it.
   */
  override get exclusive(): boolean {
    return this.alone
  }

  /** How the rows are read from now on. */
  protected abstract use(result: Result): void

  /** Writes what follows once the statement is described. `undefined` with `failure` set: nothing was written. */
  protected abstract execute(
    core: ConnectionState,
    prepared: Prepared,
    result: Result
  ): Pipeline.Script | undefined

  /** Whether anything reached whoever asked, so that the statement must not be repeated. */
  protected abstract get started(): boolean

  open(core: ConnectionState): Pipeline.Script | undefined {
    const refused = check(this.statement, this.operation)
    if (refused !== undefined) {
      this.fail(refused)
      return undefined
    }
    const closes = writeCloses(core)
    const known = knownNow(core, this.statement)
    if (known !== undefined) {
      if (this.mustLearn(core, known)) return this.onlyCloses(core, closes)
      // What was described once may have been altered since: only a new description refuses.
      if (this.inspector?.refuse(known) === undefined) {
        const script = this.reuse(core, known)
        if (script !== undefined) return Pipeline.afterCloses(closes, script)
        if (this.failure !== undefined) return closes > 0 ? this.onlyCloses(core, closes) : undefined
      }
      core.statements.forget(this.statement, known)
    }
    this.kept = isKept(this.statement)
    this.name = this.kept ? core.statements.nextName() : ""
    const failure = writeParse(core, this.name, this.statement, this.operation)
    if (failure !== undefined) {
      this.fail(failure)
      return closes > 0 ? this.onlyCloses(core, closes) : undefined
    }
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name: this.name })
    Preset.flush(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.prepare)
  }

  /** Nothing is written when it fails, or, without a failure, when the values do not fit what was described: look again. */
  private reuse(core: ConnectionState, known: Prepared): Pipeline.Script | undefined {
    const named = known.name !== ""
    this.prepared = known
    this.reused = true
    this.confirming = !named || core.describesPortals
    const mark = core.writer.offset
    if (!named) {
      const failure = writeParse(core, "", { sql: this.sql, types: known.types }, this.operation)
      if (failure !== undefined) this.fail(failure)
    }
    const script = this.failure === undefined ? this.executeAs(core, known) : undefined
    if (script !== undefined) return named ? script : [nodes.Parsing, ...script]
    core.writer.rollback(mark)
    // What is known of the types may be older than a change of the table.
    if (this.failure !== undefined && isOfType(this.failure) && core.session.status !== "E") {
      this.failure = undefined
      this.prepared = undefined
      this.reused = false
      this.confirming = false
    }
    return undefined
  }

  /** Whether types have to be learned before the statement runs. */
  private mustLearn(core: ConnectionState, { unknown }: Prepared): boolean {
    if (unknown.length === 0) return false
    this.before = Catalog.before(core, unknown)
    return this.before !== undefined
  }

  /** Nothing of the statement is sent now; statements may be closed. */
  private onlyCloses(core: ConnectionState, closes: number): Pipeline.Script {
    Preset.sync(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.sync)
  }

  override onParameters(_core: ConnectionState, types: ReadonlyArray<number>): void {
    this.types = types
  }

  override onDescription(run: FrameRun): boolean {
    if (!this.confirming || this.result === undefined) return false
    if (Confirm.isKnown(this.result, run)) return true
    this.arrived = Confirm.bytesOf(run)
    return false
  }

  /** What the portal gives, where that is not held to what was described. */
  private confirm(core: ConnectionState, columns: ReadonlyArray<Column>): void {
    const { prepared, result } = this
    if (prepared === undefined || result === undefined) return
    if (Confirm.isSame(result.columns, columns)) {
      result.seen = this.arrived
      return
    }
    const fresh = Confirm.renewed(core, this.statement, prepared, columns)
    this.prepared = fresh
    const reading = this.inspector?.reading
    const refused =
      this.inspector?.refuse(fresh, true) ?? Confirm.arriving(core, fresh, columns, this.sql, reading)
    if ("columns" in refused) this.use(refused)
    else this.fail(refused)
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    if (this.confirming) return this.confirm(core, columns ?? [])
    // Described once more after its types were asked for, it has them asked for no more.
    const describe = this.before === undefined ? described : compiled
    const prepared = describe(core, this.name, this.types, columns)
    if (this.kept) core.statements.put(this.statement, prepared)
    this.prepared = prepared
    if (this.mustLearn(core, prepared)) return Outbound.sync(core, this)
    if (core.repeats.length > 0 && !this.discarding) {
      this.postponed = true
      return Outbound.sync(core, this)
    }
    const refused = this.discarding ? undefined : this.inspector?.refuse(prepared)
    if (refused !== undefined) this.fail(refused)
    const script = this.discarding || refused !== undefined ? undefined : this.executeAs(core, prepared)
    if (script === undefined) Outbound.sync(core, this)
    else Outbound.proceed(core, this, script)
  }

  private executeAs(core: ConnectionState, prepared: Prepared): Pipeline.Script | undefined {
    const reading = this.inspector?.reading
    const result = reading === undefined ? prepared.result : prepared.readBy(reading)
    this.result = result
    this.use(result)
    return this.execute(core, prepared, result)
  }

  /** Writes Bind to a portal, and what describes it; a failure is noted, and nothing is left of the messages. */
  protected bind(core: ConnectionState, prepared: Prepared, portal: string, result: Result): boolean {
    const formats = this.confirming ? result.anyFormats : result.formats
    const failure = writeBind(core, prepared, portal, this.statement, this.operation, formats)
    if (failure !== undefined) this.fail(failure)
    else if (this.confirming) writeDescribe(core, portal)
    return failure === undefined
  }

  /** The answers to Bind and what follows, with the description where one was asked for. */
  protected answers(script: Pipeline.Script): Pipeline.Script {
    if (!this.confirming) return script
    return script === Pipeline.execute ? Pipeline.confirmedExecute : Pipeline.confirmed(script)
  }

  /** Bind, Execute for all rows, Sync. */
  protected executeWhole(
    core: ConnectionState,
    prepared: Prepared,
    result: Result
  ): Pipeline.Script | undefined {
    if (!this.bind(core, prepared, "", result)) return undefined
    Preset.executeUnnamed(core.writer)
    Preset.sync(core.writer)
    return this.answers(Pipeline.execute)
  }

  override onCopyIn(core: ConnectionState): void {
    RefusedCopy.refuseIn(core, this)
  }

  override onCopyOut(): void {
    RefusedCopy.refuseOut(this)
  }

  override failedIn(node: Node): void {
    this.deadIn = node
  }

  /**
   * Goes on when its types have been learned. A statement whose description is outdated is prepared anew and sent once more,
   * outside a transaction.
   */
  override onReady(core: ConnectionState): boolean {
    const failure = this.failure
    const prepared = this.prepared
    if (failure === undefined && (this.before?.state === "queued" || this.postponed)) {
      this.postponed = false
      return !this.discarding
    }
    if (!(failure instanceof PgServerError)) return false
    if (prepared === undefined) return this.dropUndescribed(core)
    if (!(this.reused ? isOld : isOutdated)(failure, this.deadIn)) return false
    core.statements.forget(this.statement, prepared)
    if (this.discarding || this.started || this.tries > 0 || core.session.status !== "I") return false
    this.tries++
    this.refusedBy = failure
    this.failure = undefined
    this.prepared = undefined
    this.reused = false
    this.confirming = false
    return true
  }

  /** A name that the server has parsed and could not describe. */
  private dropUndescribed(core: ConnectionState): false {
    if (this.deadIn === nodes.Describing && this.name !== "") core.statements.drop([this.name])
    return false
  }

  /** Whether the script is used up and the next move is ours. */
  protected mayMove(core: ConnectionState): boolean {
    return core.session.owner === this && Session.isPaused(core.session)
  }
}

/** Asks what a portal gives. */
const writeDescribe = (core: ConnectionState, portal: string): void => {
  if (portal === "") Preset.describeUnnamedPortal(core.writer)
  else ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "P", name: portal })
}

const noTypes: ReadonlyArray<number> = []
