/**
 * Types from the catalogue: those that are needed and the types they are made of, in one query.
 *
 * A statement with unknown types waits for this query. When it is refused (a right was revoked, the server is not
 * PostgreSQL 14 or later), this connection does not repeat it, and such types are text. Inside a transaction block the
 * query runs behind a savepoint, so that a refusal does not fail the transaction.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-type.html
 */
import { PgServerError, PgUsageError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { PgType } from "../../model/PgType.js"
import { nodes } from "../../protocol/ExtendedQuery.js"
import * as Pipeline from "../../protocol/Pipeline.js"
import * as Parameters from "../../types/Parameters.js"
import { lossless } from "../../types/Registry.js"
import * as Row from "../../types/Row.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import * as ExtendedQuery from "../../wire/messages/ExtendedQuery.js"
import * as FixedFrames from "../../wire/FixedFrames.js"
import { columns, parameterTypes, sql, typeOf, type TypeRow } from "./CatalogQuery.js"
import type { ConnectionState } from "./ConnectionState.js"
import { Request } from "./ConnectionState.js"
import * as Rows from "./Rows.js"

/** The types asked for, in order, and then those that they are made of; or the reason of a failure. */
type OnTypes = (failure: PgSessionError | undefined, types: ReadonlyArray<PgType>) => void

const savepoint = "effect_postgres_types"

/** Queries types by OID and by name. The connection keeps what is found, also when the caller is interrupted. */
export class CatalogRequest extends Request {
  private readonly rows: Array<Row.ArrayRow> = []
  private readonly decoder = Row.compile(columns, [0], lossless, "array")
  /** The question stands behind a savepoint. */
  private saved = false
  /** It was refused there, and the transaction block goes back to the savepoint. */
  private restoring = false
  private refusal: PgServerError | undefined

  constructor(
    private readonly asked: ReadonlyArray<string | number>,
    private readonly outcome: OnTypes
  ) {
    super(sql, "learnTypes", true)
  }

  open(core: ConnectionState): Pipeline.PipelineScript | undefined {
    if (this.restoring) {
      const back = this.command(core, `rollback to savepoint ${savepoint}`)
      return this.closed(core, [back, this.command(core, `release savepoint ${savepoint}`)])
    }
    this.saved = core.session.status === "T"
    const before = this.saved ? [this.command(core, `savepoint ${savepoint}`)] : []
    const question = this.question(core)
    if (question === undefined) return undefined
    const after = this.saved ? [this.command(core, `release savepoint ${savepoint}`)] : []
    return this.closed(core, [...before, question, ...after])
  }

  private closed(
    core: ConnectionState,
    steps: ReadonlyArray<Pipeline.PipelineScript>
  ): Pipeline.PipelineScript {
    FixedFrames.sync(core.writer)
    return Pipeline.atomic(steps)
  }

  private command(core: ConnectionState, text: string): Pipeline.PipelineScript {
    ExtendedQuery.Parse.encode(core.writer, { _tag: "Parse", statement: "", sql: text, parameterTypes: [] })
    ExtendedQuery.Bind.encode(core.writer, {
      _tag: "Bind",
      portal: "",
      statement: "",
      parameterFormats: [],
      parameters: [],
      resultFormats: []
    })
    FixedFrames.executeUnnamed(core.writer)
    return step
  }

  private question(core: ConnectionState): Pipeline.PipelineScript | undefined {
    const { writer } = core
    const plan = Parameters.plan(parameterTypes, lossless)
    ExtendedQuery.Parse.encode(writer, { _tag: "Parse", statement: "", sql, parameterTypes })
    const mark = ExtendedQuery.Bind.begin(writer, "", "", plan.formats)
    const failure = plan.write(writer, [
      this.asked.map((type) => (typeof type === "number" ? type : null)),
      this.asked.map((type) => (typeof type === "string" ? type : null))
    ])
    if (failure !== null || !ExtendedQuery.Bind.finish(writer, mark, [])) {
      const reason = failure?.reason ?? writer.failure ?? "the message is too large"
      this.fail(
        new PgUsageError({
          operation: this.operation,
          argument: "types",
          reason: `cannot be sent: ${reason}`,
          sql
        })
      )
      return undefined
    }
    FixedFrames.executeUnnamed(writer)
    return step
  }

  override onRows(_core: ConnectionState, run: FrameRun): string | undefined {
    return Rows.take(this, this.decoder, run, this.rows)
  }

  override onReady(core: ConnectionState): boolean {
    const { failure } = this
    if (
      !(failure instanceof PgServerError) ||
      core.session.status !== "E" ||
      !this.saved ||
      this.discarding ||
      this.restoring
    )
      return false
    this.restoring = true
    // Going back to its savepoint ends no transaction.
    this.running = `rollback to savepoint ${savepoint}`
    this.refusal = failure
    this.failure = undefined
    return true
  }

  protected onSettled(core: ConnectionState): void {
    const failure = this.failure ?? this.refusal
    if (failure !== undefined) return this.outcome(failure, [])
    const rows = this.rows as ReadonlyArray<unknown> as ReadonlyArray<TypeRow>
    const types = rows.map(typeOf)
    const oids = this.asked.filter((type) => typeof type === "number")
    core.types.learn(types, [...oids, ...types.map((type) => type.oid)])
    this.outcome(undefined, this.inOrder(rows, types))
  }

  /** Each type that was asked for, as often as it was, and then the types that they are made of. */
  private inOrder(rows: ReadonlyArray<TypeRow>, types: ReadonlyArray<PgType>): ReadonlyArray<PgType> {
    const wanted = rows.flatMap((row, index) => row[12].map((at) => ({ at, type: types[index]! })))
    return [
      ...wanted.sort((a, b) => a.at - b.at).map(({ type }) => type),
      ...types.filter((_, index) => rows[index]![12].length === 0)
    ]
  }
}

const step: Pipeline.PipelineScript = [nodes.Parsing, nodes.Binding, nodes.Fetching]

/** Which of these types are worth a question of this connection now. In a failed transaction none is. */
export const missing = (core: ConnectionState, oids: ReadonlyArray<number>): ReadonlyArray<number> =>
  core.findsTypes && core.session.status !== "E" ? core.types.unknown(oids) : []

/** Asks for types that were met. A refusal is the last question of the connection, unless it is the transaction's failure. */
export const ask = (core: ConnectionState, oids: ReadonlyArray<number>, told?: OnTypes): CatalogRequest => {
  const request: CatalogRequest = new CatalogRequest(oids, (failure, types) => {
    const failed = failure instanceof PgServerError && failure.code === "25P02"
    if (failure !== undefined && !failed && !request.discarding) core.findsTypes = false
    told?.(failure, types)
  })
  return request
}

/** What has to be answered before a statement that has met these types may run; `undefined` when nothing has. */
export const before = (core: ConnectionState, oids: ReadonlyArray<number>): CatalogRequest | undefined => {
  const unknown = missing(core, oids)
  return unknown.length === 0 ? undefined : ask(core, unknown)
}
