/**
 * A request that runs one statement. The first use sends Parse, Describe and Flush, and continues with Bind when the
 * description has come. It needs no extra Sync, so a pooler keeps the statement and its execution on one server. Its
 * `Preparation` writes the statement.
 */
import type { Column } from "../../model/Column.js"
import { PgServerError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as Catalog from "../session/Catalog.js"
import type { ConnectionState } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"
import type { Execution, Inspector } from "./Preparation.js"
import { Preparation } from "./Preparation.js"
import { check, writeCloses } from "./Prepare.js"
import * as RefusedCopy from "./RefusedCopy.js"

/**
 * Texts that must be alone on the wire. Behind a COPY the server would take other messages for its data and hang up. Behind
 * the end of a transaction other statements would run outside it.
 */
const alone =
  /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:copy|commit|rollback|abort|end|prepare\s+transaction)\b/i

/** All rows at once, and Sync. */
export const whole: Execution = { script: Pipeline.whole, portal: "", maxRows: 0, end: FixedFrames.sync }

/** Subclasses decide how rows are returned. */
export abstract class StatementRequest<M extends Row.ResultMode = Row.ResultMode> extends Request {
  protected readonly preparation: Preparation
  private deadIn: Node | undefined
  private tries: number
  /** Described and not run yet. Requests that were issued before it are sent once more first. */
  private isPostponed: boolean

  constructor(
    statement: Statement,
    operation: string,
    protected readonly mode: M,
    private readonly execution: Execution,
    inspector: Inspector | undefined,
    isAlone = alone.test(statement.sql)
  ) {
    super(statement.sql, operation, isAlone)
    this.preparation = new Preparation(statement, operation, inspector)
    this.deadIn = undefined
    this.tries = 0
    this.isPostponed = false
  }

  /** Whether the caller has received anything: then the statement must not be repeated. */
  protected abstract get started(): boolean

  override get place(): string | undefined {
    return this.preparation.statement.place
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const { preparation } = this
    if (this.hasRun) {
      this.learned(core)
      return undefined
    }
    const refused = check(preparation.statement, this.operation)
    if (refused !== undefined) return this.refuse(refused)
    const closes = core.statements.stale.length === 0 ? 0 : writeCloses(core)
    if (!(core.statements.capacity === 0 && this.describesFirst) && preparation.find(core)) {
      if (preparation.prepared!.unknown.length > 0 && this.mustLearn(core)) return this.nothing(core, closes)
      const script = preparation.execute(core, this.execution, false)
      if (script !== undefined) return closes === 0 ? script : Pipeline.afterCloses(closes, script)
      if (!preparation.isDoubtful(core)) return this.refuse(preparation.failure, core, closes)
      preparation.forget(core)
    }
    if (this.readsText && preparation.mayRunAtOnce(core)) {
      const script = preparation.runAtOnce(core, this.execution)
      return script === undefined
        ? this.refuse(preparation.failure, core, closes)
        : Pipeline.afterCloses(closes, script)
    }
    if (!preparation.describe(core)) return this.refuse(preparation.failure, core, closes)
    FixedFrames.flush(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.prepare)
  }

  /** Whether its rows may come as text. */
  protected get readsText(): boolean {
    return false
  }

  /** Whether rows can be kept as bytes until their types are known. */
  protected get holdsRows(): boolean {
    return false
  }

  /**
   * Whether it is described before it runs when the server ties no description to it, because a later description could not
   * be used.
   */
  protected get describesFirst(): boolean {
    return false
  }

  /** It has run, and the types of its kept rows have been queried. */
  protected learned(_core: ConnectionState): void {}

  /** It fails and is not sent. Unused statements may be closed. */
  private refuse(
    failure: PgSessionError | undefined,
    core?: ConnectionState,
    closes = 0
  ): Pipeline.PipelineScript | undefined {
    if (failure !== undefined) this.fail(failure)
    return core === undefined || closes === 0 ? undefined : this.nothing(core, closes)
  }

  /** The statement is not sent now. Unused statements may be closed. */
  private nothing(core: ConnectionState, closes: number): Pipeline.PipelineScript {
    FixedFrames.sync(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.sync)
  }

  /** Whether types have to be learned before the statement runs. */
  private mustLearn(core: ConnectionState): boolean {
    const { asksTypes, prepared } = this.preparation
    if (!asksTypes) return false
    this.before = Catalog.before(core, prepared!.unknown)
    return this.before !== undefined
  }

  override onParameters(_core: ConnectionState, types: ReadonlyArray<number>): void {
    this.preparation.parameters(types)
  }

  override onDescription(run: FrameRun): boolean {
    return this.preparation.isDescribedBy(run)
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    const { preparation } = this
    if (preparation.isConfirming) {
      preparation.confirm(core, columns ?? [], this.holdsRows)
      if (preparation.isHeld) this.hasRun = this.mustLearn(core)
      if (preparation.failure !== undefined) this.fail(preparation.failure)
      return
    }
    if (preparation.runsAtOnce) {
      preparation.columns(core, columns, false)
      preparation.readText(core)
      this.hasRun = preparation.prepared!.unknown.length > 0 && this.mustLearn(core)
      return
    }
    preparation.columns(core, columns, this.before !== undefined)
    if (preparation.prepared!.unknown.length > 0 && this.mustLearn(core)) return Outbound.sync(core, this)
    if (core.repeats.length > 0 && !this.discarding) {
      this.isPostponed = true
      return Outbound.sync(core, this)
    }
    const script = this.discarding ? undefined : preparation.execute(core, this.execution, true)
    if (script !== undefined) return Outbound.proceed(core, this, script)
    if (preparation.failure !== undefined) this.fail(preparation.failure)
    Outbound.sync(core, this)
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
   * Continues when its types have been learned. Outside a transaction, a statement with an outdated description is prepared
   * anew and sent once more.
   */
  override onReady(core: ConnectionState): boolean {
    const { failure } = this
    if (failure === undefined) {
      if (this.hasRun) return !this.discarding
      if (this.before?.state !== "queued" && !this.isPostponed) return false
      this.isPostponed = false
      return !this.discarding
    }
    if (!(failure instanceof PgServerError)) return false
    const { preparation } = this
    if (preparation.prepared === undefined) return this.dropUndescribed(core)
    if (!preparation.isOutdatedBy(failure, this.deadIn)) return false
    preparation.forget(core)
    if (this.discarding || this.started || this.tries > 0 || core.session.status !== "I") return false
    this.tries++
    this.refusedBy = failure
    this.failure = undefined
    return true
  }

  /** A name under which the server has parsed a statement that could not be described. */
  private dropUndescribed(core: ConnectionState): false {
    const { name } = this.preparation
    if (this.deadIn === nodes.Describing && name !== "") core.statements.drop([name])
    return false
  }
}
