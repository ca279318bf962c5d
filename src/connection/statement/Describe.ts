/**
 * A statement described without being run: the types of its parameters and its columns.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type { Column } from "../../model/Column.js"
import type { Statement } from "../../model/Statement.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import { check, withNames, writeParse } from "./Prepare.js"

/** What the server reports of a statement without running it: the types of its parameters, and its columns. */
export interface Description {
  /** OID of each parameter's type. */
  readonly parameters: ReadonlyArray<number>
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
}

export class DescribeRequest extends Request {
  private parameters: ReadonlyArray<number> = []
  private columns: ReadonlyArray<Column> = []

  constructor(
    private readonly statement: Statement,
    private readonly outcome: Outcome<Description>,
    operation = "describe"
  ) {
    super(statement.sql, operation)
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const failure =
      check(this.statement, this.operation) ?? writeParse(core, "", this.statement, this.operation)
    if (failure !== undefined) {
      this.fail(failure)
      return undefined
    }
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name: "" })
    FixedFrames.sync(core.writer)
    return Pipeline.describe
  }

  override onParameters(_core: ConnectionState, types: ReadonlyArray<number>): void {
    this.parameters = types
  }

  override onColumns(_core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    this.columns = withNames(columns, this.statement) ?? []
  }

  protected onSettled(): void {
    this.outcome(this.failure, { parameters: this.parameters, columns: this.columns })
  }
}
