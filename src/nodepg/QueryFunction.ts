/** Effects as promises and callbacks, with errors in the shape of node-postgres. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Cursor } from "./Cursor.js"
import type { SqlCause } from "./DatabaseError.js"
import { PgSqlError } from "./DatabaseError.js"
import type { QueryConfig, QueryCall, QueryOutcome, TypeParsers } from "./QueryCall.js"
import { read, refusedSubmittable } from "./QueryCall.js"

/** A callback of node-postgres: an error, or a value. */
export type QueryCallback<A> = (error: Error | undefined, value: A | undefined) => void

/** The effect's outcome by a promise, or by the callback where there is one. Failures are `PgSqlError`. */
export const promised = <A>(
  effect: Effect.Effect<A, SqlCause>,
  callback?: QueryCallback<A>
): Promise<A> | undefined => {
  const promise = Effect.runPromiseExit(Effect.mapError(effect, (error) => new PgSqlError(error))).then(
    (exit) => {
      if (Exit.isSuccess(exit)) return exit.value
      throw Cause.squash(exit.cause)
    }
  )
  if (callback === undefined) return promise
  promise.then(
    (value) => callback(undefined, value),
    (error: Error) => callback(error, undefined)
  )
  return undefined
}

/** `query` of a pool and of a client, in all its forms. */
export interface QueryFunction {
  (query: Cursor): Cursor
  (query: string | QueryConfig, values?: ReadonlyArray<unknown>): Promise<QueryOutcome>
  (query: string | QueryConfig, callback: QueryCallback<QueryOutcome>): void
  (query: string | QueryConfig, values: ReadonlyArray<unknown>, callback: QueryCallback<QueryOutcome>): void
}

/** `query` over a way to run queries. `attach`: where cursors run; without it they are refused. */
export const queryFunction = (
  run: (call: QueryCall) => Effect.Effect<QueryOutcome, SqlCause>,
  types: TypeParsers | undefined,
  attach?: (cursor: Cursor) => Cursor
): QueryFunction => {
  const query = (
    query: string | QueryConfig | Cursor,
    second?: ReadonlyArray<unknown> | QueryCallback<QueryOutcome>,
    third?: QueryCallback<QueryOutcome>
  ): Promise<QueryOutcome> | Cursor | undefined => {
    if (query instanceof Cursor && attach !== undefined) return attach(query)
    const callback = typeof second === "function" ? second : third
    if (typeof query === "object" && ("submit" in query || query instanceof Cursor))
      return promised(Effect.fail(refusedSubmittable(query)), callback)
    return promised(run(read(query, typeof second === "function" ? undefined : second, types)), callback)
  }
  return query as QueryFunction
}
