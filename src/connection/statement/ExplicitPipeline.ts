/**
 * Several statements sent together with one Sync at the end: outside a transaction block they are one implicit
 * transaction. Each step has its own outcome; steps behind a failed one were never run.
 *
 * Every statement is described before the first one runs, so a step cannot use a table that an earlier step creates.
 *
 * When a description no longer holds (DISCARD, a pooler, a changed table), the whole is described anew and repeated once,
 * outside a transaction block, as long as only queries and changes of data have run: the server has taken them back.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import type { Column } from "../../model/Column.js"
import * as CommandTag from "../../model/CommandTag.js"
import { PgServerError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as Preset from "../../wire/Preset.js"
import * as Catalog from "../session/Catalog.js"
import type { Core } from "../session/Core.js"
import * as Outbound from "../session/Outbound.js"
import { checkCount, described, isOutdated, knownNow, writeBind, writeCloses, writeParse } from "./Prepare.js"
import type { QueryResult } from "./Query.js"
import * as RefusedCopy from "./RefusedCopy.js"
import type { Outcome } from "../session/Request.js"
import { Request } from "../session/Request.js"
import * as Rows from "../session/Rows.js"
import type { Prepared } from "../session/StatementCache.js"

/** What became of one step. */
export type StepOutcome<R = Row.Row> =
  | { readonly _tag: "Completed"; readonly result: QueryResult<R> }
  /** This step was refused; with it the whole pipeline, unless a transaction block was open. */
  | { readonly _tag: "Failed"; readonly error: PgServerError }
  /** Not run, because step `by` (0-based) failed. */
  | { readonly _tag: "Aborted"; readonly by: number }

/** What became of a pipeline. */
export interface PipelineResult {
  readonly steps: ReadonlyArray<StepOutcome>
  /** The error that ended it: a step's, or one raised at the Sync, such as a deferred constraint. */
  readonly error: PgServerError | undefined
}

interface Step {
  readonly statement: Statement
  /** Index of an equal statement earlier in the pipeline, whose description serves both. */
  readonly name: string
  prepared: Prepared | undefined
  types: ReadonlyArray<number>
  rows: Array<Row.Row>
  result: QueryResult | undefined
}

/** Commands that a failure of the implicit transaction takes back wholly. */
const undone: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"])

const sameText = (a: Statement, b: Statement): boolean =>
  a.sql === b.sql && a.types.length === b.types.length && a.types.every((oid, at) => oid === b.types[at])

export class PipelineRequest extends Request {
  private readonly steps: Array<Step>
  /** Steps to be described, in order. */
  private describing: Array<Step> = []
  private described = 0
  private at = 0
  private serverError: PgServerError | undefined
  private failedStep = -1
  /** Binds and executes have been sent; with named statements off, the closing of the names too. */
  private executed = false
  /** A step was refused because its description no longer holds. */
  private outdated = false
  private repeated = false

  constructor(
    statements: ReadonlyArray<Statement>,
    private readonly mode: Row.RowMode,
    private readonly outcome: Outcome<PipelineResult>
  ) {
    super(statements.map(({ sql }) => sql).join(";\n"))
    this.steps = statements.map((statement) => ({
      statement,
      name: "",
      prepared: undefined,
      types: [],
      rows: [],
      result: undefined
    }))
  }

  override get exclusive(): boolean {
    return true
  }

