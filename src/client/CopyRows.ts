/**
 * COPY with rows in place of bytes, by way of the client: the connection comes from the pool (inside a transaction it is
 * the transaction's) and goes back clean.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/CopyIn.js"
import * as CopyRows from "../connection/CopyRows.js"
import type { RowInput, RowOf, RowsFrom, RowsInto } from "../connection/CopyRows.js"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgSessionError } from "../model/PgError.js"
import type * as Row from "../types/Row.js"
import type { PgClientError } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

/**
 * Copies rows into a table and answers with the number stored. Rows are objects by column name, or arrays in the order
 * of `columns`; each value is what the column's type takes as a parameter.
 *
 * A row that cannot be written fails with `PgCopyRowError`, which names row and column. Then, when the server refuses a
 * row, and when the source fails or is interrupted, nothing is stored.
 */
export const rowsInto = <E, R>(
  target: RowsInto,
  rows: Stream.Stream<RowInput, E, R>
): Effect.Effect<CopyResult, PgClientError | E, PgClient | R> =>
  Effect.scoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.flatMap(connection, (session) => CopyRows.into(session, target, rows))
    )
  )

/** `rowsInto` as a sink, for the end of a pipeline. It hears the server only when rows come. */
export const rowsSink = (target: RowsInto): Sink.Sink<CopyResult, RowInput, never, PgClientError, PgClient> =>
  Sink.unwrapScoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.map(connection, (session) => CopyRows.sink(session, target))
    )
  )

/**
 * The rows of a table or a query, at the consumer's pace; a connection is held while the stream is open. Leaving it early
 * cancels the copy on the server.
 */
export const rowsFrom = <M extends Row.RowMode = "object">(
  source: RowsFrom<M>
): Stream.Stream<RowOf<M>, PgClientError, PgClient> =>
  Stream.unwrapScoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.map(connection, (session) => CopyRows.from(session, source))
    )
  )

/** The same three on a connection of one's own, such as one held for several steps. */
export interface RowsOn {
  readonly rowsInto: <E, R>(
    target: RowsInto,
    rows: Stream.Stream<RowInput, E, R>
  ) => Effect.Effect<CopyResult, PgSessionError | E, R>
  readonly rowsSink: (target: RowsInto) => Sink.Sink<CopyResult, RowInput, never, PgSessionError>
  readonly rowsFrom: <M extends Row.RowMode = "object">(
    source: RowsFrom<M>
  ) => Stream.Stream<RowOf<M>, PgSessionError>
}

/** Copies of rows on this connection. */
export const on = (connection: PgConnection): RowsOn => ({
  rowsInto: (target, rows) => CopyRows.into(connection, target, rows),
  rowsSink: (target) => CopyRows.sink(connection, target),
  rowsFrom: (source) => CopyRows.from(connection, source)
})

export { decode as decodeRows, encode as encodeRows } from "../connection/CopyRows.js"
