/** The copy of one table under a snapshot, as a stream of what comes of it. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as CopyFormat from "../../copy/CopyFormat.js"
import * as CopyRows from "../../copy/CopyRows.js"
import * as CopyStatement from "../../copy/CopyStatement.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgCopyRowError, PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { Registry } from "../../types/Registry.js"
import type { ObjectRow } from "../../types/RowShape.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Walsender from "../walsender/Walsender.js"
import type { CopiedTable } from "./CatchUp.js"
import * as SnapshotFailure from "./SnapshotFailure.js"
import type { PgSnapshotError } from "../../model/SnapshotError.js"
import type { PublishedTable } from "./SnapshotTables.js"
import * as SnapshotTables from "./SnapshotTables.js"

/** A table is about to be copied. What the consumer has of it from before is void. */
export interface CopyStarted {
  readonly _tag: "CopyStarted"
  readonly relation: PublishedTable
}

/** Some of a table's rows, in the order in which the server reads them; never none. */
export interface CopyBatch {
  readonly _tag: "CopyBatch"
  readonly relation: PublishedTable
  /** Every published column, with values as in the stream of changes. */
  readonly rows: ReadonlyArray<ObjectRow>
}

/** All rows of a table have been given. */
export interface CopyFinished {
  readonly _tag: "CopyFinished"
  readonly relation: PublishedTable
  /** What to keep: given to the next `snapshot` of the slot, the table is not copied again. */
  readonly copied: CopiedTable
  readonly rows: number
  /** As the copy had them. */
  readonly bytes: number
}

/** An element of the copy of tables: a table begins, some of its rows, a table is complete. */
export type CopyEvent = CopyStarted | CopyBatch | CopyFinished

/** How far the copy of a table is. */
export interface TableProgress {
  readonly relation: PublishedTable
  readonly state: "waiting" | "copying" | "copied"
  readonly rows: number
  readonly bytes: number
}

/** What counts while a table is copied. */
export class TableTally implements TableProgress {
  state: TableProgress["state"] = "waiting"
  rows = 0
  bytes = 0
  constructor(readonly relation: PublishedTable) {}
}

/**
 * Reads types as the catalogue has them now, behind `position` of the log. A session in the snapshot sees older ones, and the server copies
 * values of composites by those of now.
 */
export type FindTypes = (
  types: ReadonlyArray<number>,
  position: Lsn
) => Effect.Effect<Registry, PgOpenError | PgSessionError | PgSlotError>

/** What a copy can fail with, once the sessions are open. */
export type CopyError = PgOpenError | PgSessionError | PgCopyRowError | PgSnapshotError | PgSlotError

/**
 * Whether the table of the name is still the one that was listed, with the rows that it had: a table that was truncated or
 * rewritten since has other files, and an older snapshot finds none of its rows in them. The catalog is seen under the
 * snapshot, the functions answer of now. And where the log ends now.
 */
const isAsItWas = `select coalesce(to_regclass($2) = $1::oid, false) and coalesce(bool_and(
    pg_relation_filenode(c.oid) is not distinct from nullif(c.relfilenode, 0)), false) as "same",
    (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end)::text as "end"
  from pg_class c
  where (c.oid = $1::oid or c.oid = any (array(select p.relid::oid from pg_partition_tree($1::oid) p)))
    and c.relkind <> 'p' or c.oid = $1::oid`

/** Names are printed as the search path demands: by that of the session, so that they are those of queries and of changes. */
const asTheSession = "set local search_path to default"

const sessionPath = "select reset_val as path from pg_settings where name = 'search_path'"

/**
 * The same as a condition, for a copy that has one already: the operators of that are looked up by the path of the snapshot before the copy
 * runs. What depends on no row is evaluated once, before the first row is read.
 */
const asTheSessionWhenRun = (connection: PgConnection) =>
  Effect.flatMap(connection.query(Statement.make(sessionPath)), ([row = {}]) =>
    Effect.map(
      Quoting.literal("search_path", Walsender.textOf(row, "path") ?? ""),
      (path) => `(select set_config('search_path', ${path}, true)) is not null`
    )
  )

/** Holds the table as it is until `release`, reads its columns, and returns how to copy it. */
const prepare = (connection: PgConnection, table: PublishedTable, findTypes: FindTypes) =>
  Effect.gen(function* () {
    const path = yield* SnapshotTables.quoted(table)
    const select = yield* SnapshotTables.select(table)
    const naming = SnapshotFailure.naming(table)
    yield* naming(
      connection.simple(
        `savepoint of_table; lock table ${yield* SnapshotTables.source(table)} in access share mode`
      )
    )
    const [row] = yield* connection.query(Statement.make(isAsItWas, [table.id, path]))
    if (row?.["same"] !== true) return yield* SnapshotFailure.changed(table)
    const { columns } = yield* naming(connection.describe(Statement.make(select)))
    const end = Option.getOrElse(LsnText.fromText(Walsender.textOf(row, "end") ?? ""), () => LsnText.zero)
    const types = yield* findTypes(
      columns.map(({ typeOid }) => typeOid),
      end
    )
    const format = CopyFormat.best(columns, types, "decode")
    const isFiltered = table.filter !== undefined
    const printsNames = format.format !== "binary"
    if (printsNames && !isFiltered) yield* connection.simple(asTheSession)
    const first = printsNames && isFiltered ? yield* asTheSessionWhenRun(connection) : undefined
    return {
      sql: CopyStatement.from(yield* SnapshotTables.select(table, first), format),
      data: { columns: columns.map(({ name, typeOid }) => ({ name, type: typeOid })), types, ...format }
    }
  })

/** Lets go of the table and stays in the snapshot. */
const release = (connection: PgConnection): Effect.Effect<void, PgSessionError> =>
  Effect.asVoid(connection.simple("rollback to savepoint of_table; release savepoint of_table"))

/** Copies the table through a session that sees the snapshot of `lsn`. */
export const copy = (
  connection: PgConnection,
  tally: TableTally,
  lsn: Lsn,
  findTypes: FindTypes
): Stream.Stream<CopyEvent, CopyError> =>
  Stream.unwrap(
    Effect.map(prepare(connection, tally.relation, findTypes), ({ data, sql }) => {
      const { relation } = tally
      const started: Stream.Stream<CopyEvent> = Stream.sync(() => {
        tally.state = "copying"
        return { _tag: "CopyStarted", relation }
      })
      const batches: Stream.Stream<CopyEvent, CopyError> = connection.copyTo(sql).pipe(
        Stream.mapChunks((chunk) => {
          for (const { length } of chunk) tally.bytes += length
          return chunk
        }),
        CopyRows.decode(data),
        Stream.chunks,
        Stream.filter(Chunk.isNonEmpty),
        Stream.map((chunk): CopyEvent => {
          tally.rows += chunk.length
          return { _tag: "CopyBatch", relation, rows: Chunk.toReadonlyArray(chunk) }
        }),
        Stream.mapError((error) => SnapshotFailure.of(relation, error))
      )
      const finished: Stream.Stream<CopyEvent, PgSessionError> = Stream.fromEffect(
        Effect.map(release(connection), () => {
          const { id, name, schema } = relation
          const { bytes, rows } = tally
          tally.state = "copied"
          return { _tag: "CopyFinished", relation, copied: { id, schema, name, lsn }, rows, bytes }
        })
      )
      return Stream.concat(started, Stream.concat(batches, finished))
    })
  )
