/**
 * A COPY out of one session as the source of a COPY into another: the bytes pass through, at the pace of the slower server. Both statements, their columns and
 * the format are worked out before the first byte.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import type { CopyOptions, PgConnection } from "../connection/PgConnection.js"
import type { Column } from "../model/Column.js"
import { PgUsageError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import * as CopyHint from "./CopyHint.js"
import type { Options } from "./CopyOption.js"
import * as CopyStatement from "./CopyStatement.js"
import * as GeneratedColumns from "./GeneratedColumns.js"

/** What is copied: a table or view, with all columns unless some are named, or a query without parameters. */
export type TransferSource =
  | { readonly table: CopyStatement.TableName; readonly columns?: ReadonlyArray<string> }
  | { readonly query: Statement.Statement }

/** Where it goes. */
export interface TransferTarget {
  readonly table: CopyStatement.TableName
  /** The columns that the source's go to, in the source's order. Unless given, those of the same names; generated ones of the target are left out. */
  readonly columns?: ReadonlyArray<string>
}

/** How far a copy from table to table is. */
export interface TransferProgress {
  /** Bytes that the target has been sent. */
  readonly bytes: number
}

/** How a copy from table to table runs. `timeout` is for each wait for one of the servers. */
export interface TransferOptions<E = never, R = never> extends Pick<CopyOptions, "timeout"> {
  /** Unless given, binary where all columns are of built-in types and of the same types on both sides, else text. */
  readonly format?: "binary" | "text"
  /** Run after each `progressEvery`, with the bytes sent until then. While it runs, the copy waits. */
  readonly onProgress?: (progress: TransferProgress) => Effect.Effect<void, E, R>
  /** Least time between two reports. Default 1 second. */
  readonly progressEvery?: Duration.DurationInput
}

/** What became of a copy from table to table. */
export interface TransferResult extends CopyResult {
  readonly bytes: number
  readonly format: "binary" | "text"
}

const refusal = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "Copy.transfer", argument, reason, sql: "" })

const orRefuse = (argument: string, text: CopyStatement.Text): Effect.Effect<string, PgUsageError> =>
  Either.match(text, {
    onLeft: (reason) => Effect.fail(refusal(argument, reason)),
    onRight: Effect.succeed
  })

const describe = (connection: PgConnection, table: CopyStatement.TableName | undefined, query: string) =>
  connection.describe(Statement.make(query)).pipe(
    Effect.map(({ columns }) => columns),
    Effect.mapError(CopyHint.of(table, query))
  )

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => JSON.stringify(name)).join(", ")

/** Columns of the source and of the target, in pairs. */
interface Pairs {
  readonly source: ReadonlyArray<Column>
  readonly target: ReadonlyArray<Column>
}

const named = (
  source: ReadonlyArray<Column>,
  target: ReadonlyArray<Column>
): Effect.Effect<Pairs, PgUsageError> =>
  source.length === target.length
    ? Effect.succeed({ source, target })
    : Effect.fail(
        refusal(
          "columns",
          `must be as many as the source has, which are ${source.length}, got ${target.length}`
        )
      )

const byName = (
  source: ReadonlyArray<Column>,
  target: ReadonlyArray<Column>,
  generated: ReadonlyArray<Column>
): Effect.Effect<Pairs, PgUsageError> => {
  const missing = source.filter(({ name }) => !target.some((column) => column.name === name))
  if (missing.length > 0)
    return Effect.fail(
      refusal(
        "columns",
        `must be named, because the target has no column ${quoted(missing.map(({ name }) => name))}: name the target's columns in the order of the source's`
      )
    )
  const doubled = source.find(({ name }, at) => source.findIndex((column) => column.name === name) !== at)
  if (doubled !== undefined)
    return Effect.fail(
      refusal("columns", `must be named, because the source has ${quoted([doubled.name])} twice`)
    )
  const kept = source.filter(({ name }) => !generated.some((column) => column.name === name))
  return Effect.succeed({
    source: kept,
    target: kept.map(({ name }) => target.find((column) => column.name === name)!)
  })
}

