/** Single statements on whichever session a dispatcher has free. */
import type * as Effect from "effect/Effect"
import type { PgSessionError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import type * as Row from "../types/Row.js"
import type { Dispatcher } from "./session/Dispatch.js"
import * as Dispatch from "./session/Dispatch.js"
import type { SingleStatements } from "./SharedSession.js"
import type { QueryResult } from "./statement/Query.js"
import { QueryRequest, RowsRequest } from "./statement/Query.js"
import type { QueryOptions, RowsAs, ValueOptions } from "./statement/QueryOptions.js"
import { modeOf, refusedMode } from "./statement/RowsAs.js"
import { inspectorOf } from "./statement/ValueReading.js"

/** Takes a session, runs a statement with its operations, and gives the session back. */
type Taken<E> = <A, R>(
  run: (statements: SingleStatements) => Effect.Effect<A, PgSessionError, R>
) => Effect.Effect<A, E | PgSessionError, R>

/** Each statement on a session that is taken for it. */
export const taking = <E>(taken: Taken<E>): SingleStatements<E | PgSessionError> => ({
  query: (statement, options) => taken((each) => each.query(statement, options)),
  execute: (statement, options) => taken((each) => each.execute(statement, options)),
  values: (statement, options) => taken((each) => each.values(statement, options)),
  through: {
    query: (statement, schema, options) => taken((each) => each.through.query(statement, schema, options)),
    execute: (statement, schema, options) => taken((each) => each.through.execute(statement, schema, options))
  }
})

/**
 * Each statement by the dispatcher; `otherwise` when the dispatcher does not take it, when it has a deadline of its own, which does not
 * count the wait for a session, and when its rows go through a Schema.
 */
export const make = <E>(
  dispatcher: Dispatcher<E>,
  otherwise: SingleStatements<E | PgSessionError>
): SingleStatements<E | PgSessionError> => {
  const rows = <M extends Row.ResultMode>(
    operation: string,
    statement: Statement,
    mode: M,
    options: (QueryOptions & ValueOptions) | undefined,
    inOtherWay: () => Effect.Effect<ReadonlyArray<Row.RowIn<M>>, E | PgSessionError>
  ): Effect.Effect<ReadonlyArray<Row.RowIn<M>>, E | PgSessionError> =>
    options?.timeout !== undefined
      ? inOtherWay()
      : Dispatch.run<ReadonlyArray<Row.RowIn<M>>, E>(
          dispatcher,
          (outcome) => new RowsRequest(statement, mode, operation, outcome, options && inspectorOf(options)),
          inOtherWay
        )
  return {
    query: <M extends Row.ResultMode = "object">(statement: Statement, options?: QueryOptions & RowsAs<M>) =>
      options?.rows === undefined
        ? rows("query", statement, "object" as M, options, () => otherwise.query(statement, options))
        : (refusedMode("query", statement, options) ??
          rows("query", statement, modeOf(options), options, () => otherwise.query(statement, options))),
    execute: <M extends Row.ResultMode = "object">(
      statement: Statement,
      options?: QueryOptions & RowsAs<M>
    ) =>
      options?.timeout !== undefined
        ? otherwise.execute(statement, options)
        : (refusedMode("execute", statement, options) ??
          Dispatch.run<QueryResult<Row.RowIn<M>>, E>(
            dispatcher,
            (outcome) =>
              new QueryRequest(
                statement,
                modeOf(options),
                outcome,
                "execute",
                options && inspectorOf(options)
              ),
            () => otherwise.execute(statement, options)
          )),
    values: (statement, options) =>
      rows("values", statement, "array", options, () => otherwise.values(statement, options)),
    through: otherwise.through
  }
}
