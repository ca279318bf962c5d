/**
 * The exchanges of a portal inside a transaction block, each with its own Sync: opened with its first batch, asked for another,
 * closed.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Statement } from "../../model/Statement.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import type * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { runBytes } from "../../wire/FrameRun.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import * as Rows from "../session/Rows.js"
import type { Inspector } from "./Preparation.js"
import type { ResultObserver } from "./ResultObserver.js"
import { writeExecute } from "./Preparation.js"
import { StatementRequest, whole } from "./StatementRequest.js"

/** One batch: what came, how to read more of it, and whether there may be more. */
export class Batch<R extends Row.Row> {
  readonly rows: Array<R> = []
  /** Rows that came, and what they weighed on the wire. */
  count = 0
  bytes = 0
  suspended = false

  constructor(
    public decoder: Row.RowDecoder<R> | undefined,
    private readonly sink: Sink<R> | undefined
  ) {}

  /** Reads a run of rows; a returned text is a protocol violation. */
  take(request: Request, run: FrameRun): string | undefined {
    const { sink } = this
    const rows: Array<R> = sink === undefined ? this.rows : []
    const malformed = Rows.take(request, this.decoder!, run, rows)
    const bytes = runBytes(run)
    this.count += run.count
    this.bytes += bytes
    if (rows.length > 0) sink?.(rows, bytes)
    return malformed
  }
}

/** Takes rows as they come, and what they weighed on the wire. */
export type Sink<R extends Row.Row> = (rows: ReadonlyArray<R>, bytes: number) => void

export class OpenPortal<M extends Row.ResultMode = Row.ResultMode> extends StatementRequest<M> {
  private readonly batch: Batch<Row.RowIn<M>>

  constructor(
    statement: Statement,
    portal: string,
    fetchSize: number,
    mode: M,
    private readonly outcome: Outcome<Batch<Row.RowIn<M>>>,
    sink?: Sink<Row.RowIn<M>>,
    inspector?: Inspector,
    private readonly observer?: ResultObserver
  ) {
    super(statement, "stream", mode, { ...whole, portal, maxRows: fetchSize }, inspector)
    this.batch = new Batch(undefined, sink)
  }

  /** Whether the server may have the portal: one that was refused before Bind was never there. */
  get mayBeThere(): boolean {
    return this.isBound || this.state !== "settled"
  }

  protected get started(): boolean {
    return this.batch.count > 0
  }

  /** Its rows are given as they come: none can wait. */
  protected override get describesFirst(): boolean {
    return true
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    const result = this.preparation.result!
    this.batch.decoder = result.decoder(this.mode)
    this.observer?.described(result.columns)
    this.observer?.arrived(run.count)
    return this.batch.take(this, run)
  }

  override onSuspended(): void {
    this.batch.suspended = true
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    this.observer?.described(this.preparation.result?.columns ?? [])
    this.observer?.completed(commandTag)
  }

  protected onSettled(): void {
    this.outcome(this.failure, this.batch)
  }
}

export class FetchPortal<R extends Row.Row> extends Request {
  private readonly batch: Batch<R>

  constructor(
    sql: string,
    private readonly portal: string,
    private readonly fetchSize: number,
    decoder: Row.RowDecoder<R>,
    private readonly outcome: Outcome<Batch<R>>,
    sink?: Sink<R>,
    private readonly observer?: ResultObserver
  ) {
    super(sql, "stream")
    this.batch = new Batch(decoder, sink)
  }

  open(core: ConnectionState): Pipeline.PipelineScript {
    writeExecute(core, this.portal, this.fetchSize)
    FixedFrames.sync(core.writer)
    return Pipeline.fetchSync
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    this.observer?.arrived(run.count)
    return this.batch.take(this, run)
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    this.observer?.completed(commandTag)
  }

  override onSuspended(): void {
    this.batch.suspended = true
  }

  protected onSettled(): void {
    this.outcome(this.failure, this.batch)
  }
}

export class ClosePortal extends Request {
  constructor(
    private readonly portal: string,
    private readonly outcome: Outcome<void>
  ) {
    super("", "stream")
  }

  open(core: ConnectionState): Pipeline.PipelineScript {
    ExtendedQuery.Close.encode(core.writer, { _tag: "Close", target: "P", name: this.portal })
    FixedFrames.sync(core.writer)
    return Pipeline.close
  }

  protected onSettled(): void {
    this.outcome(this.failure, undefined)
  }
}