  open(core: Core): Pipeline.Script | undefined {
    for (const { statement } of this.steps) {
      const refused = checkCount(statement) ?? RefusedCopy.refusedStep(statement.sql)
      if (refused !== undefined) {
        this.fail(refused)
        return undefined
      }
    }
    const closes = writeCloses(core)
    const before = core.writer.offset
    for (const step of this.steps) {
      step.prepared = core.statements.capacity === 0 ? undefined : knownNow(core, step.statement)
      if (step.prepared !== undefined) continue
      if (this.describing.some((other) => sameText(other.statement, step.statement))) continue
      const name = core.statements.uniqueName()
      const failure = writeParse(core, name, step.statement.sql, step.statement.types)
      if (failure !== undefined) {
        this.fail(failure)
        core.writer.rollback(before)
        return closes === 0 ? undefined : Pipeline.afterCloses(closes, this.onlySync(core))
      }
      ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name })
      this.describing.push({ ...step, name })
    }
    if (this.describing.length === 0) {
      const script = this.mustLearn(core) ? undefined : this.execute(core)
      return Pipeline.afterCloses(closes, script ?? this.onlySync(core))
    }
    Preset.flush(core.writer)
    const describe = this.describing.flatMap(() => Pipeline.prepare)
    return Pipeline.afterCloses(closes, describe)
  }

  /** Whether types have to be learned before the steps run. */
  private mustLearn(core: Core): boolean {
    const unknown = this.steps.flatMap(({ prepared }) => prepared?.unknown ?? [])
    if (unknown.length === 0) return false
    this.before = Catalog.before(core, unknown)
    return this.before !== undefined
  }

  private onlySync(core: Core): Pipeline.Script {
    Preset.sync(core.writer)
    return Pipeline.sync
  }

  /** Writes every Bind and Execute and the one Sync; nothing when a parameter cannot be written. */
  private execute(core: Core): Pipeline.Script | undefined {
    const before = core.writer.offset
    for (const step of this.steps) {
      const failure = writeBind(core, step.prepared!, "", step.statement)
      if (failure !== undefined) {
        core.writer.rollback(before)
        this.fail(failure)
        return undefined
      }
      Preset.executeUnnamed(core.writer)
    }
    const passing = core.statements.capacity === 0 ? this.describing : []
    for (const { name } of passing)
      ExtendedQuery.Close.encode(core.writer, { _tag: "Close", target: "S", name })
    Preset.sync(core.writer)
    this.executed = true
    return Pipeline.atomic([
      ...this.steps.map(() => Pipeline.execute),
      Pipeline.afterCloses(passing.length, [])
    ])
  }

  override onParameters(_core: Core, types: ReadonlyArray<number>): void {
    const step = this.describing[this.described]
    if (step !== undefined) step.types = types
  }

  override onColumns(core: Core, columns: ReadonlyArray<Column> | undefined): void {
    const step = this.describing[this.described++]
    if (step === undefined) return
    const prepared = described(core, step.name, step.types, columns)
    if (core.statements.capacity > 0) core.statements.put(step.statement, prepared)
    for (const other of this.steps) {
      if (other.prepared === undefined && sameText(other.statement, step.statement)) other.prepared = prepared
    }
    if (this.described < this.describing.length) return
    const script = this.discarding || this.mustLearn(core) ? undefined : this.execute(core)
    if (script === undefined) Outbound.sync(core, this)
    else Outbound.proceed(core, this, script)
  }

  override get running(): string {
    return this.steps[this.at]?.statement.sql ?? ""
  }

  override onRows(_core: Core, run: FrameRun): string | undefined {
    const step = this.steps[this.at]
    if (step?.prepared === undefined) return undefined
    return Rows.take(this, step.prepared.result.decoder(this.mode), run, step.rows)
  }

  override onComplete(_core: Core, command: CommandTag.CommandTag): void {
    const step = this.steps[this.at++]
    if (step === undefined) return
    step.result = { rows: step.rows, columns: step.prepared?.columns ?? [], command }
  }

  override onEmpty(core: Core): void {
    this.onComplete(core, CommandTag.empty)
  }

  override onCopyIn(core: Core): void {
    RefusedCopy.refuseIn(core, this, this.steps[this.at]?.statement.sql)
  }

  override onCopyOut(): void {
    RefusedCopy.refuseOut(this, this.steps[this.at]?.statement.sql)
  }

  override failedIn(node: Node): void {
    if (!(this.failure instanceof PgServerError)) return
    const preparing = this.described < this.describing.length
    const at = preparing
      ? this.steps.findIndex(({ statement }) =>
          sameText(statement, this.describing[this.described]!.statement)
        )
      : this.at
    const sql = this.steps[at]?.statement.sql ?? ""
    this.serverError = new PgServerError({ ...this.failure, sql })
    this.failedStep = node === nodes.Syncing ? this.steps.length : at
    this.failure = undefined
    this.outdated = isOutdated(this.serverError, node)
  }

  override onReady(core: Core): boolean {
    if (this.before?.state === "queued" && this.failure === undefined && !this.discarding) {
      this.dropPassing(core)
      return this.startAnew()
    }
    if (this.outdated) {
      for (const { prepared, statement } of this.steps)
        if (prepared !== undefined) core.statements.forget(statement, prepared)
      if (this.mayRepeat(core)) {
        this.repeated = true
        return this.startAnew()
      }
    }
    if (!this.executed || this.serverError !== undefined) this.dropPassing(core)
    return false
  }

  /** With named statements off, those that this pipeline has made are closed with the next messages. */
  private dropPassing(core: Core): void {
    if (core.statements.capacity === 0)
      core.statements.drop(this.describing.slice(0, this.described).map(({ name }) => name))
  }

  /** Once, and only if the server has taken back what ran before: the steps must be ones that cannot end a transaction. */
  private mayRepeat(core: Core): boolean {
    return (
      !this.repeated &&
      !this.discarding &&
      this.failure === undefined &&
      core.session.status === "I" &&
      this.steps.every(({ result }) => result === undefined || undone.has(result.command.command))
    )
  }

  private startAnew(): true {
    this.outdated = false
    this.executed = false
    this.serverError = undefined
    this.failedStep = -1
    this.describing = []
    this.described = 0
    this.at = 0
    for (const step of this.steps) {
      step.prepared = undefined
      step.rows = []
      step.result = undefined
    }
    return true
  }

  protected onSettled(): void {
    const error = this.serverError
    const steps = this.steps.map(({ result }, at): StepOutcome => {
      if (result !== undefined && (this.failedStep < 0 || at < this.failedStep))
        return { _tag: "Completed", result }
      return at === this.failedStep && error !== undefined
        ? { _tag: "Failed", error }
        : { _tag: "Aborted", by: this.failedStep }
    })
    this.outcome(this.failure, { steps, error })
  }
}
