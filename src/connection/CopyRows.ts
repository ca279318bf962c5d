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
import * as Either from "effect/Either"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Column } from "../model/Column.js"
import type { PgCopyRowError } from "../model/CopyRowError.js"
import { PgCodecError, type PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import { lossless } from "../types/Registry.js"
import type * as Row from "../types/Row.js"
import * as CopyColumns from "./CopyColumns.js"
import type { CopyColumn } from "./CopyColumns.js"
import * as CopyFormat from "./CopyFormat.js"
import type { AsBinary, AsCsv, AsText } from "./CopyFormat.js"
import type { CopyResult } from "./CopyIn.js"
import { CopyRowDecoder } from "./CopyRowDecoder.js"
import { CopyRowEncoder, type RowInput } from "./CopyRowEncoder.js"
import * as CopyStatement from "./CopyStatement.js"
import type { CopyOptions, PgConnection } from "./PgConnection.js"

export type { CopyColumn } from "./CopyColumns.js"
export type { AsBinary, AsCsv, AsText, CopyFormat } from "./CopyFormat.js"
export type { RowInput } from "./CopyRowEncoder.js"
export type { IntoSettings, LenientSettings, TableName } from "./CopyStatement.js"

/** The format left to us: binary where every type has a binary form, else text. */
export interface Unstated {
  readonly format?: undefined
}

/** Where rows go. */
export type RowsInto = {
  readonly table: CopyStatement.TableName
  /**
   * The columns, in the order of a row that is an array. Where a type is not stated the server is asked, in one round
   * trip and without a right to select.
   */
  readonly columns: ReadonlyArray<string | CopyColumn>
} & CopyStatement.IntoSettings &
  CopyOptions &
  (Unstated | AsBinary | ((AsText | AsCsv) & CopyStatement.LenientSettings))

/** What reading needs besides the format. */
export interface ReadSettings<M extends Row.RowMode> {
  /** Rows as objects by column name, the default, or as arrays. */
  readonly mode?: M
  /** Greatest record in bytes; default `0x3fffffff`. Memory is never taken for more. */
  readonly maxRecordBytes?: number
}

/** A row of that mode. */
export type RowOf<M extends Row.RowMode> = M extends "array" ? Row.ArrayRow : Row.ObjectRow

/** Where rows come from: a table (or view), or a query without parameters. */
export type RowsFrom<M extends Row.RowMode = "object"> = (
  | {
      readonly table: CopyStatement.TableName
      /** Unless given, all columns. Where a type is not stated the server is asked. */
      readonly columns?: ReadonlyArray<string | CopyColumn>
    }
  | { readonly query: Statement.Statement }
) &
  ReadSettings<M> &
  CopyOptions &
  (Unstated | CopyFormat.CopyFormat)

/** Data that no server is asked about, such as a file's. The format is binary unless given. */
export type RowData = {
  readonly columns: ReadonlyArray<CopyColumn>
  /** Unless given, the lossless types. */
  readonly types?: Registry
} & (Unstated | CopyFormat.CopyFormat)

/** Everything a copy of rows needs to know. */
interface Plan {
  readonly sql: string
  readonly columns: ReadonlyArray<Column>
  readonly format: CopyFormat.Checked
  readonly registry: Registry
}

const refused = (reason: string, direction: CopyFormat.Direction): PgCodecError =>
  new PgCodecError({ direction, where: "COPY", index: -1, type: "copy data", reason, sql: "" })

const orRefuse = <A>(
  either: Either.Either<A, string>,
  direction: CopyFormat.Direction
): Effect.Effect<A, PgCodecError> =>
  Either.match(either, {
    onLeft: (reason) => Effect.fail(refused(reason, direction)),
    onRight: Effect.succeed
  })

const isFormat = (options: Unstated | CopyFormat.CopyFormat): options is CopyFormat.CopyFormat =>
  options.format !== undefined

const describe = (
  connection: PgConnection,
  sql: string
): Effect.Effect<ReadonlyArray<Column>, PgSessionError> =>
  Effect.map(connection.describe(Statement.make(sql)), ({ columns }) => columns)

/** The columns and the registry that knows them: what is stated, and what the server is asked for the rest. */
const resolve = (
  connection: PgConnection,
  asked: CopyColumns.CopyColumns | undefined,
  query: string,
  direction: CopyFormat.Direction
) =>
  Effect.gen(function* () {
    const described =
      asked !== undefined && CopyColumns.areStated(asked) ? [] : yield* describe(connection, query)
    const foreign = CopyColumns.foreignTypes(asked ?? [])
    const types = foreign.length === 0 ? [] : yield* connection.learnTypes(foreign)
    const found = new Map(foreign.map((name, index) => [name, types[index]?.oid ?? 0]))
    const columns =
      asked === undefined ? described : yield* orRefuse(CopyColumns.merge(asked, described, found), direction)
    const registry = yield* connection.findTypes(columns.map(({ typeOid }) => typeOid))
    return { columns, registry }
  })

const planInto = (connection: PgConnection, target: RowsInto): Effect.Effect<Plan, PgSessionError> =>
  Effect.gen(function* () {
    const names = target.columns.map(CopyColumns.nameOf)
    const query = yield* orRefuse(CopyStatement.query(target.table, names), "encode")
    const { columns, registry } = yield* resolve(connection, target.columns, query, "encode")
    const wanted = isFormat(target) ? target : CopyFormat.best(columns, registry, "encode")
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "encode"), "encode")
    const sql = yield* orRefuse(CopyStatement.into(target.table, names, wanted, target), "encode")
    return { sql, columns, format, registry }
  })

