/**
 * Several statements sent together with one Sync at the end: outside a transaction block they are one implicit
 * transaction. Each step has its own outcome; steps behind a failed one were never run.
 *
 * Syncs that the user places divide it into parts, all written in one burst: each is a transaction of its own, and the server goes on
 * with the next part when one has failed.
 *
 * Every statement is described before the first one runs, so a step cannot use a table that an earlier step creates.
 *
 * With named statements off they are described one after the other as the unnamed statement, and parsed once more in the burst
 * that runs them: nothing named is left on the server, whatever fails. As a step may change what those behind it give, each
 * result is then described once more before its rows.
 *
 * When a description no longer holds (DISCARD, a pooler, a changed table), the whole is described anew and repeated once,
 * outside a transaction block, as long as it has one part and only queries and changes of data have run: the server has taken them back.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import type { Column } from "../../model/Column.js"
import * as CommandTag from "../../model/CommandTag.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgServerError, PgUsageError } from "../../model/PgError.js"
import { commits, commitsInside } from "../../model/CommitsInside.js"
import * as StatementWords from "../../model/StatementWords.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import type { Node } from "../../protocol/Machine.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as Catalog from "../session/Catalog.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"
import * as TransactionBlock from "../session/TransactionBlock.js"
import type { Execution } from "./Preparation.js"
import { Preparation } from "./Preparation.js"
import { check, isOutdated, writeCloses } from "./Prepare.js"
import type { QueryResult } from "./Query.js"
import * as RefusedCopy from "./RefusedCopy.js"
import * as Rows from "../session/Rows.js"
import { nameOf } from "../session/CodecThrew.js"
import type { AskedStep, PipelineResult, StepOutcome, TakeStep } from "./PipelineSteps.js"

interface Step {
  readonly mark: AskedStep["mark"]
  readonly preparation: Preparation
  /** It was described anew because its values did not fit what was known. */
  isRenewed: boolean
  rows: Array<Row.Row>
  result: QueryResult | undefined
  outcome: StepOutcome | undefined
}

/** All rows of a step. The Sync behind the last step is left out of it. */
const execution: Execution = { script: Pipeline.whole, portal: "", maxRows: 0, end: undefined }

/** Commands that a failure of the implicit transaction takes back wholly. */
const undone: ReadonlySet<string> = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"])

const isSameText = ({ statement: a }: Preparation, { statement: b }: Preparation): boolean =>
  a.sql === b.sql &&
  a.name === b.name &&
  a.columnNames === b.columnNames &&
  a.types.length === b.types.length &&
  a.types.every((oid, at) => oid === b.types[at])

export class PipelineRequest extends Request {
  private readonly steps: Array<Step>
  /** Preparations to be described, in order: each text once. */
  private describing: Array<Preparation> = []
  private described = 0
  private at = 0
  /** Of the part that is running. */
  private serverError: PgServerError | undefined
  private failedStep = -1
  /** The first step of the part that is running. */
  private part = 0
  private errors: Array<PgServerError | undefined> = []
  /** Binds and executes have been sent. */
  private executed = false
  /** Something has to be described anew before anything is run. */
  private again = false
  /** A step was refused because its description no longer holds. */
  private outdated = false
  private repeated = false
  /** Names sent to be parsed, and not described. */
  private undescribed: ReadonlyArray<string> = []

  constructor(
    steps: ReadonlyArray<AskedStep>,
    private readonly mode: Row.RowMode,
    private readonly outcome: Outcome<PipelineResult>,
    private readonly take?: TakeStep
  ) {
    super(steps.map(({ statement }) => statement.sql).join(";\n"), "pipeline", true)
    this.steps = steps.map(({ inspector, mark, statement }, at) => ({
      preparation: new Preparation(statement, this.operation, inspector),
      // Behind the last step comes the Sync that there always is.
      mark: at === steps.length - 1 ? undefined : mark,
      isRenewed: false,
      rows: [],
      result: undefined,
      outcome: undefined
    }))
    this.running = this.textAt(0)
  }

  private textAt(at: number): string {
    return this.steps[at]?.preparation.statement.sql ?? ""
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const refused = this.refusal(core)
    if (refused !== undefined) {
      this.fail(refused)
      return undefined
    }
    const closes = writeCloses(core)
    const before = core.writer.offset
    this.describe(core)
    if (this.describing.length === 0 && this.failure === undefined && !this.mustLearn(core)) {
      const script = this.execute(core)
      if (script !== undefined) return Pipeline.afterCloses(closes, script)
      if (this.again) this.describe(core)
    }
    if (this.failure !== undefined) {
      core.writer.rollback(before)
      return closes === 0 ? undefined : Pipeline.afterCloses(closes, this.onlySync(core))
    }
    if (this.describing.length === 0) return Pipeline.afterCloses(closes, this.onlySync(core))
    FixedFrames.flush(core.writer)
    const describe = this.describing.flatMap(() => Pipeline.prepare)
    return Pipeline.afterCloses(closes, describe)
  }

