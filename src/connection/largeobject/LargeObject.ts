/**
 * Large objects: values of up to 4 TB that are read and written piece by piece, known by an OID. Everything goes through the server's
 * functions, over a connection or a client; each piece is a statement of its own.
 *
 * Outside a transaction each piece is committed by itself, and a reader sees what others write meanwhile. Inside one, writes take
 * effect together; with `isolation: "repeatable read"` a reader sees one state.
 *
 * ```ts
 * const oid = yield* LargeObject.create(pg)
 * yield* Stream.run(file, LargeObject.sink(pg, oid))
 * ```
 *
 * @see https://www.postgresql.org/docs/current/lo-funcs.html
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { PgUsageError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import { notBytes } from "../session/Bytes.js"

/** What runs the statements: a `PgClient` or a `PgConnection`. */
export interface LargeObjectExecutor<E> {
  readonly values: (statement: Statement.Statement) => Effect.Effect<ReadonlyArray<ReadonlyArray<unknown>>, E>
}

/** Bytes of a piece, unless set: 256 KiB. */
export const defaultPieceBytes = 256 * 1024

/** The server builds a piece in memory, and no value has more bytes. */
const maxPieceBytes = 512 * 1024 * 1024

/** The most bytes that a large object has: 4 TB, less one page of 2 KiB. */
export const maxBytes = 2n ** 31n * 2048n

/** How an object is read or written. */
export interface PieceOptions {
  /** Where to begin, in bytes from the start. Default 0. */
  readonly offset?: bigint | number
  /** Bytes that are read or written at a time, from 1 to 512 MiB: what the client and the server hold in memory. Default 256 KiB. */
  readonly pieceBytes?: number
}

/** How much is read. */
export interface ReadOptions extends PieceOptions {
  /** The most bytes that are read. Default: up to the end. */
  readonly length?: bigint | number
}

const usage = (operation: string, argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: `LargeObject.${operation}`, argument, reason, sql: "" })

/** A count of bytes up to the size of the largest object. */
const bytesOf = (
  operation: string,
  argument: string,
  given: bigint | number
): Effect.Effect<bigint, PgUsageError> => {
  const isWhole = typeof given === "bigint" || Number.isSafeInteger(given)
  const bytes = isWhole ? BigInt(given) : -1n
  return bytes >= 0n && bytes <= maxBytes
    ? Effect.succeed(bytes)
    : Effect.fail(
        usage(
          operation,
          argument,
          `must be a whole number of bytes from 0 to ${maxBytes}, got ${String(given)}`
        )
      )
}

const pieceOf = (operation: string, pieceBytes = defaultPieceBytes): Effect.Effect<number, PgUsageError> =>
  Number.isInteger(pieceBytes) && pieceBytes >= 1 && pieceBytes <= maxPieceBytes
    ? Effect.succeed(pieceBytes)
    : Effect.fail(
        usage(operation, "pieceBytes", `must be a whole number from 1 to ${maxPieceBytes}, got ${pieceBytes}`)
      )

const one = <E>(
  on: LargeObjectExecutor<E>,
  sql: string,
  ...parameters: ReadonlyArray<unknown>
): Effect.Effect<unknown, E> => Effect.map(on.values(Statement.make(sql, parameters)), ([row]) => row?.[0])

/**
 * Makes an empty object and gives its OID: the one asked for, or one that the server chooses. Fails with `PgServerError`, `23505`,
 * when there is one of that OID.
 */
export const create = <E>(on: LargeObjectExecutor<E>, oid = 0): Effect.Effect<number, E> =>
  Effect.map(one(on, "select lo_create($1::oid)", oid), Number)

/** Removes an object. Fails with `PgServerError`, `42704`, when no large object has this OID. */
export const remove = <E>(on: LargeObjectExecutor<E>, oid: number): Effect.Effect<void, E> =>
  Effect.asVoid(one(on, "select lo_unlink($1::oid)", oid))

/** Access modes of `lo_open`: https://www.postgresql.org/docs/current/lo-interfaces.html#LO-OPEN */
const forReading = 0x40000
const forWriting = 0x20000

/** A descriptor is opened, used and closed by one statement: nothing is left behind, inside a transaction either. */
const opened = (use: string, mode: number): string =>
  `select ${use}, lo_close(fd) from (select lo_open($1::oid, ${mode}) as fd offset 0) as opened`

/** Bytes of an object. Fails with `PgServerError`, `42704`, when no large object has this OID. */
export const size = <E>(on: LargeObjectExecutor<E>, oid: number): Effect.Effect<bigint, E> =>
  Effect.map(one(on, opened("lo_lseek64(fd, 0, 2)", forReading), oid), (bytes) => BigInt(String(bytes)))

