/**
 * Messages of one's own in the server's log, for feeds opened with `messages`.
 *
 * @see https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-REPLICATION
 */
import * as Effect from "effect/Effect"
import type { Lsn } from "../../model/Lsn.js"
import type { PgCodecError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { ObjectRow } from "../../types/RowShape.js"
import * as Walsender from "../walsender/Walsender.js"

/** A connection, a client, a transaction: whatever runs statements. */
export interface Runs<E> {
  readonly query: (statement: Statement.Statement) => Effect.Effect<ReadonlyArray<ObjectRow>, E>
}

/** How a message is written into the log by `pg_logical_emit_message`. */
export interface EmitOptions {
  /** Names the program of the message: a consumer recognizes its own messages by it. */
  readonly prefix: string
  /** A text is sent as its UTF-8. */
  readonly content: string | Uint8Array
  /**
   * Whether it belongs to the transaction: it comes with it, at its place, and not at all when it is rolled back. Otherwise it
   * stays whatever becomes of the transaction. Default true.
   */
  readonly transactional?: boolean
  /** Whether to wait until the log is on disk; for a message without transaction, which no commit flushes. PostgreSQL 17. */
  readonly flush?: boolean
}

/**
 * Writes a message to the log and gives its position. Any role may.
 *
 * Fails with what the statement fails with; with `flush` on a server before 17 with `PgServerError` `42883`.
 */
export const emit = <E>(
  on: Runs<E>,
  { content, flush, prefix, transactional = true }: EmitOptions
): Effect.Effect<Lsn, E | PgCodecError> => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  const more = flush === undefined ? "" : ", $4::bool"
  const sql = `select pg_catalog.pg_logical_emit_message($1::bool, $2::text, $3::bytea${more})::text as lsn`
  const parameters = [transactional, prefix, bytes, ...(flush === undefined ? [] : [flush])]
  return Effect.flatMap(on.query(Statement.make(sql, parameters)), ([row = {}]) =>
    Walsender.lsnOf(row, "lsn", sql)
  )
}