  /** Why nothing of it is sent. */
  private refusal(core: ConnectionState): PgSessionError | undefined {
    for (const { preparation } of this.steps) {
      const { statement } = preparation
      const refused = check(statement, this.operation) ?? RefusedCopy.refusedStep(statement.sql)
      if (refused !== undefined) return refused
    }
    if (core.transaction === undefined) return undefined
    const words = this.steps.map(({ preparation }) => StatementWords.of(preparation.statement.sql)[0] ?? "")
    return TransactionBlock.endsEarly(words, this.operation, this.sql)
  }

  /** Writes Parse and Describe of every statement that is not known, each text once. */
  private describe(core: ConnectionState): void {
    this.again = false
    for (const { preparation } of this.steps) {
      if (preparation.find(core)) continue
      if (this.describing.some((other) => isSameText(other, preparation))) continue
      if (!preparation.describe(core)) return this.fail(preparation.failure!)
      this.describing.push(preparation)
    }
  }

  /** Whether types have to be learned before the steps run. */
  private mustLearn(core: ConnectionState): boolean {
    const unknown = this.steps.flatMap(({ preparation }) => preparation.prepared?.unknown ?? [])
    if (unknown.length === 0) return false
    this.before = Catalog.before(core, unknown)
    return this.before !== undefined
  }

  private onlySync(core: ConnectionState): Pipeline.PipelineScript {
    FixedFrames.sync(core.writer)
    return Pipeline.sync
  }

  /**
   * Writes every Bind and Execute, the Syncs and Flushes between them and the Sync at the end; nothing when a parameter cannot be written. A value that does not fit what was
   * known of its statement for longer has that described anew first (`again`), once.
   */
  private execute(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const before = core.writer.offset
    const parts: Array<Pipeline.PipelineScript> = []
    let scripts: Array<Pipeline.PipelineScript> = []
    for (const step of this.steps) {
      const { preparation } = step
      const script = preparation.execute(core, execution, false)
      if (script !== undefined) {
        scripts.push(script)
        if (step.mark === "Flush") FixedFrames.flush(core.writer)
        if (step.mark !== "Sync") continue
        FixedFrames.sync(core.writer)
        parts.push(Pipeline.atomic(scripts))
        scripts = []
        continue
      }
      core.writer.rollback(before)
      this.again = !step.isRenewed && preparation.isDoubtful(core)
      if (!this.again) this.fail(preparation.failure!)
      else {
        step.isRenewed = true
        preparation.forget(core)
      }
      return undefined
    }
    FixedFrames.sync(core.writer)
    this.executed = true
    return [...parts, Pipeline.atomic(scripts)].flat()
  }

  override onParameters(_core: ConnectionState, types: ReadonlyArray<number>): void {
    this.describing[this.described]?.parameters(types)
  }

  override onDescription(run: FrameRun): boolean {
    return this.executed && this.steps[this.at]?.preparation.isDescribedBy(run) === true
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    if (this.executed) return this.confirm(core, columns ?? [])
    const described = this.describing[this.described++]
    if (described === undefined) return
    const prepared = described.columns(core, columns, this.before !== undefined)
    for (const { preparation } of this.steps) {
      if (preparation.prepared === undefined && isSameText(preparation, described))
        preparation.prepared = prepared
    }
    if (this.described < this.describing.length) return
    const script = this.discarding || this.mustLearn(core) ? undefined : this.execute(core)
    if (script === undefined) Outbound.sync(core, this)
    else Outbound.proceed(core, this, script)
  }

  /** What the portal of the running step gives, where that is not held to what was described. */
  private confirm(core: ConnectionState, columns: ReadonlyArray<Column>): void {
    const preparation = this.steps[this.at]?.preparation
    preparation?.confirm(core, columns, false)
    if (preparation?.failure !== undefined) this.fail(preparation.failure)
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    const step = this.steps[this.at]
    const result = step?.preparation.result
    return step === undefined || result === undefined
      ? undefined
      : Rows.take(this, result.decoder(this.mode), run, step.rows)
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    const at = this.at++
    const step = this.steps[at]
    this.running = this.textAt(this.at)
    if (step === undefined) return
    const columns = step.preparation.result?.columns ?? []
    step.result = { rows: step.rows, columns, command: CommandTag.parse(commandTag) }
    if (this.take !== undefined) this.settleStep(step, at)
  }