/**
 * Cuts an object to this many bytes, or makes it as long with zeros. Fails with `PgUsageError` for a number that no object has, before
 * anything is sent.
 */
export const truncate = <E>(
  on: LargeObjectExecutor<E>,
  oid: number,
  length: bigint | number
): Effect.Effect<void, E | PgUsageError> =>
  Effect.flatMap(bytesOf("truncate", "length", length), (bytes) =>
    Effect.asVoid(one(on, opened("lo_truncate64(fd, $2::int8)", forWriting), oid, bytes))
  )

/**
 * An object's bytes from `offset` on, in pieces of `pieceBytes`; the next piece is asked for when the consumer wants it. Parts that were
 * never written are zeros. Interruption stops the statement of one piece, as for `query`.
 *
 * Fails with `PgServerError`, `42704`, when there is no object of this OID, and with `PgUsageError` for options out of their range.
 */
export const stream = <E>(
  on: LargeObjectExecutor<E>,
  oid: number,
  options: ReadOptions = {}
): Stream.Stream<Uint8Array, E | PgUsageError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const piece = yield* pieceOf("stream", options.pieceBytes)
      const from = yield* bytesOf("stream", "offset", options.offset ?? 0)
      const length =
        options.length === undefined ? maxBytes : yield* bytesOf("stream", "length", options.length)
      const to = from + length < maxBytes ? from + length : maxBytes
      return Stream.paginateChunkEffect(from, (at) => {
        const wanted = to - at < piece ? Number(to - at) : piece
        if (wanted === 0) return Effect.succeed([Chunk.empty<Uint8Array>(), Option.none<bigint>()] as const)
        return Effect.map(one(on, "select lo_get($1::oid, $2::int8, $3::int4)", oid, at, wanted), (data) => {
          const bytes = data as Uint8Array
          return [
            bytes.length === 0 ? Chunk.empty<Uint8Array>() : Chunk.of(bytes),
            bytes.length < wanted ? Option.none<bigint>() : Option.some(at + BigInt(bytes.length))
          ] as const
        })
      })
    })
  )

/**
 * Writes into an object from `offset` on, over what is there; what lies behind the last byte stays (see `truncate`). Bytes are gathered to
 * pieces of `pieceBytes`; the result is how many were written. Interruption keeps what was written, unless a transaction around it is
 * rolled back.
 *
 * Fails with `PgServerError`, `42704`, when there is no object of this OID; with `PgUsageError` for options out of their range, for
 * elements that are no `Uint8Array`, and where the object would be larger than `maxBytes`.
 */
export const sink = <E>(
  on: LargeObjectExecutor<E>,
  oid: number,
  options: PieceOptions = {}
): Sink.Sink<bigint, Uint8Array, never, E | PgUsageError> =>
  Sink.unwrap(
    Effect.gen(function* () {
      const piece = yield* pieceOf("sink", options.pieceBytes)
      const from = yield* bytesOf("sink", "offset", options.offset ?? 0)
      const put = (at: bigint, data: Uint8Array): Effect.Effect<bigint, E | PgUsageError> => {
        const end = at + BigInt(data.length)
        if (end > maxBytes)
          return Effect.fail(
            usage("sink", "", `a large object has at most ${maxBytes} bytes, and this would be ${end}`)
          )
        return Effect.as(one(on, "select lo_put($1::oid, $2::int8, $3::bytea)", oid, at, data), end)
      }
      // Elements are copied: a source may use their memory again.
      const buffer = new Uint8Array(piece)
      let used = 0
      let at = from
      const flush = Effect.suspend((): Effect.Effect<void, E | PgUsageError> => {
        if (used === 0) return Effect.void
        return Effect.map(put(at, buffer.slice(0, used)), (end) => {
          at = end
          used = 0
        })
      })
      /** Fills the buffer, and writes it whenever it is full. */
      const add = (data: Uint8Array): Effect.Effect<void, E | PgUsageError> => {
        const wrong = notBytes(data, { operation: "LargeObject.sink", argument: "", sql: "", sent: true })
        if (wrong !== undefined) return Effect.fail(wrong)
        const part = data.subarray(0, piece - used)
        buffer.set(part, used)
        used += part.length
        if (used < piece) return Effect.void
        return Effect.zipRight(
          flush,
          Effect.suspend(() => add(data.subarray(part.length)))
        )
      }
      return Sink.forEachChunk((chunk: Chunk.Chunk<Uint8Array>) =>
        Effect.forEach(chunk, add, { discard: true })
      ).pipe(
        Sink.mapEffect(() => flush),
        Sink.map(() => at - from)
      )
    })
  )
