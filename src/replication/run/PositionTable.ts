/**
 * Positions beside the data they belong to: in a table of ours, a row for each feed, moved by the transactions that write.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as Identifier from "../../model/Identifier.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgConfigError, PgSessionError } from "../../model/PgError.js"
import { PgSlotError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"
import * as Quoting from "../slots/Quoting.js"
import * as TablePath from "../slots/TablePath.js"
import * as Walsender from "../slots/Walsender.js"

/** The table, in the first schema of the search path, unless set otherwise. */
export const usualTable = "effect_postgres_positions"

export interface PositionTable {
  /**
   * Makes the table, unless it is there, and gives the position; `undefined` when none is kept. Waits for a transaction of
   * an earlier session that is about to move it.
   */
  readonly load: (connection: PgConnection) => Effect.Effect<Lsn | undefined, PgSessionError>
  /**
   * Moves the position inside the transaction that is open. Fails with `PgSlotError` (`in-use`) when it is not where it was:
   * then somebody else has moved it.
   */
  readonly move: (
    connection: PgConnection,
    from: Lsn | undefined,
    to: Lsn
  ) => Effect.Effect<void, PgSessionError | PgSlotError>
}

/** What is told when somebody else has made the table at the same time. */
const madeMeanwhile: ReadonlySet<string> = new Set([SqlState.uniqueViolation, SqlState.duplicateTable])

const quoted = (table: string): Either.Either<string, PgConfigError> =>
  Either.flatMap(TablePath.parse(table), Identifier.quotePath).pipe(
    Either.mapLeft((reason) => Quoting.refusal("table", reason))
  )

const contested = (name: string, table: string): PgSlotError =>
  new PgSlotError({
    reason: "in-use",
    slot: name,
    detail: `somebody else has moved the position that is kept under this name in ${table}`
  })

const create = (connection: PgConnection, table: string): Effect.Effect<void, PgSessionError> =>
  connection
    .simple(
      `create table if not exists ${table} (name text primary key, position pg_lsn not null,` +
        ` moved_at timestamptz not null default now())`
    )
    .pipe(
      Effect.asVoid,
      Effect.catchIf(
        (error) => error._tag === "PgServerError" && madeMeanwhile.has(error.code),
        () => Effect.void
      )
    )

/** `name`: of the row. `table`: as written in SQL. */
export const make = (name: string, table: string): Effect.Effect<PositionTable, PgConfigError> =>
  Effect.map(quoted(table), (path) => {
    // The lock waits for whoever is about to move it: a session that we have lost, and that the server has not.
    const select = `select position::text as position from ${path} where name = $1 for update`
    const load = (connection: PgConnection) =>
      Effect.flatMap(connection.query(Statement.make(select, [name])), ([row]) =>
        row === undefined ? Effect.succeed(undefined) : Walsender.lsnOf(row, "position", select)
      )
    const insert = `insert into ${path} (name, position) values ($1, $2::text::pg_lsn) on conflict (name) do nothing`
    const update = `update ${path} set position = $2::text::pg_lsn, moved_at = now() where name = $1 and position = $3::text::pg_lsn`
    return {
      load: (connection) =>
        Effect.catchIf(
          load(connection),
          (error) => error._tag === "PgServerError" && error.code === SqlState.undefinedTable,
          () => Effect.zipRight(create(connection, path), load(connection))
        ),
      move: (connection, from, to) =>
        Effect.flatMap(
          connection.execute(
            from === undefined
              ? Statement.make(insert, [name, LsnText.toText(to)])
              : Statement.make(update, [name, LsnText.toText(to), LsnText.toText(from)])
          ),
          ({ command }) => (command.rows === 1n ? Effect.void : Effect.fail(contested(name, path)))
        )
    }
  })