  override onEmpty(core: ConnectionState): void {
    this.onComplete(core, "")
  }

  override onCopyIn(core: ConnectionState): void {
    RefusedCopy.refuseIn(core, this, this.running)
  }

  override onCopyOut(): void {
    RefusedCopy.refuseOut(this, this.running)
  }

  override mayHaveCommitted(core: ConnectionState): boolean {
    return (
      core.session.status === "I" &&
      this.steps.some(
        ({ preparation: { statement } }) => commitsInside(statement.sql) || commits(statement.sql)
      )
    )
  }

  override failedIn(node: Node): void {
    if (!(this.failure instanceof PgServerError)) return
    const preparing = this.described < this.describing.length
    const at = preparing
      ? this.steps.findIndex(({ preparation }) => isSameText(preparation, this.describing[this.described]!))
      : this.at
    const preparation = this.steps[at]?.preparation
    this.serverError = this.failure.with({ sql: preparation?.statement.sql ?? "" })
    this.failedStep = preparing || node !== nodes.Syncing ? at : this.steps.length
    this.failure = undefined
    this.outdated = preparation?.isOutdatedBy(this.serverError, node) ?? isOutdated(this.serverError, node)
    // The server may have parsed a statement under this name, and no other code knows the name.
    if (preparing) this.undescribed = this.describing.slice(this.described).map(({ name }) => name)
  }

  private settleStep(step: Step, at: number): void {
    if (step.outcome !== undefined) return
    const { failedStep, serverError } = this
    const { result } = step
    step.outcome =
      result !== undefined && (failedStep < 0 || at < failedStep)
        ? { _tag: "Completed", result }
        : at === failedStep && serverError !== undefined
          ? { _tag: "Failed", error: serverError }
          : { _tag: "Aborted", by: failedStep }
    if (this.take === undefined || this.discarding) return
    try {
      this.take(at, step.outcome)
    } catch (cause) {
      const reason = `threw ${nameOf(cause)} for step ${at}; the statements have been sent`
      this.fail(
        new PgUsageError({ operation: "pipeline", argument: "onStep", reason, sql: this.sql, sent: true })
      )
    }
  }

  /** The part that was running is over. */
  private endPart(end: number): void {
    for (let at = this.part; at < end; at++) this.settleStep(this.steps[at]!, at)
    this.errors.push(this.serverError)
    this.part = end
  }

  override onSynced(core: ConnectionState): void {
    const last = this.steps.findIndex(({ mark }, at) => at >= this.part && mark === "Sync")
    if (this.outdated)
      for (const { preparation } of this.steps)
        if (preparation.prepared !== undefined)
          core.statements.forget(preparation.statement, preparation.prepared)
    this.endPart(last + 1)
    this.outdated = false
    this.serverError = undefined
    this.failedStep = -1
    this.at = this.part
    this.running = this.textAt(this.at)
  }

  override onReady(core: ConnectionState): boolean {
    core.statements.drop(this.undescribed.filter((name) => name !== ""))
    this.undescribed = []
    if (
      (this.again || this.before?.state === "queued") &&
      this.failure === undefined &&
      this.serverError === undefined &&
      !this.discarding
    )
      return this.startAnew()
    if (this.outdated) {
      for (const { preparation } of this.steps) preparation.forget(core)
      if (this.mayRepeat(core)) {
        this.repeated = true
        return this.startAnew()
      }
    }
    return false
  }

  /** Once, and only if the server has taken back what ran before: the steps must be ones that cannot end a transaction. */
  private mayRepeat(core: ConnectionState): boolean {
    return (
      !this.repeated &&
      !this.discarding &&
      this.failure === undefined &&
      core.session.status === "I" &&
      this.take === undefined &&
      this.steps.every(({ mark }) => mark !== "Sync") &&
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
    this.part = 0
    this.errors = []
    this.running = this.textAt(0)
    for (const step of this.steps) {
      step.preparation.reset()
      step.rows = []
      step.result = undefined
      step.outcome = undefined
    }
    return true
  }

  protected onSettled(): void {
    this.endPart(this.steps.length)
    const parts = this.steps.filter(({ mark }) => mark === "Sync").length + 1
    // Nothing has run when a description was refused.
    while (this.errors.length < parts) this.errors.push(this.serverError)
    const steps = this.steps.map(({ outcome }) => outcome!)
    const { errors } = this
    this.outcome(this.failure, { steps, error: errors.find((error) => error !== undefined), errors })
  }
}
