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
import type * as Schema from "effect/Schema"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../connection/session/ArrayChunk.js"
import type { PgCopyRowError } from "../model/CopyRowError.js"
import type { PgCodecError, PgSessionError, PgUsageError } from "../model/PgError.js"
import type * as Row from "../types/Row.js"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import * as Plan from "./CopyPlan.js"
import type { CopyPlan } from "./CopyPlan.js"
import * as CopyRefusal from "./CopyRefusal.js"
import { CopyRowDecoder } from "./CopyRowDecoder.js"
import { CopyRowEncoder } from "./CopyRowEncoder.js"
import * as CopySchema from "./CopySchema.js"
import type {
  ReadSettings,
  RowInput,
  RowOf,
  RowsFrom,
  RowsToRead,
  RowsToWrite,
  TypedInto,
  TypedToRead,
  TypedToWrite
} from "./CopyTarget.js"
import type { PgConnection } from "../connection/PgConnection.js"

type Pipe<In, Out, E, R = never> = Channel.Channel<
  Chunk.Chunk<Out>,
  Chunk.Chunk<In>,
  E | PgCopyRowError,
  E,
  unknown,
  unknown,
  R
>

type Emitted<A, R = never> = Channel.Channel<
  Chunk.Chunk<A>,
  unknown,
  PgCopyRowError,
  unknown,
  void,
  unknown,
  R
>

/** What one chunk or the end gives: its elements, then the failure if there is one. */
const emit = <A>(out: ReadonlyArray<A>, failure: PgCopyRowError | undefined): Emitted<A> => {
  const some = out.length === 0 ? Channel.void : Channel.write(ArrayChunk.make(out))
  return failure === undefined ? some : Channel.zipRight(some, Channel.fail(failure))
}

/** Gives `chunk` of each chunk, and `end` of the end. */
const pipe = <In, Out, E, R>(
  chunk: (elements: ReadonlyArray<In>) => Emitted<Out, R>,
  end: () => Emitted<Out> = () => Channel.void
): Pipe<In, Out, E, R> => {
  const loop: Pipe<In, Out, E, R> = Channel.readWithCause({
    onInput: (elements: Chunk.Chunk<In>) =>
      Channel.flatMap(chunk(Chunk.toReadonlyArray(elements)), () => loop),
    onFailure: Channel.failCause,
    onDone: () => Channel.suspend(end)
  })
  return loop
}

/** Rows encoded at a time: what encodes all of a large chunk would keep the event loop from its turn. */
const maxRows = 1024

/**
 * Rows to bytes. `isEager`: what a chunk of rows has come to is given with it, so that the server sees a row as soon as its
 * source has given it; else full pieces are.
 */
const encoding = <E>(plan: CopyPlan, isEager: boolean): Pipe<RowInput, Uint8Array, E> =>
  Channel.suspend(() => {
    const encoder = new CopyRowEncoder(plan)
    const push = (rows: ReadonlyArray<RowInput>, isLast: boolean) => {
      const out: Array<Uint8Array> = []
      const failure = encoder.push(rows, out)
      const rest = isLast && isEager && failure === undefined ? encoder.take() : undefined
      if (rest !== undefined) out.push(rest)
      return emit(out, failure)
    }
    const from = (rows: ReadonlyArray<RowInput>, at: number): Emitted<Uint8Array> =>
      at + maxRows >= rows.length
        ? push(at === 0 ? rows : rows.slice(at), true)
        : Channel.flatMap(push(rows.slice(at, at + maxRows), false), () => from(rows, at + maxRows))
    return pipe(
      (rows) => from(rows, 0),
      () => emit([encoder.finish()], undefined)
    )
  })

const decoding = <M extends Row.RowMode, E>(
  plan: CopyPlan,
  settings: ReadSettings<M>
): Pipe<Uint8Array, RowOf<M>, E> =>
  Channel.suspend(() => {
    const decoder = new CopyRowDecoder(plan, settings)
    return pipe(
      (chunks) => {
        const out: Array<RowOf<M>> = []
        for (const chunk of chunks) {
          const failure = decoder.push(chunk, out)
          if (failure !== undefined) return emit(out, failure)
        }
        return emit(out, undefined)
      },
      () => {
        const out: Array<RowOf<M>> = []
        return emit(out, decoder.finish(out))
      }
    )
  })

/** Values of a Schema to rows, in chunks. */
const typedEncoding = <A, I, RS>(plan: CopyPlan, schema: Schema.Schema<A, I, RS>) => {
  const pass = CopySchema.encoding(plan, schema)
  return (values: Chunk.Chunk<A>) => Effect.map(pass(Chunk.toReadonlyArray(values)), ArrayChunk.make)
}

/** Rows to values of a Schema; those before a fault are given. */
const typedDecoding = <A, I extends object, RS, E>(
  plan: CopyPlan,
  schema: Schema.Schema<A, I, RS>
): Pipe<Row.Row, A, E, RS> =>
  Channel.suspend(() => {
    const pass = CopySchema.decoding(plan, schema)
    return pipe((rows) =>
      Channel.flatMap(Channel.fromEffect(pass(rows)), ({ failure, values }) => emit(values, failure))
    )
  })

/** A Schema of the rows; without one they are rows as they are. */
type Through<A, I extends object, RS> = Schema.Schema<A, I, RS> | undefined

