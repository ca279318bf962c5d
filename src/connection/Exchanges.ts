/** The operations of a session that are one exchange each, with an outcome when that is over. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgSessionError } from "../model/PgError.js"
import type { PgType } from "../model/PgType.js"
import type { Statement } from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { Admission } from "./session/Admission.js"
import * as Catalog from "./session/Catalog.js"
import type { ConnectionState, Outcome, Request } from "./session/ConnectionState.js"
import * as Exchange from "./session/Exchange.js"
import type { BatchResult } from "./statement/BatchRequest.js"
import { BatchRequest } from "./statement/BatchRequest.js"
import type { Description } from "./statement/Describe.js"
import { DescribeRequest } from "./statement/Describe.js"
import type {
  PipelineItem,
  PipelineOptions,
  PipelineResult,
  StepOutcomes,
  StepsContext
} from "./statement/PipelineSteps.js"
import * as Pipelines from "./statement/Pipelines.js"
import type { PreparedStatement } from "./statement/PreparedStatement.js"
import * as PreparedStatements from "./statement/PreparedStatement.js"
import type { Call } from "./statement/FunctionCall.js"
import { FunctionCallRequest } from "./statement/FunctionCall.js"
import type { QueryResult } from "./statement/Query.js"
import { QueryRequest, RowsRequest, SimpleRequest } from "./statement/Query.js"
import type { QueryOptions, RowsAs, ValueOptions } from "./statement/QueryOptions.js"
import { modeOf, refusedMode } from "./statement/RowsAs.js"
import { inspectorOf } from "./statement/ValueReading.js"

function* mapped<A, B>(values: Iterable<A>, map: (value: A) => B): Generator<B, undefined> {
  for (const value of values) yield map(value)
  return undefined
}

/** `admission`: asked before each; unless given, the session is its owner's alone. */
export const make = (core: ConnectionState, admission?: Admission) => {
  const run = <A>(
    options: QueryOptions | undefined,
    make: (outcome: Outcome<A>) => Request
  ): Effect.Effect<A, PgSessionError> =>
    Exchange.run(core, make, options?.timeout ?? core.statementTimeout, admission)
  const rows = <M extends Row.ResultMode>(
    operation: string,
    statement: Statement,
    mode: M,
    options: (QueryOptions & ValueOptions) | undefined
  ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, PgSessionError> =>
    Exchange.run<ReadonlyArray<Row.RowIn<M>>>(
      core,
      (outcome) => new RowsRequest(statement, mode, operation, outcome, options && inspectorOf(options)),
      options?.timeout ?? core.statementTimeout,
      admission
    )
  return {
    query: <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, PgSessionError> =>
      options?.rows === undefined
        ? rows<M>("query", statement, "object" as M, options)
        : (refusedMode("query", statement, options) ?? rows("query", statement, modeOf(options), options)),
    values: (
      statement: Statement,
      options?: QueryOptions & ValueOptions
    ): Effect.Effect<ReadonlyArray<Row.ArrayRow>, PgSessionError> =>
      rows("values", statement, "array", options),
    execute: <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<QueryResult<Row.RowIn<M>>, PgSessionError> =>
      refusedMode("execute", statement, options) ??
      run<QueryResult<Row.RowIn<M>>>(
        options,
        (outcome) =>
          new QueryRequest(statement, modeOf(options), outcome, "execute", options && inspectorOf(options))
      ),
    simple: (
      sql: string,
      options?: QueryOptions & { readonly types?: Registry }
    ): Effect.Effect<ReadonlyArray<QueryResult<Row.ObjectRow>>, PgSessionError> =>
      run<ReadonlyArray<QueryResult<Row.ObjectRow>>>(
        options,
        (outcome) => new SimpleRequest(sql, "object", outcome, "simple", options?.types)
      ),
    describe: (statement: Statement, options?: QueryOptions): Effect.Effect<Description, PgSessionError> =>
      run<Description>(options, (outcome) => new DescribeRequest(statement, outcome)),
    prepare: (
      statement: Statement,
      options?: QueryOptions
    ): Effect.Effect<PreparedStatement, PgSessionError, Scope.Scope> =>
      PreparedStatements.prepare(core, statement, (make) => run(options, make)),
    pipeline: <const Items extends ReadonlyArray<PipelineItem>>(
      items: Items,
      options?: PipelineOptions
    ): Effect.Effect<PipelineResult<StepOutcomes<Items>>, PgSessionError, StepsContext<Items>> =>
      Pipelines.run(core, items, options, (make) => run(options, make)),
    batch: <A, M extends Row.ResultMode = "object">(
      sets: Iterable<A>,
      statement: (set: A) => Statement,
      options?: QueryOptions & RowsAs<M>
    ): Effect.Effect<BatchResult<Row.RowIn<M>>, PgSessionError> =>
      Effect.suspend(() => {
        const statements = mapped(sets, statement)
        const first = statements.next()
        if (first.done === true) return Effect.succeed({ sets: 0, affected: 0n, rows: [], columns: [] })
        return (
          refusedMode("batch", first.value, options) ??
          run<BatchResult<Row.RowIn<M>>>(
            options,
            (outcome) =>
              new BatchRequest(
                first.value,
                statements,
                modeOf(options),
                outcome,
                options && inspectorOf(options)
              )
          )
        )
      }),
    callFunction: (call: Call, options?: QueryOptions): Effect.Effect<Uint8Array | null, PgSessionError> =>
      run<Uint8Array | null>(options, (outcome) => new FunctionCallRequest(call, outcome)),
    learnTypes: (
      types: ReadonlyArray<string | number>,
      options?: QueryOptions
    ): Effect.Effect<ReadonlyArray<PgType>, PgSessionError> =>
      run<ReadonlyArray<PgType>>(options, (outcome) => new Catalog.CatalogRequest(types, outcome)),
    /** Asks for types that were met; a refusal is not reported. */
    askTypes: (types: ReadonlyArray<number>): Effect.Effect<void> =>
      Effect.ignore(run<ReadonlyArray<PgType>>(undefined, (outcome) => Catalog.ask(core, types, outcome)))
  }
}

export type Exchanges = ReturnType<typeof make>
