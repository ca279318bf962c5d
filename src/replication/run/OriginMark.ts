/**
 * What a session writes, marked as having come from elsewhere: a feed with `origin: "none"` leaves it out, so that two
 * databases can follow each other without going round in circles.
 *
 * The position that an origin can keep besides is not used: the server moves it when a transaction is rolled back too, and
 * what the transaction should have written would be passed over.
 *
 * @see https://www.postgresql.org/docs/current/replication-origins.html
 */
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgSessionError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"

const find = "select pg_catalog.pg_replication_origin_oid($1::text) is not null as there"
const create = "select pg_catalog.pg_replication_origin_create($1::text)"
const use = "select pg_catalog.pg_replication_origin_session_setup($1::text)"

/** Makes the origin, unless it is there. */
const make = (connection: PgConnection, name: string): Effect.Effect<void, PgSessionError> =>
  Effect.flatMap(connection.query(Statement.make(find, [name])), ([row]) =>
    row?.["there"] === true
      ? Effect.void
      : connection.query(Statement.make(create, [name])).pipe(
          Effect.asVoid,
          Effect.catchIf(
            (error) => error._tag === "PgServerError" && error.code === SqlState.duplicateObject,
            () => Effect.void
          )
        )
  )

/** Marks what the session writes from now on. One session has an origin at a time: another is refused with `55006`. */
export const mark = (connection: PgConnection, name: string): Effect.Effect<void, PgSessionError> =>
  Effect.zipRight(make(connection, name), Effect.asVoid(connection.query(Statement.make(use, [name]))))