/** Types of the server's own have the same OIDs everywhere. */
const firstOfUsers = 16_384

const best = ({ source, target }: Pairs): "binary" | "text" =>
  source.every(({ typeOid }, at) => typeOid < firstOfUsers && typeOid === target[at]!.typeOid)
    ? "binary"
    : "text"

/** Dates in text mean the same to both sessions when the source writes them by ISO. */
const readable = (from: PgConnection): Effect.Effect<void, PgUsageError> =>
  Effect.flatMap(from.parameter("DateStyle"), (style) =>
    style === undefined || style.startsWith("ISO")
      ? Effect.void
      : Effect.fail(
          refusal(
            "format",
            `text needs DateStyle ISO in the source's session, got ${style}: dates could be read wrong`
          )
        )
  )

/** The query of the source, for the columns that are copied. */
const sourceQuery = (source: TransferSource, query: string, pairs: Pairs): CopyStatement.Text => {
  if (!("query" in source))
    return CopyStatement.query(
      source.table,
      pairs.source.map(({ name }) => name)
    )
  return Either.right(query)
}

/** Counts what passes, and reports it at times. */
const counted = <E, R>(
  bytes: Stream.Stream<Uint8Array, PgSessionError>,
  count: { bytes: number },
  { onProgress, progressEvery = "1 second" }: TransferOptions<E, R>
): Stream.Stream<Uint8Array, PgSessionError | E, R> =>
  Stream.unwrap(
    Effect.map(Clock.currentTimeMillis, (begun) => {
      const every = Duration.toMillis(progressEvery)
      let next = begun + every
      return Stream.tap(bytes, ({ length }) => {
        count.bytes += length
        if (onProgress === undefined) return Effect.void
        return Effect.flatMap(Clock.currentTimeMillis, (now) => {
          if (now < next) return Effect.void
          next = now + every
          return onProgress({ bytes: count.bytes })
        })
      })
    })
  )

/** Copies from one session into another, which must not be the same. */
export const transfer = <E = never, R = never>(
  from: PgConnection,
  source: TransferSource,
  into: PgConnection,
  target: TransferTarget,
  options: TransferOptions<E, R> = {}
): Effect.Effect<TransferResult, PgSessionError | E, R> =>
  Effect.gen(function* () {
    if (from.facts === into.facts)
      return yield* refusal(
        "on",
        "must be two connections, and a transaction of a client has only one for both ends"
      )
    const query = yield* "query" in source
      ? orRefuse("query", CopyStatement.queryOf(source.query))
      : orRefuse("table", CopyStatement.query(source.table, source.columns))
    const out = yield* describe(from, "query" in source ? undefined : source.table, query)
    const targetQuery = yield* orRefuse("table", CopyStatement.query(target.table, target.columns))
    const found = yield* describe(into, target.table, targetQuery)
    const pairs = yield* target.columns === undefined
      ? Effect.flatMap(
          "query" in source ? Effect.succeed([]) : GeneratedColumns.of(into, found),
          (generated) => byName(out, found, generated)
        )
      : named(out, found)
    const format = options.format ?? best(pairs)
    if (format === "text") yield* readable(from)
    const settings: Options = { format }
    const copyOut = CopyStatement.from(yield* orRefuse("table", sourceQuery(source, query, pairs)), settings)
    const names = pairs.target.map(({ name }) => name)
    const copyIn = yield* orRefuse("table", CopyStatement.into(target.table, names, settings))
    const limit = options.timeout === undefined ? {} : { timeout: options.timeout }
    const count = { bytes: 0 }
    const result = yield* into
      .copyFrom(copyIn, counted(from.copyTo(copyOut, limit), count, options), limit)
      .pipe(Effect.mapError(CopyHint.of(target.table, copyIn)))
    return { ...result, bytes: count.bytes, format }
  })