const planFrom = <M extends Row.RowMode>(
  connection: PgConnection,
  source: RowsFrom<M>
): Effect.Effect<Plan, PgSessionError> =>
  Effect.gen(function* () {
    const asked = "query" in source ? undefined : source.columns
    const query = yield* orRefuse(
      "query" in source
        ? CopyStatement.queryOf(source.query)
        : CopyStatement.query(source.table, asked?.map(CopyColumns.nameOf)),
      "decode"
    )
    const { columns, registry } = yield* resolve(connection, asked, query, "decode")
    const wanted = isFormat(source) ? source : CopyFormat.best(columns, registry, "decode")
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, "decode"), "decode")
    return { sql: CopyStatement.from(query, wanted), columns, format, registry }
  })

const planData = (data: RowData, direction: CopyFormat.Direction): Effect.Effect<Plan, PgCodecError> =>
  Effect.gen(function* () {
    const registry = data.types ?? lossless
    const columns = yield* orRefuse(CopyColumns.fromStated(data.columns), direction)
    const wanted: CopyFormat.CopyFormat = isFormat(data) ? data : { format: "binary" }
    const format = yield* orRefuse(CopyFormat.check(wanted, columns, registry, direction), direction)
    return { sql: "", columns, format, registry }
  })

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
  Effect.flatMap(planInto(connection, target), (plan) =>
    connection.copyFrom(plan.sql, Stream.pipeThroughChannel(rows, encoding<E>(plan)), target)
  )

/** `into` as a sink, for the end of a pipeline. It hears the server only when rows come. */
export const sink = (
  connection: PgConnection,
  target: RowsInto
): Sink.Sink<CopyResult, RowInput, never, PgSessionError> =>
  Sink.unwrap(
    Effect.map(planInto(connection, target), (plan) =>
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
    Effect.map(planFrom(connection, source), (plan) =>
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
      Effect.map(planData(data, "encode"), (plan) => Stream.pipeThroughChannel(rows, encoding<E>(plan)))
    )

/**
 * The bytes of a copy to rows, however they are cut. Chunks belong to the reader and must not change. Rows before
 * a fault are given before the failure.
 */
export const decode =
  <M extends Row.RowMode = "object">(data: RowData & ReadSettings<M>) =>
  <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<RowOf<M>, PgCodecError | E, R> =>
    Stream.unwrap(
      Effect.map(planData(data, "decode"), (plan) =>
        Stream.pipeThroughChannel(bytes, decoding<M, E>(plan, data))
      )
    )
