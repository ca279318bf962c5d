/**
 * The header of a file of bytes, compared with the columns here: servers before 15 pass over a header and do not look at it.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../connection/PgConnection.js"
import { PgUsageError } from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import * as CopyOption from "./CopyOption.js"
import * as CopyRows from "./CopyRows.js"
import * as CopyStatement from "./CopyStatement.js"
import type { BytesInto } from "./CopyTarget.js"
import * as GeneratedColumns from "./GeneratedColumns.js"

/** The first server that compares a header. */
const since = 150_000

/** Most bytes of a header. */
const mostBytes = 1 << 20

const refusal = (reason: string): PgUsageError =>
  new PgUsageError({ operation: "Copy.from", argument: "header", reason, sql: "", sent: true })

const lf = 10
const cr = 13

/** The place behind the first line end outside of quotes; -1 when it has not come yet. */
const endOf = (bytes: Uint8Array, quote: number, escape: number): number => {
  let isQuoted = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (isQuoted && byte === escape && escape !== quote) at++
    else if (byte === quote) isQuoted = !isQuoted
    else if (!isQuoted && (byte === lf || byte === cr)) return at + 1
  }
  return -1
}

const joined = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

/** Names that the server would look for: those stated, or all columns but those that it computes. */
const namesOf = (
  connection: PgConnection,
  { columns, table }: BytesInto
): Effect.Effect<ReadonlyArray<string>, PgSessionError> =>
  columns !== undefined
    ? Effect.succeed(columns)
    : Either.match(CopyStatement.query(table, undefined), {
        // The statement of the copy is refused for the same name, in its own words.
        onLeft: () => Effect.succeed([]),
        onRight: (query) =>
          Effect.flatMap(connection.describe(Statement.make(query)), ({ columns }) =>
            Effect.map(GeneratedColumns.of(connection, columns), (generated) =>
              columns.filter((column) => !generated.includes(column)).map(({ name }) => name)
            )
          )
      })

const compare = (
  header: Uint8Array,
  names: ReadonlyArray<string>,
  { delimiter, escape, quote }: CopyOption.RequestedOptions
): Effect.Effect<void, PgUsageError> => {
  const read = CopyRows.decode({
    columns: names.map((name) => ({ name, type: "text" })),
    format: "csv",
    header: "match",
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(escape === undefined ? {} : { escape })
  })
  return Stream.runDrain(read(Stream.make(header))).pipe(
    Effect.mapError(({ message }) => refusal(`must have the names of the columns: ${message}`))
  )
}

/** The source, which fails before its first byte is given when its header has other names. */
const checking = <E, R>(
  source: Stream.Stream<Uint8Array, E, R>,
  names: ReadonlyArray<string>,
  options: CopyOption.RequestedOptions
): Stream.Stream<Uint8Array, E | PgUsageError, R> => {
  const quote = (options.quote ?? '"').charCodeAt(0)
  const escape = options.escape?.charCodeAt(0) ?? quote
  const begin = { pieces: [] as ReadonlyArray<Uint8Array>, bytes: 0, end: -1 }
  const header = Sink.foldChunks(
    begin,
    ({ bytes, end }) => end < 0 && bytes <= mostBytes,
    ({ pieces }, chunk: Chunk.Chunk<Uint8Array>) => {
      const all = joined([...pieces, ...chunk])
      return { pieces: [all], bytes: all.length, end: endOf(all, quote, escape) }
    }
  )
  return Stream.unwrapScoped(
    Effect.map(Stream.peel(source, header), ([{ bytes, end, pieces }, rest]) => {
      const begun = pieces[0] ?? new Uint8Array()
      const checked =
        end < 0 && bytes > mostBytes
          ? Effect.fail(refusal(`must end within ${mostBytes} bytes, and no line end was found`))
          : compare(end < 0 ? begun : begun.subarray(0, end), names, options)
      return Stream.concat(Stream.fromEffect(Effect.as(checked, begun)), rest)
    })
  )
}

/** What is copied and where, with the header compared here if the server would not. */
export const compared = <E, R>(
  connection: PgConnection,
  target: BytesInto,
  source: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<
  { readonly target: BytesInto; readonly source: Stream.Stream<Uint8Array, E | PgUsageError, R> },
  PgSessionError
> =>
  Effect.gen(function* () {
    const options = CopyOption.asked(target)
    const version = yield* connection.serverVersion
    // In the text format such a server has no header at all, and one in another encoding is the server's to read.
    const isOurs = options.header === "match" && options.format === "csv" && options.encoding === undefined
    if (!isOurs || version === undefined || version >= since) return { target, source }
    const names = yield* namesOf(connection, target)
    return {
      target: { ...target, header: true } as BytesInto,
      source: checking(source, names, options)
    }
  })
