/**
 * A COPY out of one session as the source of a COPY into another: the bytes pass through, at the pace of the slower server. Both statements, their columns and
 * the format are worked out before the first byte.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Either from "effect/Either"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import type { CopyOptions, PgConnection } from "../connection/PgConnection.js"
import type { Column } from "../model/Column.js"
import type { PgSessionError, PgUsageError } from "../model/PgError.js"
import type * as Statement from "../model/Statement.js"
import * as CopyFacts from "./CopyFacts.js"
import * as CopyRefusal from "./CopyRefusal.js"
import * as CopyStatement from "./CopyStatement.js"

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

const refuse = (argument: string, reason: string) => CopyRefusal.refuse("transfer", argument, reason)

/** The text, or the refusal of the table or the query that there is no text for. */
const orRefuse = (text: Either.Either<string, string>, argument = "table") =>
  CopyRefusal.orRefuse(text, "transfer", argument)

/** Columns of the source and of the target, in pairs. */
interface Pairs {
  readonly source: ReadonlyArray<Column>
  readonly target: ReadonlyArray<Column>
}

const inOrder = ({ source, target }: Pairs): Effect.Effect<Pairs, PgUsageError> => {
  if (source.length === target.length) return Effect.succeed({ source, target })
  const reason = `must be as many as the source has, which are ${source.length}, got ${target.length}`
  return refuse("columns", reason)
}

const named = (columns: ReadonlyArray<Column>, name: string): Column | undefined =>
  columns.find((column) => column.name === name)

const byName = (
  { source, target }: Pairs,
  generated: ReadonlyArray<Column>
): Effect.Effect<Pairs, PgUsageError> => {
  const missing = source.filter(({ name }) => named(target, name) === undefined)
  if (missing.length > 0) {
    const names = CopyRefusal.quoted(missing.map(({ name }) => name))
    const reason = `must be named, because the target has no column ${names}: name the target's columns in the order of the source's`
    return refuse("columns", reason)
  }
  const doubled = source.find((column) => named(source, column.name) !== column)
  if (doubled !== undefined)
    return refuse("columns", `must be named, because the source has ${JSON.stringify(doubled.name)} twice`)
  const kept = source.filter(({ name }) => named(generated, name) === undefined)
  return Effect.succeed({ source: kept, target: kept.map(({ name }) => named(target, name)!) })
}

/** Types of the server's own have the same OIDs everywhere. */
const firstOfUsers = 16_384

const best = ({ source, target }: Pairs): "binary" | "text" =>
  source.every(({ typeOid }, at) => typeOid < firstOfUsers && typeOid === target[at]!.typeOid)
    ? "binary"
    : "text"

/** Dates in text mean the same to both sessions when the source writes them by ISO. */
const readable = (from: PgConnection): Effect.Effect<void, PgUsageError> =>
  Effect.flatMap(from.parameter("DateStyle"), (style) => {
    if (style === undefined || style.startsWith("ISO")) return Effect.void
    const reason = `text needs DateStyle ISO in the source's session, got ${style}: dates could be read wrong`
    return refuse("format", reason)
  })

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
    if (from.facts === into.facts) {
      const reason = "must be two connections, and a transaction of a client has only one for both ends"
      return yield* refuse("on", reason)
    }
    const isQuery = "query" in source
    const [table, some] = isQuery ? [undefined, undefined] : [source.table, source.columns]
    const query = yield* orRefuse(CopyStatement.source(source, some), isQuery ? "query" : "table")
    const out = yield* CopyFacts.describe(from, query, table)
    const targetQuery = yield* orRefuse(CopyStatement.query(target.table, target.columns))
    const found = { source: out, target: yield* CopyFacts.describe(into, targetQuery, target.table) }
    const isByName = target.columns === undefined
    const generated = isQuery || !isByName ? [] : yield* CopyFacts.generated(into, found.target)
    const pairs = yield* isByName ? byName(found, generated) : inOrder(found)
    const format = options.format ?? best(pairs)
    if (format === "text") yield* readable(from)
    const columns = pairs.source.map(({ name }) => name)
    const read = isQuery ? query : yield* orRefuse(CopyStatement.source(source, columns))
    const names = pairs.target.map(({ name }) => name)
    const copyIn = yield* orRefuse(CopyStatement.into(target.table, names, { format }))
    const limit = options.timeout === undefined ? {} : { timeout: options.timeout }
    const count = { bytes: 0 }
    const copyOut = from.copyTo(CopyStatement.from(read, { format }), limit)
    const result = yield* into
      .copyFrom(copyIn, counted(copyOut, count, options), limit)
      .pipe(Effect.mapError(CopyRefusal.hinted(target.table, copyIn)))
    return { ...result, bytes: count.bytes, format }
  })
