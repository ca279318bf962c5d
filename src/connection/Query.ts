/**
 * Queries whose whole result is wanted: one statement by the extended protocol, or a text of several by the simple one.
 */
import type { Column } from "../model/Column.js"
import * as CommandTag from "../model/CommandTag.js"
import { PgCodecError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import * as Pipeline from "../protocol/Pipeline.js"
import * as SimpleQuery from "../protocol/SimpleQuery.js"
import * as Row from "../types/Row.js"
import type { FrameRun } from "../wire/FrameRun.js"
import * as Preset from "../wire/Preset.js"
import * as SimpleMessages from "../wire/messages/SimpleQuery.js"
import type { Core } from "./Core.js"
import * as Copying from "./RefusedCopy.js"
import { StatementRequest, writeBind } from "./Prepare.js"
import { Request } from "./Request.js"
import type { Prepared } from "./StatementCache.js"

/** Everything a statement answered. */
export interface QueryResult<R = Row.Row> {
  /** In the order of the server; empty for a statement without rows. */
  readonly rows: ReadonlyArray<R>
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
  readonly command: CommandTag.CommandTag
}

/** What becomes of a request, told to whoever asked. */
export type Outcome<A> = (failure: PgSessionError | undefined, value: A) => void

/** Turns a decoder's failure into what the request does about it. A returned text is a protocol violation. */
export const rowFailure = (request: Request, failure: Row.RowFailure): string | undefined => {
  if (failure._tag === "Malformed") return failure.reason
  request.fail(
    new PgCodecError({
      direction: "decode",
      where: failure.column,
      index: failure.index,
      type: failure.type,
      reason: failure.reason,
      sql: request.sql
    })
  )
  return undefined
}

/** One statement by the extended protocol. */
export class QueryRequest extends StatementRequest {
  private readonly rows: Array<Row.Row> = []
  private command: CommandTag.CommandTag = CommandTag.empty
  private decoder: Row.RowDecoder | undefined

  constructor(
    statement: Statement,
    private readonly mode: Row.RowMode,
    private readonly outcome: Outcome<QueryResult>
  ) {
    super(statement)
  }

  protected get started(): boolean {
    return this.rows.length > 0
  }

  protected execute(core: Core, prepared: Prepared): Pipeline.Script | undefined {
    const failure = writeBind(core, prepared, "", this.statement)
    if (failure !== undefined) {
      this.fail(failure)
      return undefined
    }
    Preset.executeUnnamed(core.writer)
    Preset.sync(core.writer)
    this.decoder = prepared.decoder(this.mode)
    return Pipeline.execute
  }

  override onRows(_core: Core, run: FrameRun): string | undefined {
    if (this.failure !== undefined) return undefined
    const failure = this.decoder!.decode(run.bytes, run.starts, run.count, this.rows)
    return failure === null ? undefined : rowFailure(this, failure)
  }

  override onComplete(_core: Core, tag: CommandTag.CommandTag): void {
    this.command = tag
  }

  override onCopyIn(core: Core): void {
    Copying.refuseIn(core, this)
  }

  override onCopyOut(): void {
    Copying.refuseOut(this)
  }

  protected onSettled(_core: Core): void {
    this.outcome(this.failure, {
      rows: this.rows,
      columns: this.prepared?.columns ?? [],
      command: this.command
    })
  }
}

/** A text of any number of statements by the simple protocol: every result in order, as text. */
export class SimpleRequest extends Request {
  private readonly results: Array<QueryResult> = []
  private columns: ReadonlyArray<Column> = []
  private rows: Array<Row.Row> = []
  private decoder: Row.RowDecoder | undefined

  constructor(
    sql: string,
    private readonly mode: Row.RowMode,
    private readonly outcome: Outcome<ReadonlyArray<QueryResult>>
  ) {
    super(sql)
  }

  override get exclusive(): boolean {
    return true
  }
  override get simple(): boolean {
    return true
  }

  open(core: Core): Pipeline.Script | undefined {
    SimpleMessages.Query.encode(core.writer, { _tag: "Query", sql: this.sql })
    const reason = core.writer.failure
    if (reason === null) return SimpleQuery.script
    this.fail(
      new PgCodecError({ direction: "encode", where: "SQL", index: -1, type: "text", reason, sql: this.sql })
    )
    return undefined
  }

  override onColumns(core: Core, columns: ReadonlyArray<Column> | undefined): void {
    this.columns = columns ?? []
    this.rows = []
    this.decoder = Row.compile(
      this.columns,
      this.columns.map(({ format }) => format),
      core.registry,
      this.mode
    )
  }

  override onRows(_core: Core, run: FrameRun): string | undefined {
    if (this.failure !== undefined) return undefined
    const failure = this.decoder!.decode(run.bytes, run.starts, run.count, this.rows)
    return failure === null ? undefined : rowFailure(this, failure)
  }

  override onComplete(_core: Core, command: CommandTag.CommandTag): void {
    this.results.push({ rows: this.rows, columns: this.columns, command })
    this.columns = []
    this.rows = []
  }

  override onEmpty(core: Core): void {
    this.onComplete(core, CommandTag.empty)
  }

  override onCopyIn(core: Core): void {
    Copying.refuseIn(core, this)
  }

  override onCopyOut(): void {
    Copying.refuseOut(this)
  }

  protected onSettled(_core: Core): void {
    this.outcome(this.failure, this.results)
  }
}
