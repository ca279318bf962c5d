/** A cursor of node-postgres' shape: rows of a statement, so many at a time, through a portal. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgSessionError } from "../model/PgError.js"
import { PgUsageError } from "../model/PgError.js"
import type { ArrayRow, ObjectRow } from "../types/Row.js"
import { PgSqlError } from "./DatabaseError.js"
import type { QueryConfig } from "./QueryCall.js"
import * as QueryCall from "./QueryCall.js"

type Row = ObjectRow | ArrayRow
type Callback = (error: Error | undefined, rows: ReadonlyArray<Row>) => void

/** How a cursor reads its rows. */
export type CursorConfig = Pick<QueryConfig, "rowMode" | "types">

const notAttached = new PgUsageError({
  operation: "Cursor.read",
  argument: "",
  reason: "the cursor has no connection: give it to client.query first",
  sql: ""
})

/** Rows that are waited for by a promise, and given to a callback where there is one. */
const answer = <A>(
  effect: Effect.Effect<A, PgSessionError>,
  callback: ((error: Error | undefined, value: A | undefined) => void) | undefined
): Promise<A> | undefined => {
  const promise = Effect.runPromise(
    Effect.either(Effect.mapError(effect, (error) => new PgSqlError(error)))
  ).then((either) => {
    if (either._tag === "Right") return either.right
    throw either.left
  })
  if (callback === undefined) return promise
  promise.then(
    (value) => callback(undefined, value),
    (error: Error) => callback(error, undefined)
  )
  return undefined
}

/**
 * A statement whose rows are read some at a time. `client.query(cursor)` gives it its connection and returns it. Outside a transaction the
 * connection does nothing else until the cursor is read to its end or closed.
 */
export class Cursor {
  private connection: PgConnection | undefined
  private scope: Scope.CloseableScope | undefined
  private pull: Effect.Effect<Chunk.Chunk<Row>, Option.Option<PgSessionError>> | undefined
  private rest: Array<Row> = []
  private isEnded = false
  /** Reads follow each other. */
  private readonly turn = Effect.unsafeMakeSemaphore(1)

  constructor(
    readonly text: string,
    readonly values: ReadonlyArray<unknown> = [],
    private readonly config: CursorConfig = {}
  ) {}

  /** Takes the connection that it runs on. */
  attach(connection: PgConnection): this {
    this.connection = connection
    return this
  }

  private open(connection: PgConnection, fetchSize: number): Effect.Effect<void> {
    const { isArray, statement, types } = QueryCall.read({ ...this.config, text: this.text }, this.values)
    const rows: Stream.Stream<Row, PgSessionError> = isArray
      ? connection.stream(statement, { types, fetchSize, rows: "array" })
      : connection.stream(statement, { types, fetchSize })
    return Effect.flatMap(Scope.make(), (scope) => {
      this.scope = scope
      return Effect.map(Scope.extend(Stream.toPull(rows), scope), (pull) => {
        this.pull = pull
      })
    })
  }

  private take(count: number): Effect.Effect<ReadonlyArray<Row>, PgSessionError> {
    return Effect.gen(this, function* () {
      const { connection } = this
      if (connection === undefined) return yield* Effect.fail(notAttached)
      if (this.pull === undefined && !this.isEnded) yield* this.open(connection, count)
      while (!this.isEnded && this.rest.length < count) {
        const chunk = yield* Effect.catchAll(this.pull!, (end) =>
          Effect.zipRight(
            this.end,
            Option.isSome(end) ? Effect.fail(end.value) : Effect.succeed(Chunk.empty<Row>())
          )
        )
        this.rest.push(...chunk)
      }
      return this.rest.splice(0, count)
    })
  }

  private get end(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { scope } = this
      this.isEnded = true
      this.scope = undefined
      return scope === undefined ? Effect.void : Scope.close(scope, Exit.void)
    })
  }

  /** The next rows, at most `count`; none at the end. */
  read(count: number, callback?: Callback): Promise<ReadonlyArray<Row>> | undefined {
    const rows = this.turn.withPermits(1)(this.take(count))
    return answer(rows, callback === undefined ? undefined : (error, value) => callback(error, value ?? []))
  }

  /** Gives the connection free. Rows that were not read are left. */
  close(callback?: (error?: Error) => void): Promise<void> | undefined {
    const closing = this.turn.withPermits(1)(
      Effect.zipRight(
        this.end,
        Effect.sync(() => (this.rest = []))
      )
    )
    return answer(Effect.asVoid(closing), callback === undefined ? undefined : (error) => callback(error))
  }
}
