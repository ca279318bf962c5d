/**
 * One statement with many sets of parameters: described once, then bound and executed for each set, with one Sync behind the last.
 * Outside a transaction block all sets are one implicit transaction.
 *
 * Sets are taken from their iterable as the server answers: at most two parts of about 64 KiB are on the way, each with a Flush
 * behind it, so that memory is bounded whatever their number.
 *
 * When a set cannot be written, what ran before it must not be stored: the Execute of a portal that there is not makes the server
 * take it back.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
 */
import type { Column } from "../../model/Column.js"
import * as CommandTag from "../../model/CommandTag.js"
import { PgCodecError, PgServerError, PgUsageError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import * as StatementWords from "../../model/StatementWords.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Session from "../../protocol/Session.js"
import type * as Row from "../../types/Row.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { copyRun } from "../../wire/FrameRun.js"
import { nameOf } from "../session/CodecThrew.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import * as Outbound from "../session/Outbound.js"
import * as Rows from "../session/Rows.js"
import * as TransactionBlock from "../session/TransactionBlock.js"
import type { Inspector } from "./Preparation.js"
import { writeExecute } from "./Preparation.js"
import { check, writeBind } from "./Prepare.js"
import * as RefusedCopy from "./RefusedCopy.js"
import { StatementRequest } from "./StatementRequest.js"

/** What became of a batch. */
export interface BatchResult<R = Row.Row> {
  /** Sets of parameters that the statement ran with. */
  readonly sets: number
  /** Rows returned or changed, as the command tags count them. */
  readonly affected: bigint
  /** Rows that the statement returned, in the order of the sets. */
  readonly rows: ReadonlyArray<R>
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
}

/** A part of the sets is written up to this many bytes. */
const partBytes = 1 << 16

/** Parts on the way: while the server works on one, the next lies ready. */
const partsOnTheWay = 2

/** A Bind and an Execute, and neither Flush nor Sync behind them. */
const each = { script: Pipeline.opened, portal: "", maxRows: 0, end: undefined }

const sameTypes = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a === b || (a.length === b.length && a.every((oid, at) => oid === b[at]))

export class BatchRequest<M extends Row.ResultMode> extends StatementRequest<M> {
  private rows: Array<Row.RowIn<M>> = []
  /** Rows that wait until their types are known. */
  private held: Array<FrameRun> = []
  private affected = 0n
  private answered = 0
  /** Written and not answered, the oldest first. */
  private onTheWay: Array<Statement> = []
  /** Sets at which a part on the way ends, counted from the first of all. */
  private ends: Array<number> = []
  /** Taken from the iterator, and to be written once more. */
  private again: Array<Statement> = []
  private isExhausted = false
  /** Sync has been written, or is due because of an error. */
  private isClosed = false

  constructor(
    private readonly first: Statement,
    private readonly others: Iterator<Statement>,
    mode: M,
    private readonly outcome: Outcome<BatchResult<Row.RowIn<M>>>,
    private readonly reader?: Inspector
  ) {
    super(first, "batch", mode, each, reader, true)
  }

  protected get started(): boolean {
    return this.answered > 0 || this.rows.length > 0
  }

  protected override get holdsRows(): boolean {
    return true
  }

  override open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    if (this.hasRun) return super.open(core)
    const refused = this.refusal(core)
    if (refused !== undefined) {
      this.fail(refused)
      return undefined
    }
    this.again = [...this.onTheWay.slice(1), ...this.again]
    this.onTheWay = []
    this.ends = []
    this.isClosed = false
    const script = super.open(core)
    if (script === undefined || !this.isExecuting) return script
    const mark = core.writer.offset
    const more = this.begin(core)
    if (this.failure === undefined) return [...script, ...more]
    // Nothing of the sets has left, so nothing has to be taken back.
    core.writer.rollback(mark)
    return undefined
  }

  private refusal(core: ConnectionState): PgSessionError | undefined {
    const { sql } = this.first
    const refused = RefusedCopy.refusedStep(sql, "batch")
    if (refused !== undefined || core.transaction === undefined) return refused
    const word = StatementWords.of(sql)[0] ?? ""
    return TransactionBlock.endsEarly([word, word], this.operation, sql)
  }

  /** The first set has been bound: without a failure, what is written now is executed. */
  private get isExecuting(): boolean {
    return this.preparation.result !== undefined && this.failure === undefined
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    const isBefore = this.preparation.result === undefined
    super.onColumns(core, columns)
    if (isBefore && this.isExecuting) this.append(core, this.begin(core))
  }

  /** The first set is on the way; writes the others, as far as there is room. */
  private begin(core: ConnectionState): Pipeline.PipelineScript {
    this.onTheWay = [this.preparation.statement]
    return this.parts(core)
  }

  /** Writes parts until two are on the way. Behind the last set comes Sync. */
  private parts(core: ConnectionState): Pipeline.PipelineScript {
    const script: Array<Pipeline.PipelineScript[number]> = []
    while (!this.isClosed && this.ends.length < partsOnTheWay) {
      this.part(core, script)
      if (this.failure !== undefined) {
        // A portal of this name was never there.
        writeExecute(core, core.statements.uniqueName(), 0)
        script.push(...Pipeline.fetch)
      }
      if (this.failure === undefined && !this.isExhausted) {
        FixedFrames.flush(core.writer)
        this.ends.push(this.answered + this.onTheWay.length)
        continue
      }
      FixedFrames.sync(core.writer)
      script.push(...Pipeline.sync)
      this.isClosed = true
    }
    return script
  }

  private part(core: ConnectionState, script: Array<Pipeline.PipelineScript[number]>): void {
    const { writer } = core
    const before = writer.offset
    while (writer.offset - before < partBytes) {
      const set = this.next()
      if (set === undefined) return
      const failure = this.write(core, set)
      if (failure !== undefined) return this.fail(failure)
      this.onTheWay.push(set)
      script.push(...Pipeline.open)
    }
  }

  /** The next set; `undefined` behind the last, and after a failure. */
  private next(): Statement | undefined {
    const repeated = this.again.shift()
    if (repeated !== undefined || this.isExhausted) return repeated
    try {
      const next = this.others.next()
      if (next.done !== true) return next.value
      this.isExhausted = true
    } catch (cause) {
      this.isExhausted = true
      this.fail(this.threw(cause, "taking"))
    }
    return undefined
  }

  /** Number of the set that is written next, from 1. */
  private get number(): number {
    return this.answered + this.onTheWay.length + 1
  }

  private write(core: ConnectionState, set: Statement): PgSessionError | undefined {
    const { first, preparation } = this
    const refused = check(set, this.operation)
    if (refused !== undefined) return refused
    if (set.sql !== first.sql || !sameTypes(set.types, first.types))
      return new PgUsageError({
        operation: this.operation,
        argument: "",
        reason: `every set of parameters must be of one statement, got another one for set ${this.number}`,
        sql: set.sql,
        sent: this.wasSent
      })
    const result = preparation.result!
    const formats = preparation.isConfirming ? result.anyFormats : result.formats
    const prepared = preparation.prepared!
    const plan = this.reader === undefined ? prepared.plan : prepared.planBy(this.reader.reading)
    const failure = writeBind(core, prepared, "", set, this.operation, formats, plan)
    if (failure === undefined) {
      FixedFrames.executeUnnamed(core.writer)
      return undefined
    }
    const reason = `${failure.reason} (set ${this.number} of the batch)`
    return failure instanceof PgCodecError
      ? new PgCodecError({ ...failure, reason, nothingSent: !this.wasSent })
      : new PgUsageError({ ...failure, reason, sent: this.wasSent })
  }

  /** More has been written, whose answers come behind those that are awaited. */
  private append(core: ConnectionState, script: Pipeline.PipelineScript): void {
    core.session = Session.appended(core.session, script)
    Outbound.flushSoon(core)
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    if (this.preparation.isHeld) {
      this.held.push(copyRun(run))
      return undefined
    }
    return Rows.take(this, this.preparation.result!.decoder(this.mode), run, this.rows)
  }

  protected override learned(core: ConnectionState): void {
    const { held, preparation } = this
    this.held = []
    preparation.readHeld(core)
    if (preparation.failure !== undefined) this.fail(preparation.failure)
    Rows.takeHeld(this, preparation.result!.decoder(this.mode), held, this.rows)
  }

  override onComplete(core: ConnectionState, commandTag: string): void {
    this.affected += CommandTag.parse(commandTag).rows ?? 0n
    this.answered++
    this.onTheWay.shift()
    if (this.answered !== this.ends[0]) return
    this.ends.shift()
    if (this.discarding && !this.isClosed) this.giveUp(core)
    else this.append(core, this.parts(core))
  }

  override onEmpty(core: ConnectionState): void {
    this.onComplete(core, "")
  }

  /** The rest is not wanted any more: what has run is rolled back. */
  private giveUp(core: ConnectionState): void {
    this.isClosed = true
    writeExecute(core, core.statements.uniqueName(), 0)
    FixedFrames.sync(core.writer)
    this.append(core, [...Pipeline.fetch, ...Pipeline.sync])
  }

  override onError(): void {
    this.isClosed = true
    const { failure } = this
    if (this.preparation.result !== undefined && failure instanceof PgServerError)
      this.failure = failure.with({ parameterSet: this.answered + 1 })
  }

  protected onSettled(): void {
    const { affected, answered, rows } = this
    this.rows = []
    this.held = []
    this.onTheWay = []
    this.again = []
    if (!this.isExhausted) this.close()
    const columns = this.preparation.result?.columns ?? []
    this.outcome(this.failure, { sets: answered, affected, rows, columns })
  }

  /** The sets are not taken to their end. */
  private close(): void {
    this.isExhausted = true
    try {
      this.others.return?.()
    } catch (cause) {
      this.fail(this.threw(cause, "closing the iterable behind"))
    }
  }

  /** Code of the application's, which runs in the socket's callback. */
  private threw(cause: unknown, what: string): PgCodecError {
    return new PgCodecError({
      direction: "encode",
      place: { _tag: "Argument", name: "sets" },
      type: "the statement's parameters",
      reason: `${what} set ${this.number} of the batch threw ${nameOf(cause)}`,
      sql: this.sql,
      nothingSent: !this.wasSent,
      cause
    })
  }
}
