/**
 * COPY with rows in place of bytes: values go through the connection's types in the format of the copy.
 *
 * What the raw copy promises holds here too: a slow side holds up the other, interrupting a copy in ends it with CopyFail
 * and nothing is stored, leaving a copy out early cancels it on the server. A row that cannot be written ends a copy in
 * in the same way.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { PgCopyRowError } from "../model/CopyRowError.js"
import type { PgCodecError, PgSessionError } from "../model/PgError.js"
import type * as Row from "../types/Row.js"
import type { CopyResult } from "./CopyIn.js"
import * as CopyPlan from "./CopyPlan.js"
import type { Plan, ReadSettings, RowData, RowOf, RowsFrom, RowsInto } from "./CopyPlan.js"
import { CopyRowDecoder } from "./CopyRowDecoder.js"
import { CopyRowEncoder, type RowInput } from "./CopyRowEncoder.js"
import type { PgConnection } from "./PgConnection.js"

export type { CopyColumn } from "./CopyColumns.js"
export type { AsBinary, AsCsv, AsText, CopyFormat } from "./CopyFormat.js"
export type { ReadSettings, RowData, RowOf, RowsFrom, RowsInto, Unstated } from "./CopyPlan.js"
export type { RowInput } from "./CopyRowEncoder.js"
export type { IntoSettings, LenientSettings, TableName } from "./CopyStatement.js"

type Pipe<In, Out, E> = Channel.Channel<
  Chunk.Chunk<Out>,
  Chunk.Chunk<In>,
  E | PgCopyRowError,
  E,
  unknown,
  unknown
>

/** What one chunk or the end gives: its elements, then the failure if there is one. */
const emit = <A>(
  out: ReadonlyArray<A>,
  failure: PgCopyRowError | undefined
): Channel.Channel<Chunk.Chunk<A>, unknown, PgCopyRowError, unknown, void> => {
  const some = out.length === 0 ? Channel.void : Channel.write(Chunk.unsafeFromArray(out))
  return failure === undefined ? some : Channel.zipRight(some, Channel.fail(failure))
}

const encoding = <E>({ columns, format, registry, sql }: Plan): Pipe<RowInput, Uint8Array, E> =>
  Channel.suspend(() => {
    const encoder = new CopyRowEncoder(columns, format, registry, sql)
    const loop: Pipe<RowInput, Uint8Array, E> = Channel.readWithCause({
      onInput: (rows: Chunk.Chunk<RowInput>) => {
        const out: Array<Uint8Array> = []
        const failure = encoder.push(Chunk.toReadonlyArray(rows), out)
        return Channel.flatMap(emit(out, failure), () => loop)
      },
      onFailure: Channel.failCause,
      onDone: () => Channel.suspend(() => emit([encoder.finish()], undefined))
    })
    return loop
  })

const decoding = <M extends Row.RowMode, E>(
  plan: Plan,
  { maxRecordBytes, mode }: ReadSettings<M>
): Pipe<Uint8Array, RowOf<M>, E> =>
  Channel.suspend(() => {
    const decoder = new CopyRowDecoder({ ...plan, maxRecordBytes, mode: mode ?? "object" })
    const loop: Pipe<Uint8Array, RowOf<M>, E> = Channel.readWithCause({
      onInput: (chunks: Chunk.Chunk<Uint8Array>) => {
        const out: Array<RowOf<M>> = []
        for (const chunk of chunks) {
          const failure = decoder.push(chunk, out)
          if (failure !== undefined) return emit(out, failure)
        }
        return Channel.flatMap(emit(out, undefined), () => loop)
      },
      onFailure: Channel.failCause,
      onDone: () =>
        Channel.suspend(() => {
          const out: Array<RowOf<M>> = []
          const failure = decoder.finish(out)
          return emit(out, failure)
        })
    })
    return loop
  })

/**
 * Copies rows into a table and answers with the number stored. The server's refusal ends it at once, however much
 * input is left. A row that cannot be written fails with `PgCopyRowError`; then, and when the source fails or is
 * interrupted, nothing is stored.
 */
export const into = <E, R>(
  connection: PgConnection,
  target: RowsInto,
  rows: Stream.Stream<RowInput, E, R>
): Effect.Effect<CopyResult, PgSessionError | E, R> =>
  Effect.flatMap(CopyPlan.into(connection, target), (plan) =>
    connection.copyFrom(plan.sql, Stream.pipeThroughChannel(rows, encoding<E>(plan)), target)
  )

/** `into` as a sink, for the end of a pipeline. It hears the server only when rows come. */
export const sink = (
  connection: PgConnection,
  target: RowsInto
): Sink.Sink<CopyResult, RowInput, never, PgSessionError> =>
  Sink.unwrap(
    Effect.map(CopyPlan.into(connection, target), (plan) =>
      Sink.fromChannel(
        Channel.pipeToOrFail(encoding<never>(plan), Sink.toChannel(connection.copySink(plan.sql, target)))
      )
    )
  )

/** The rows of a table or a query, at the consumer's pace. Leaving the stream early cancels the copy on the server. */
export const from = <M extends Row.RowMode = "object">(
  connection: PgConnection,
  source: RowsFrom<M>
): Stream.Stream<RowOf<M>, PgSessionError> =>
  Stream.unwrap(
    Effect.map(CopyPlan.from(connection, source), (plan) =>
      Stream.pipeThroughChannel(
        connection.copyTo(plan.sql, source),
        decoding<M, PgSessionError>(plan, source)
      )
    )
  )

/** Rows to the bytes of a copy, about 64 kB at a time: for a file that a server, or `decode`, is to read. */
export const encode =
  (data: RowData) =>
  <E, R>(rows: Stream.Stream<RowInput, E, R>): Stream.Stream<Uint8Array, PgCodecError | E, R> =>
    Stream.unwrap(
      Effect.map(CopyPlan.data(data, "encode"), (plan) => Stream.pipeThroughChannel(rows, encoding<E>(plan)))
    )

/**
 * The bytes of a copy to rows, however they are cut. Chunks belong to the reader and must not change. Rows before
 * a fault are given before the failure.
 */
export const decode =
  <M extends Row.RowMode = "object">(data: RowData & ReadSettings<M>) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<RowOf<M>, PgCodecError | E, R> =>
    Stream.unwrap(
      Effect.map(CopyPlan.data(data, "decode"), (plan) =>
        Stream.pipeThroughChannel(bytes, decoding<M, E>(plan, data))
      )
    )
