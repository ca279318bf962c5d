/**
 * COPY by way of the client: the connection comes from the pool (inside a transaction it is the transaction's) and goes
 * back clean. Data are bytes as the COPY statement's format has them.
 *
 * Interrupting, or a source that fails, ends a copy in with CopyFail, and nothing is stored; closing a copy out early
 * cancels it on the server. The deadline (`timeout`) is for each wait for the server.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/CopyIn.js"
import type { CopyOptions } from "../connection/PgConnection.js"
import type { PgClientError } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

/**
 * Feeds a `copy … from stdin` from a stream and answers with the number of rows stored. The server's refusal ends it at
 * once, however much input is left.
 */
export const from = <E, R>(
  sql: string,
  source: Stream.Stream<Uint8Array, E, R>,
  options?: CopyOptions
): Effect.Effect<CopyResult, PgClientError | E, PgClient | R> =>
  Effect.scoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.flatMap(connection, (session) => session.copyFrom(sql, source, options))
    )
  )

/** `from` as a sink, for the end of a pipeline. */
export const sink = (
  sql: string,
  options?: CopyOptions
): Sink.Sink<CopyResult, Uint8Array, never, PgClientError, PgClient> =>
  Sink.unwrapScoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.map(connection, (session) => session.copySink(sql, options))
    )
  )

/** The bytes of a `copy … to stdout`, at the consumer's pace; pieces are not cut at rows. */
export const to = (sql: string, options?: CopyOptions): Stream.Stream<Uint8Array, PgClientError, PgClient> =>
  Stream.unwrapScoped(
    Effect.flatMap(PgClient, ({ connection }) =>
      Effect.map(connection, (session) => session.copyTo(sql, options))
    )
  )
