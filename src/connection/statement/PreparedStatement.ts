/**
 * Statements that users prepare: each has a name on the server as long as its scope is open. The statement cache does not count them and
 * does not evict them.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Column } from "../../model/Column.js"
import { PgUsageError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import type { ConnectionState, Outcome } from "../session/ConnectionState.js"
import { Request } from "../session/ConnectionState.js"
import * as Exchange from "../session/Exchange.js"
import { check, described, isBorrowed, withNames, writeCloses, writeParse } from "./Prepare.js"

/** A statement that the server keeps for one connection, until the scope in which it was prepared closes. */
export interface PreparedStatement {
  /** Its name on the server, as `pg_prepared_statements` shows it. */
  readonly name: string
  /** OID of each parameter's type. */
  readonly parameters: ReadonlyArray<number>
  /** Empty for a statement that returns no rows. */
  readonly columns: ReadonlyArray<Column>
  /** The statement with a value for each parameter, for the operations of the connection that it was prepared on. */
  readonly bind: (...values: ReadonlyArray<unknown>) => Statement
}

const refusal = ({ sql }: Statement): PgUsageError | undefined =>
  isBorrowed(sql)
    ? new PgUsageError({
        operation: "prepare",
        argument: "statement",
        reason: "must not be FETCH, EXECUTE or CALL, whose columns can differ from one execution to the next",
        sql
      })
    : undefined

class PrepareRequest extends Request {
  private parameters: ReadonlyArray<number> = []
  private columns: ReadonlyArray<Column> = []
  private isParsed = false
  private isDescribed = false

  constructor(
    private readonly statement: Statement,
    private readonly name: string,
    private readonly outcome: Outcome<PreparedStatement>
  ) {
    super(statement.sql, "prepare")
  }

  override get place(): string | undefined {
    return this.statement.place
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const { name, operation, statement } = this
    const failure =
      check(statement, operation) ?? refusal(statement) ?? writeParse(core, name, statement, operation)
    if (failure !== undefined) {
      this.fail(failure)
      return undefined
    }
    ExtendedQuery.Describe.encode(core.writer, { _tag: "Describe", target: "S", name })
    FixedFrames.sync(core.writer)
    return Pipeline.describe
  }

  override onParsed(): void {
    this.isParsed = true
  }

  override onParameters(_core: ConnectionState, types: ReadonlyArray<number>): void {
    this.parameters = types
  }

  override onColumns(core: ConnectionState, columns: ReadonlyArray<Column> | undefined): void {
    const named = withNames(columns, this.statement) ?? []
    this.columns = named
    this.isDescribed = true
    if (!this.discarding) core.statements.hold(described(core, this.name, this.parameters, named))
  }

  protected onSettled(core: ConnectionState): void {
    const { columns, name, parameters, statement } = this
    // The server has the name, and no other code will close it.
    if (this.isParsed && (this.discarding || !this.isDescribed)) core.statements.drop([name])
    this.outcome(this.failure, {
      name,
      parameters,
      columns,
      bind: (...values) => ({
        sql: statement.sql,
        parameters: values,
        types: statement.types,
        place: statement.place,
        columnNames: statement.columnNames,
        name,
        isPrepared: true
      })
    })
  }
}

class ReleaseRequest extends Request {
  constructor(
    private readonly name: string,
    private readonly outcome: Outcome<void>
  ) {
    super("", "prepare")
  }

  /** What is dropped while nothing is sent is closed now. What an open portal holds is closed later. */
  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    core.statements.release(this.name)
    const closes = writeCloses(core)
    if (closes === 0) return undefined
    FixedFrames.sync(core.writer)
    return Pipeline.afterCloses(closes, Pipeline.sync)
  }

  protected onSettled(): void {
    this.outcome(this.failure, undefined)
  }
}

/** Prepares a statement for the scope. `run`: submits a request and waits for its outcome. */
export const prepare = (
  core: ConnectionState,
  statement: Statement,
  run: (
    make: (outcome: Outcome<PreparedStatement>) => Request
  ) => Effect.Effect<PreparedStatement, PgSessionError>
): Effect.Effect<PreparedStatement, PgSessionError, Scope.Scope> =>
  Effect.suspend(() => {
    const name = statement.name ?? core.statements.uniqueName()
    const release = Effect.suspend(() =>
      core.ended === undefined
        ? Exchange.finish<void>(core, (outcome) => new ReleaseRequest(name, outcome))
        : Effect.void
    )
    return Effect.uninterruptibleMask((restore) =>
      restore(run((outcome) => new PrepareRequest(statement, name, outcome))).pipe(
        // An interruption can come after it was prepared and before it was returned.
        Effect.tapErrorCause(() => release),
        Effect.tap(Effect.addFinalizer(() => release))
      )
    )
  })
