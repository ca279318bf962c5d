/** The operations of a session that are one exchange each, with an outcome when that is over. */
import * as Effect from "effect/Effect"
import type { PgSessionError } from "../model/PgError.js"
import type { PgType } from "../model/PgType.js"
import type { Statement } from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import type { Admission } from "./session/Admission.js"
import * as Catalog from "./session/Catalog.js"
import type { ConnectionState, Outcome, Request } from "./session/ConnectionState.js"
import * as Exchange from "./session/Exchange.js"
import type { Description } from "./statement/Describe.js"
import { DescribeRequest } from "./statement/Describe.js"
import type { PipelineResult } from "./statement/ExplicitPipeline.js"
import { PipelineRequest } from "./statement/ExplicitPipeline.js"
import type { Call } from "./statement/FunctionCall.js"
import { FunctionCallRequest } from "./statement/FunctionCall.js"
import type { QueryResult } from "./statement/Query.js"
import { QueryRequest, RowsRequest, SimpleRequest } from "./statement/Query.js"
import type { QueryOptions, ValueOptions } from "./statement/RowOperations.js"
import { inspectorOf } from "./statement/ValueReading.js"

/** `admission`: asked before each; unless given, the session is its owner's alone. */
export const make = (core: ConnectionState, admission?: Admission) => {
  const run = <A>(
    options: QueryOptions | undefined,
    make: (outcome: Outcome<A>) => Request
  ): Effect.Effect<A, PgSessionError> =>
    Exchange.run(core, make, options?.timeout ?? core.statementTimeout, admission)
  const rows =
    <M extends Row.RowMode>(mode: M, operation: string) =>
    (
      statement: Statement,
      options?: QueryOptions & ValueOptions
    ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, PgSessionError> =>
      Exchange.run<ReadonlyArray<Row.RowIn<M>>>(
        core,
        (outcome) => new RowsRequest(statement, mode, operation, outcome, inspectorOf(options)),
        options?.timeout ?? core.statementTimeout,
        admission
      )
  return {
    query: rows("object", "query"),
    values: rows("array", "values"),
    execute: (
      statement: Statement,
      options?: QueryOptions & ValueOptions
    ): Effect.Effect<QueryResult<Row.ObjectRow>, PgSessionError> =>
      run<QueryResult<Row.ObjectRow>>(
        options,
        (outcome) => new QueryRequest(statement, "object", outcome, "execute", inspectorOf(options))
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
    pipeline: (
      statements: ReadonlyArray<Statement>,
      options?: QueryOptions
    ): Effect.Effect<PipelineResult, PgSessionError> =>
      run<PipelineResult>(options, (outcome) => new PipelineRequest(statements, "object", outcome)),
    callFunction: (call: Call, options?: QueryOptions): Effect.Effect<Uint8Array | null, PgSessionError> =>
      run<Uint8Array | null>(options, (outcome) => new FunctionCallRequest(call, outcome)),
    learnTypes: (
      types: ReadonlyArray<string | number>,
      options?: QueryOptions
    ): Effect.Effect<ReadonlyArray<PgType>, PgSessionError> =>
      run<ReadonlyArray<PgType>>(options, (outcome) => new Catalog.CatalogRequest(types, outcome)),
    /** Asks for types that were met; a refusal is not told. */
    askTypes: (types: ReadonlyArray<number>): Effect.Effect<void> =>
      Effect.ignore(run<ReadonlyArray<PgType>>(undefined, (outcome) => Catalog.ask(core, types, outcome)))
  }
}

export type Exchanges = ReturnType<typeof make>
