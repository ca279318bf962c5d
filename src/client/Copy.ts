/** COPY by way of the client: the connection comes from the pool, inside a transaction it is the transaction's. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../connection/PgConnection.js"
import * as Copies from "../copy/Copies.js"
import * as CopyTransfer from "../copy/CopyTransfer.js"
import type { PgClientError, PgClientService } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

const session = Effect.flatMap(PgClient, ({ connection }) => connection)

/** A connection of the pool, inside a transaction the transaction's. It goes back clean. */
const pooled: Copies.Ways<PgClientError, PgClient> = {
  effect: (use) => Effect.scoped(Effect.flatMap(session, use)),
  sink: <A, In, E, R>(use: (connection: PgConnection) => Sink.Sink<A, In, never, E, R>) =>
    Sink.unwrapScoped(
      Effect.map(
        session,
        (connection): Sink.Sink<A, In, never, PgClientError | E, PgClient | Scope.Scope | R> =>
          use(connection)
      )
    ),
  stream: (use) => Stream.unwrapScoped(Effect.map(session, use))
}

const copies = Copies.make(pooled)

/** The copies of the client. */
type Pooled = Copies.Copies<PgClientError, PgClient>

/**
 * Copies a stream of bytes into a table with COPY … FROM STDIN, and returns the number of rows stored. `target` is the statement, or a table with a format and its options.
 *
 * When the server refuses the data, the copy fails at once with `PgServerError`. When the source fails or the copy is interrupted, nothing is stored.
 *
 * ```ts
 * const { rows } = yield* Copy.from({ table: "people", format: "csv", header: true }, fileSystem.stream("people.csv"))
 * ```
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html
 */
export const from: Pooled["from"] = copies.from
/** `from` as a sink, for the end of a pipeline. An error of the server is noticed when the next bytes come, or at the end. */
export const sink: Pooled["sink"] = copies.sink
/** A stream of the bytes of a COPY … TO STDOUT. A slow consumer slows the server down. Chunks do not end at rows. Leaving the stream early cancels the copy. */
export const to: Pooled["to"] = copies.to
/**
 * Copies a stream of rows, or of values of a Schema, into a table, and returns the number of rows stored.
 *
 * A row that cannot be written fails the copy with `PgCopyRowError`, which names the row and the column. Then, and when the server refuses a row, the source fails or the
 * copy is interrupted, nothing is stored.
 *
 * ```ts
 * const people = Stream.make({ name: "Ada", age: 36 }, { name: "Grace", age: 85 })
 * const { rows } = yield* Copy.rowsInto({ table: "people", columns: ["name", "age"] }, people)
 * ```
 */
export const rowsInto: Pooled["rowsInto"] = copies.rowsInto
/** `rowsInto` as a sink, for the end of a pipeline. An error of the server is noticed when the next rows come, or at the end. */
export const rowsSink: Pooled["rowsSink"] = copies.rowsSink
/**
 * A stream of the rows of a table or a query, or of values of a Schema. A slow consumer slows the server down. Leaving the stream early cancels the copy. A row that
 * cannot be read fails the stream with `PgCopyRowError`, after the rows before it.
 */
export const rowsFrom: Pooled["rowsFrom"] = copies.rowsFrom

/** A client, which lends a connection for the copy, or a connection. */
export type TransferEnd = PgClientService | PgConnection

const taken = (on: TransferEnd): Effect.Effect<PgConnection, PgClientError, Scope.Scope> =>
  "connection" in on ? on.connection : Effect.succeed(on)

/**
 * Copies a table or a query of one client or connection into a table of another, such as of another server, without reading the rows: at the pace of the slower
 * side, in bounded memory. The rows are stored by one COPY, all or none. The columns of both sides are compared before anything is copied.
 *
 * Interrupting ends both copies, and nothing is stored. Fails with `PgUsageError` for columns that the target does not have, and when both ends are one
 * connection, such as a client's inside its own transaction.
 */
export const transfer = <E = never, R = never>(
  source: { readonly on: TransferEnd } & CopyTransfer.TransferSource,
  target: { readonly on: TransferEnd } & CopyTransfer.TransferTarget,
  options?: CopyTransfer.TransferOptions<E, R>
): Effect.Effect<CopyTransfer.TransferResult, PgClientError | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      const from = yield* taken(source.on)
      const into = yield* taken(target.on)
      return yield* CopyTransfer.transfer(from, source, into, target, options)
    })
  )
