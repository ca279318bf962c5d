/**
 * COPY by way of the client: the connection comes from the pool (inside a transaction it is the transaction's) and goes
 * back clean. Data are bytes as the COPY statement's format has them.
 *
 * What is copied is the text of a statement, or told by a table, a format and its options: then names are quoted, and
 * options that do not go together, or that the server does not know yet, are refused with `PgUsageError` before anything is
 * sent.
 *
 * Interrupting, or a source that fails, ends a copy in with CopyFail, and nothing is stored; closing a copy out early
 * cancels it on the server. The deadline (`timeout`) is for each wait for the server.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import * as CopyHint from "../copy/CopyHint.js"
import * as CopyPlan from "../copy/CopyPlan.js"
import type { BytesFrom, BytesInto, TableName } from "../copy/CopyRows.js"
import type { CopyOptions } from "../connection/PgConnection.js"
import type { PgSessionError } from "../model/PgError.js"
import * as CopyWays from "./CopyWays.js"
import type { PgClientError } from "./PgClient.js"
import type { PgClient } from "./PgClient.js"

/** Copies of bytes, on a connection or by way of the client. */
export interface ByteCopies<Err, Env> {
  /**
   * Feeds a `copy … from stdin` from a stream and answers with the number of rows stored. The server's refusal ends it at
   * once, however much input is left.
   */
  readonly from: <E, R>(
    target: string | BytesInto,
    source: Stream.Stream<Uint8Array, E, R>,
    options?: CopyOptions
  ) => Effect.Effect<CopyResult, Err | E, Env | R>
  /** `from` as a sink, for the end of a pipeline. */
  readonly sink: (
    target: string | BytesInto,
    options?: CopyOptions
  ) => Sink.Sink<CopyResult, Uint8Array, never, Err, Env>
  /** The bytes of a `copy … to stdout`, at the consumer's pace; pieces are not cut at rows. */
  readonly to: (source: string | BytesFrom, options?: CopyOptions) => Stream.Stream<Uint8Array, Err, Env>
}

const optionsOf = (what: string | CopyOptions, options: CopyOptions | undefined): CopyOptions | undefined =>
  options ?? (typeof what === "string" ? undefined : what)

const tableOf = (what: string | BytesInto | BytesFrom): TableName | undefined =>
  typeof what === "string" || "query" in what ? undefined : what.table

export const make = <Err, Env>(ways: CopyWays.Ways<Err, Env>): ByteCopies<Err | PgSessionError, Env> => ({
  from: (target, source, options) =>
    ways.effect((connection) =>
      Effect.flatMap(
        typeof target === "string" ? Effect.succeed(target) : CopyPlan.bytesInto(connection, target),
        (sql) =>
          connection
            .copyFrom(sql, source, optionsOf(target, options))
            .pipe(Effect.mapError(CopyHint.of(tableOf(target), sql)))
      )
    ),
  sink: (target, options) =>
    ways.sink((connection) =>
      typeof target === "string"
        ? connection.copySink(target, options)
        : Sink.unwrap(
            Effect.map(CopyPlan.bytesInto(connection, target), (sql) =>
              connection
                .copySink(sql, optionsOf(target, options))
                .pipe(Sink.mapError(CopyHint.of(target.table, sql)))
            )
          )
    ),
  to: (source, options) =>
    ways.stream((connection) =>
      typeof source === "string"
        ? connection.copyTo(source, options)
        : Stream.unwrap(
            Effect.map(CopyPlan.bytesFrom(connection, source), (sql) =>
              connection
                .copyTo(sql, optionsOf(source, options))
                .pipe(Stream.mapError(CopyHint.of(tableOf(source), sql)))
            )
          )
    )
})

/** By way of the client. */
export type PooledCopies = ByteCopies<PgClientError, PgClient>

const pooled: PooledCopies = make(CopyWays.pooled)
export const from: PooledCopies["from"] = pooled.from
export const sink: PooledCopies["sink"] = pooled.sink
export const to: PooledCopies["to"] = pooled.to
