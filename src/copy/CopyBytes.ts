/**
 * COPY as bytes, of a statement that the caller has written or of one that is made from a table or a query and the options.
 *
 * The header of a file is compared here when the server would pass over it: those before 15 do.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { CopyResult } from "../connection/copy/CopyIn.js"
import type { CopyOptions, PgConnection } from "../connection/PgConnection.js"
import { type PgSessionError, PgUsageError } from "../model/PgError.js"
import * as CopyCsv from "../wire/copy/CopyCsv.js"
import type * as LineFormat from "../wire/copy/LineFormat.js"
import type { CopyFormatError } from "../wire/copy/RecordReader.js"
import * as CopyFacts from "./CopyFacts.js"
import * as CopyFormat from "./CopyFormat.js"
import * as CopyOption from "./CopyOption.js"
import { admit, hinted, orRefuse } from "./CopyRefusal.js"
import * as CopyStatement from "./CopyStatement.js"
import type { BytesFrom, BytesInto } from "./CopyTarget.js"

/** The statement of a copy, the options of its run, and what its errors are given. */
const planOf = (
  connection: PgConnection,
  use: "into" | "from",
  what: string | BytesInto | BytesFrom,
  given: CopyOptions | undefined
) =>
  Effect.gen(function* () {
    if (typeof what === "string")
      return { sql: what, options: given, hint: hinted(undefined, what), format: undefined }
    const operation = use === "into" ? "from" : "to"
    const [table, columns] = "query" in what ? [undefined, undefined] : [what.table, what.columns]
    const version = yield* connection.serverVersion
    const situation = { use, data: "bytes", version, named: columns !== undefined } as const
    const asked = yield* admit(what, situation, operation)
    const options = { ...asked, format: what.format }
    const format = yield* orRefuse(CopyFormat.settings(options, columns), operation)
    const sql = yield* orRefuse(
      use === "into" && table !== undefined
        ? CopyStatement.into(table, columns, options)
        : Either.flatMap(CopyStatement.source(what, columns), (query) =>
            CopyStatement.fromChoosing(query, options)
          ),
      operation
    )
    return { sql, options: given ?? what, hint: hinted(table, sql), format }
  })

/** The first server that compares a header. */
const since = 150_000

/** Most bytes of a header. */
const mostBytes = 1 << 20

/** Names that the server would look for: those stated, or all columns but those that it computes. */
const namesOf = (
  connection: PgConnection,
  { columns: named, table }: BytesInto
): Effect.Effect<ReadonlyArray<string>, PgSessionError> =>
  Effect.gen(function* () {
    if (named !== undefined) return named
    const query = yield* orRefuse(CopyStatement.query(table, undefined), "from")
    const columns = yield* CopyFacts.describe(connection, query)
    const generated = yield* CopyFacts.generated(connection, columns)
    return columns.filter((column) => !generated.includes(column)).map(({ name }) => name)
  })

/** The source, which fails before its first byte is given when its header has other names. */
const checking = <E, R>(
  source: Stream.Stream<Uint8Array, E, R>,
  names: ReadonlyArray<string>,
  lines: LineFormat.CsvFormat
): Stream.Stream<Uint8Array, E | PgUsageError, R> =>
  Stream.unwrapScoped(
    Effect.suspend(() => {
      const format = { ...lines, header: "match" } as const
      const reader = new CopyCsv.Reader({ width: names.length, maxRecordBytes: mostBytes, names, format })
      const isOpen = () => reader.headerLeft && reader.failure === null
      const begun: Array<Uint8Array> = []
      const header = Sink.foldChunks(undefined, isOpen, (_, chunk: Chunk.Chunk<Uint8Array>) => {
        for (const bytes of chunk) begun.push(bytes)
        for (const bytes of chunk) {
          // What is not bytes is refused where it would be sent.
          if (!isOpen() || !(bytes instanceof Uint8Array)) break
          reader.push(bytes)
          reader.next()
        }
        return undefined
      })
      return Effect.flatMap(Stream.peel(source, header), ([, rest]) => {
        reader.finish()
        if (isOpen()) reader.next()
        const { failure } = reader
        // Faults in the records are the server's to find.
        return failure?.record === 0
          ? Effect.fail(refusal(failure))
          : Effect.succeed(Stream.concat(Stream.fromIterable(begun), rest))
      })
    })
  )

const refusal = ({ kind, reason }: CopyFormatError): PgUsageError =>
  new PgUsageError({
    operation: "Copy.from",
    argument: "header",
    reason:
      kind === "too-large"
        ? `must end within ${mostBytes} bytes, and no line end was found`
        : `must have the names of the columns: the header of the copy cannot be read: ${reason}`,
    sql: "",
    sent: true
  })

/** The target, when its header is to be compared and the server would not do it. */
const unchecked = (
  connection: PgConnection,
  target: string | BytesInto
): Effect.Effect<BytesInto | undefined> => {
  if (typeof target === "string") return Effect.succeed(undefined)
  const { encoding, format, header } = CopyOption.asked(target)
  // In the text format such a server has no header at all, and one in another encoding is the server's to read.
  if (header !== "match" || format !== "csv" || encoding !== undefined) return Effect.succeed(undefined)
  return Effect.map(connection.serverVersion, (version = since) => (version < since ? target : undefined))
}

/** Copies a source into a table. */
export const into = <E, R>(
  connection: PgConnection,
  target: string | BytesInto,
  source: Stream.Stream<Uint8Array, E, R>,
  given: CopyOptions | undefined
): Effect.Effect<CopyResult, PgSessionError | E, R> =>
  Effect.gen(function* () {
    const ours = yield* unchecked(connection, target)
    const asked = ours === undefined ? target : ({ ...ours, header: true } as BytesInto)
    const { format, hint, options, sql } = yield* planOf(connection, "into", asked, given)
    const data: Stream.Stream<Uint8Array, E | PgUsageError, R> =
      ours !== undefined && format?._tag === "csv"
        ? checking(source, yield* namesOf(connection, ours), format.lines)
        : source
    return yield* Effect.mapError(connection.copyFrom(sql, data, options), hint)
  })

/** `into` as a sink. The header is left to the server. */
export const sink = (
  connection: PgConnection,
  target: string | BytesInto,
  options: CopyOptions | undefined
): Sink.Sink<CopyResult, Uint8Array, never, PgSessionError> =>
  Sink.unwrap(
    Effect.map(planOf(connection, "into", target, options), ({ hint, options, sql }) =>
      Sink.mapError(connection.copySink(sql, options), hint)
    )
  )

/** The bytes of a copy from the server. */
export const from = (
  connection: PgConnection,
  source: string | BytesFrom,
  options: CopyOptions | undefined
): Stream.Stream<Uint8Array, PgSessionError> =>
  Stream.unwrap(
    Effect.map(planOf(connection, "from", source, options), ({ hint, options, sql }) =>
      Stream.mapError(connection.copyTo(sql, options), hint)
    )
  )