/** Rows, or values of the Schema, to the data of a copy. */
const toBytes = <A, I extends object, RS, E, R>(
  plan: CopyPlan,
  schema: Through<A, I, RS>,
  values: Stream.Stream<A, E, R>,
  isEager: boolean
): Stream.Stream<Uint8Array, E | PgCopyRowError, R | RS> => {
  const rows: Stream.Stream<RowInput, E | PgCopyRowError, R | RS> =
    schema === undefined
      ? (values as unknown as Stream.Stream<RowInput, E, R>)
      : Stream.suspend(() => Stream.mapChunksEffect(values, typedEncoding(plan, schema)))
  return Stream.pipeThroughChannel(rows, encoding<E | PgCopyRowError>(plan, isEager))
}

/** Rows, or values of the Schema, from bytes. */
const fromBytes = <A, I extends object, RS, M extends Row.RowMode, E, R>(
  plan: CopyPlan,
  settings: ReadSettings<M>,
  schema: Through<A, I, RS>,
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<A, E | PgCopyRowError, R | RS> => {
  const rows = Stream.pipeThroughChannel(bytes, decoding<M, E>(plan, settings))
  return schema === undefined
    ? (rows as unknown as Stream.Stream<A, E | PgCopyRowError, R>)
    : Stream.pipeThroughChannel(rows, typedDecoding<A, I, RS, E | PgCopyRowError>(plan, schema))
}

const hinted = ({ sql, table }: CopyPlan) => CopyRefusal.hinted(table, sql)

/** Copies rows, or values of a Schema, into a table. */
export const into = <A, I extends object, RS, E, R>(
  connection: PgConnection,
  target: TypedInto,
  schema: Through<A, I, RS>,
  values: Stream.Stream<A, E, R>
): Effect.Effect<CopyResult, PgSessionError | PgCopyRowError | E, R | RS> =>
  Effect.flatMap(Plan.into(connection, target, CopySchema.ofSchema(schema)), (plan) =>
    Effect.mapError(connection.copyFrom(plan.sql, toBytes(plan, schema, values, true), target), hinted(plan))
  )

/** `into` as a sink. */
export const sink = <A, I extends object, RS>(
  connection: PgConnection,
  target: TypedInto,
  schema: Through<A, I, RS>
): Sink.Sink<CopyResult, A, never, PgSessionError | PgCopyRowError, RS> =>
  Sink.unwrap(
    Effect.map(Plan.into(connection, target, CopySchema.ofSchema(schema)), (plan) => {
      const rows = Sink.fromChannel(
        Channel.pipeToOrFail(
          encoding<never>(plan, true),
          Sink.toChannel(connection.copySink(plan.sql, target))
        )
      ).pipe(Sink.mapError(hinted(plan)))
      return schema === undefined
        ? (rows as unknown as Sink.Sink<CopyResult, A, never, PgSessionError>)
        : Sink.mapInputChunksEffect(rows, typedEncoding(plan, schema))
    })
  )

/** The rows of a table or a query, or values of a Schema. */
export const from = <A, I extends object, RS, M extends Row.RowMode>(
  connection: PgConnection,
  source: RowsFrom<M>,
  schema: Through<A, I, RS>
): Stream.Stream<A, PgSessionError | PgCopyRowError, RS> =>
  Stream.unwrap(
    Effect.map(Plan.from(connection, source, CopySchema.ofSchema(schema)), (plan) =>
      fromBytes(plan, source, schema, Stream.mapError(connection.copyTo(plan.sql, source), hinted(plan)))
    )
  )

type Encoding<A, RS = never> = <E, R>(
  rows: Stream.Stream<A, E, R>
) => Stream.Stream<Uint8Array, PgCodecError | PgCopyRowError | PgUsageError | E, R | RS>

type Decoding<A, RS = never> = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
) => Stream.Stream<A, PgCodecError | PgCopyRowError | PgUsageError | E, R | RS>

/**
 * Rows, or values of a Schema, to the bytes of a copy, about 64 kB at a time: for a file that a server, or `decode`, is to
 * read. Columns that are not given are those of the Schema, in its order; then each field must have a built-in type.
 */
export function encode(data: RowsToWrite): Encoding<RowInput>
export function encode<A, I extends object, RS>(
  data: TypedToWrite,
  schema: Schema.Schema<A, I, RS>
): Encoding<A, RS>
export function encode<A, I extends object, RS>(data: TypedToWrite, schema?: Schema.Schema<A, I, RS>) {
  return <E, R>(rows: Stream.Stream<A, E, R>) =>
    Stream.unwrap(
      Effect.map(Plan.data(data, "encode", CopySchema.ofSchema(schema)), (plan) =>
        toBytes(plan, schema, rows, false)
      )
    )
}

/**
 * The bytes of a copy to rows, or to values of a Schema, however they are cut. Chunks belong to the reader and must not
 * change. Rows before a fault are given before the failure.
 */
export function decode<M extends Row.RowMode = "object">(data: RowsToRead<M>): Decoding<RowOf<M>>
export function decode<A, I extends object, RS>(
  data: TypedToRead,
  schema: Schema.Schema<A, I, RS>
): Decoding<A, RS>
export function decode<A, I extends object, RS, M extends Row.RowMode>(
  data: RowsToRead<M> | TypedToRead,
  schema?: Schema.Schema<A, I, RS>
) {
  return <E, R>(bytes: Stream.Stream<Uint8Array, E, R>) =>
    Stream.unwrap(
      Effect.map(Plan.data(data, "decode", CopySchema.ofSchema(schema)), (plan) =>
        fromBytes<A, I, RS, Row.RowMode, E, R>(plan, data, schema, bytes)
      )
    )
}
