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
 * Feeds a COPY … FROM STDIN from a stream of bytes and gives the number of rows stored. `target` is the statement, or a table with a
 * format and its options. The server's refusal ends it at once; when the source fails or is interrupted, nothing is stored.
 */
export const from: Pooled["from"] = copies.from
/** `from` as a sink, for the end of a pipeline. An error of the server is noticed when the next bytes come, or at the end. */
export const sink: Pooled["sink"] = copies.sink
/** The bytes of a COPY … TO STDOUT, at the consumer's pace; pieces are not cut at rows. Leaving it early cancels the copy. */
export const to: Pooled["to"] = copies.to
/**
 * Copies rows, or values of a Schema, into a table and gives the number stored. A row that cannot be written fails with
 * `PgCopyRowError`; then, when the server refuses a row, and when the source fails or is interrupted, nothing is stored.
 */
export const rowsInto: Pooled["rowsInto"] = copies.rowsInto
/** `rowsInto` as a sink, for the end of a pipeline. An error of the server is noticed when the next rows come, or at the end. */
export const rowsSink: Pooled["rowsSink"] = copies.rowsSink
/**
 * The rows of a table or a query, or values of a Schema, at the consumer's pace. Leaving the stream early cancels the copy. Rows before
 * one that cannot be read are given.
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
