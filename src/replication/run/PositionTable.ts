/**
 * Positions beside the data they belong to: in a table of ours, a row for each feed, moved by the transactions that write.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as Identifier from "../../model/Identifier.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgCodecError, PgSessionError, PgUsageError } from "../../model/PgError.js"
import { PgSlotError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"
import type { ObjectRow } from "../../types/RowShape.js"
import type { ServerPlace } from "../feed/FeedPlace.js"
import * as Quoting from "../walsender/Quoting.js"
import * as TablePath from "../slots/TablePath.js"
import * as Walsender from "../walsender/Walsender.js"

/** The table, in the first schema of the search path, unless set otherwise. */
export const defaultTable = "effect_postgres_positions"

/** What is kept of a feed. */
export interface StoredPosition {
  /** Everything that ends here or before has been handled. */
  readonly position: Lsn
  /** The end of the last transaction that was handled; `undefined` when it is not known. */
  readonly handled: Lsn | undefined
  /** The server that the position is of; `undefined` when a version that did not keep it has stored the row. */
  readonly place: ServerPlace | undefined
}

export interface PositionTable {
  /**
   * Makes the table, unless it is there, adds the columns that one of an earlier version lacks, and gives what is kept;
   * `undefined` when nothing is. Waits for a transaction of an earlier session that is about to move it.
   */
  readonly load: (connection: PgConnection) => Effect.Effect<StoredPosition | undefined, PgSessionError>
  /**
   * Moves the position inside the transaction that is open. Fails with `PgSlotError` (`in-use`) when it is not where it
   * was: then another run has moved it.
   */
  readonly move: (
    connection: PgConnection,
    from: Lsn | undefined,
    to: StoredPosition
  ) => Effect.Effect<void, PgSessionError | PgSlotError>
}

/** The errors when another session has made the table at the same time. */
const madeMeanwhile: ReadonlySet<string> = new Set([SqlState.uniqueViolation, SqlState.duplicateTable])

const quoted = (table: string): Either.Either<string, PgUsageError> =>
  Either.flatMap(TablePath.parse(table), Identifier.quotePath).pipe(
    Either.mapLeft((reason) => Quoting.misnamed("table", reason))
  )

const contested = (name: string, table: string): PgSlotError =>
  new PgSlotError({
    reason: "in-use",
    slot: name,
    detail: `another run has moved the position that is kept under this name in ${table}: give each run a name of its own`
  })

/** Those that the first version of the table did not have. */
const laterColumns = ["handled pg_lsn", "system_id text", "timeline int8"]

const create = (connection: PgConnection, table: string): Effect.Effect<void, PgSessionError> =>
  connection
    .simple(
      `create table if not exists ${table} (name text primary key, position pg_lsn not null,` +
        ` moved_at timestamptz not null default now(), ${laterColumns.join(", ")})`
    )
    .pipe(
      Effect.asVoid,
      Effect.catchIf(
        (error) => error._tag === "PgServerError" && madeMeanwhile.has(error.code),
        () => Effect.void
      )
    )

const extend = (connection: PgConnection, table: string): Effect.Effect<void, PgSessionError> =>
  Effect.asVoid(
    connection.simple(
      // For columns that exist the server sends notices, which have no meaning here.
      "set client_min_messages = warning; " +
        `alter table ${table} ${laterColumns.map((column) => `add column if not exists ${column}`).join(", ")}; ` +
        "reset client_min_messages"
    )
  )

const isRefused = (code: string) => (error: PgSessionError) =>
  error._tag === "PgServerError" && error.code === code

/** `name`: of the row. `table`: as written in SQL. */
export const make = (name: string, table: string): Effect.Effect<PositionTable, PgUsageError> =>
  Effect.map(quoted(table), (path) => {
    // The lock waits for a session that is about to move the position: one that this client has lost and the server has not ended yet.
    const select = `select position::text, handled::text, system_id, timeline::text from ${path} where name = $1 for update`
    const load = (connection: PgConnection) =>
      Effect.flatMap(connection.query(Statement.make(select, [name])), ([row]) =>
        row === undefined ? Effect.succeed(undefined) : keptOf(row, select)
      )
    const insert =
      `insert into ${path} (name, position, handled, system_id, timeline)` +
      " values ($1, $2::text::pg_lsn, $3::text::pg_lsn, $4::text, $5::text::int8) on conflict (name) do nothing"
    const update =
      `update ${path} set position = $2::text::pg_lsn, handled = $3::text::pg_lsn, system_id = $4::text,` +
      " timeline = $5::text::int8, moved_at = now() where name = $1 and position = $6::text::pg_lsn"
    return {
      load: (connection) =>
        load(connection).pipe(
          Effect.catchIf(isRefused(SqlState.undefinedTable), () =>
            Effect.zipRight(create(connection, path), load(connection))
          ),
          Effect.catchIf(isRefused(SqlState.undefinedColumn), () =>
            Effect.zipRight(extend(connection, path), load(connection))
          )
        ),
      move: (connection, from, { handled, place, position }) => {
        const values = [
          name,
          LsnText.toText(position),
          handled === undefined ? null : LsnText.toText(handled),
          place?.systemId ?? null,
          place === undefined ? null : String(place.timeline)
        ]
        return Effect.flatMap(
          connection.execute(
            from === undefined
              ? Statement.make(insert, values)
              : Statement.make(update, [...values, LsnText.toText(from)])
          ),
          ({ command }) => (command.rows === 1n ? Effect.void : Effect.fail(contested(name, path)))
        )
      }
    }
  })

const keptOf = (row: ObjectRow, sql: string): Effect.Effect<StoredPosition, PgCodecError> =>
  Effect.gen(function* () {
    const systemId = Walsender.textOf(row, "system_id")
    const timeline = Walsender.textOf(row, "timeline")
    return {
      position: yield* Walsender.lsnOf(row, "position", sql),
      handled: row["handled"] === null ? undefined : yield* Walsender.lsnOf(row, "handled", sql),
      place:
        systemId === undefined || timeline === undefined
          ? undefined
          : { systemId, timeline: Number(timeline) }
    }
  })
