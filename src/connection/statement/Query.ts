/**
 * Queries whose whole result is wanted: one statement by the extended protocol, or a text of several by the simple one.
 */
import type { Column } from "../../model/Column.js"
import { endsTransaction } from "../../model/CommitsInside.js"
import * as CommandTag from "../../model/CommandTag.js"
import type { Statement } from "../../model/Statement.js"
import type * as Pipeline from "../../protocol/Pipeline.js"
import * as SimpleQuery from "../../protocol/SimpleQuery.js"
import type { Registry } from "../../types/Registry.js"
import * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { copyRun } from "../../wire/FrameRun.js"
import * as SimpleMessages from "../../wire/messages/SimpleQuery.js"
import * as StatementWords from "../../model/StatementWords.js"
import type { PgUsageError } from "../../model/PgError.js"
import * as TransactionBlock from "../session/TransactionBlock.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import { notText, unsendable } from "./Prepare.js"
import * as RefusedCopy from "./RefusedCopy.js"
import * as Rows from "../session/Rows.js"
import type { Inspector } from "./Preparation.js"
import { StatementRequest, whole } from "./StatementRequest.js"

/** Everything a statement answered. */
export interface QueryResult<R = Row.Row> {
  /** In the order of the server; empty for a statement without rows. */
  readonly rows: ReadonlyArray<R>
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
  readonly command: CommandTag.CommandTag
}

/** A statement whose rows are kept until it is over. */
abstract class Collecting<M extends Row.ResultMode> extends StatementRequest<M> {
  protected abstract rows: Array<Row.RowIn<M>>

  protected get started(): boolean {
    return this.rows.length > 0
  }

  /** Rows that wait until their types are known. */
  private held: Array<FrameRun> = []

  /** Bytes are given in the format that every later use has them in. */
  protected override get readsText(): boolean {
    return this.mode !== "bytes"
  }

  protected override get holdsRows(): boolean {
    return true
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    if (this.hasRun) {
      this.held.push(copyRun(run))
      return undefined
    }
    return Rows.take(this, this.preparation.result!.decoder(this.mode), run, this.rows)
  }

  protected override learned(core: ConnectionState): void {
    const { held, preparation } = this
    this.held = []
    if (preparation.isHeld) preparation.readHeld(core)
    else preparation.readText(core)
    if (preparation.failure !== undefined) this.fail(preparation.failure)
    Rows.takeHeld(this, preparation.result!.decoder(this.mode), held, this.rows)
  }
}

/** One statement by the extended protocol, of which the rows are wanted. */
export class RowsRequest<M extends Row.ResultMode = "object"> extends Collecting<M> {
  protected rows: Array<Row.RowIn<M>> = []

  constructor(
    statement: Statement,
    mode: M,
    operation: string,
    private readonly outcome: Outcome<ReadonlyArray<Row.RowIn<M>>>,
    inspector?: Inspector
  ) {
    super(statement, operation, mode, whole, inspector)
  }

  protected onSettled(): void {
    const { rows } = this
    // A request that is over may lie in the old generation for a while yet: what it pointed to would outlive its reader there.
    this.rows = []
    this.outcome(this.failure, rows)
  }
}

/** One statement by the extended protocol, of which everything is wanted. */
export class QueryRequest<M extends Row.ResultMode = "object"> extends Collecting<M> {
  protected rows: Array<Row.RowIn<M>> = []
  private commandTag = ""

  constructor(
    statement: Statement,
    mode: M,
    private readonly outcome: Outcome<QueryResult<Row.RowIn<M>>>,
    operation = "query",
    inspector?: Inspector
  ) {
    super(statement, operation, mode, whole, inspector)
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    this.commandTag = commandTag
  }

  protected onSettled(): void {
    const { rows } = this
    // As above.
    this.rows = []
    const columns = this.preparation.result?.columns ?? []
    this.outcome(this.failure, { rows, columns, command: CommandTag.parse(this.commandTag) })
  }
}

/** A text sent as one `Query` message. It has the connection for itself until its ReadyForQuery. */
export abstract class TextRequest extends Request {
  constructor(sql: string, operation: string) {
    super(sql, operation, true, true)
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const refused = notText(this.sql, this.operation) ?? this.endsEarly(core)
    if (refused === undefined) {
      SimpleMessages.Query.encode(core.writer, { _tag: "Query", sql: this.sql })
      const reason = core.writer.failure
      if (reason === null) return SimpleQuery.script
      this.fail(unsendable(this.operation, reason, this.sql))
    } else this.fail(refused)
    return undefined
  }

  private endsEarly(core: ConnectionState): PgUsageError | undefined {
    if (core.transaction === undefined) return undefined
    const escapes = core.side.find("standard_conforming_strings") === "off"
    return TransactionBlock.endsEarly(StatementWords.of(this.sql, escapes), this.operation, this.sql)
  }
}

/** A text of any number of statements by the simple protocol: every result in order, as text. */
export class SimpleRequest<M extends Row.ResultMode = "object"> extends TextRequest {
  protected results: Array<QueryResult<Row.RowIn<M>>> = []
  private columns: ReadonlyArray<Column> = []
  private rows: Array<Row.RowIn<M>> = []
  private decoder: Row.RowDecoder<Row.RowIn<M>> | undefined

  constructor(
    sql: string,
    private readonly mode: M,
    private readonly outcome: Outcome<ReadonlyArray<QueryResult<Row.RowIn<M>>>>,
    operation = "simple",
    /** How values are read; unless given, as the connection reads them. */
    private readonly types?: Registry
  ) {
    super(sql, operation)
  }

  override mayHaveCommitted(core: ConnectionState): boolean {
    const { results } = this
    return results.length === 0
      ? super.mayHaveCommitted(core)
      : core.session.status === "I" || results.some(({ command }) => endsTransaction(command.command))
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    this.columns = columns ?? []
    this.rows = []
    this.decoder = Row.compile(
      this.columns,
      this.columns.map(({ format }) => format),
      this.types ?? core.registry,
      this.mode
    )
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    return Rows.take(this, this.decoder!, run, this.rows)
  }

  override onComplete(_core: ConnectionState, commandTag: string): void {
    this.results.push({ rows: this.rows, columns: this.columns, command: CommandTag.parse(commandTag) })
    this.columns = []
    this.rows = []
  }

  override onEmpty(core: ConnectionState): void {
    this.onComplete(core, "")
  }

  override onCopyIn(core: ConnectionState): void {
    RefusedCopy.refuseIn(core, this)
  }

  override onCopyOut(_core: ConnectionState): void {
    RefusedCopy.refuseOut(this)
  }

  override onCopyBoth(core: ConnectionState): void {
    RefusedCopy.refuseBoth(core, this)
  }

  protected onSettled(_core: ConnectionState): void {
    const results = this.results
    // As above.
    this.results = []
    this.outcome(this.failure, results)
  }
}
