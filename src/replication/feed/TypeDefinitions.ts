/**
 * The definitions of composite types as the catalogue has them at one moment. A composite can be altered while a feed runs,
 * and the stream does not report it: number and types of its fields may stay while their names change. What a transaction
 * wrote is described by the catalogue as any snapshot sees it in which the transaction is visible, and possibly by no
 * earlier one.
 *
 * @see https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { PgSnapshot } from "../../model/PgSnapshot.js"
import * as Statement from "../../model/Statement.js"
import * as Walsender from "../walsender/Walsender.js"
import type { CatalogError, CatalogSession } from "./CatalogSession.js"

export interface TypeDefinitions {
  /** Which transactions the catalogue was read behind. */
  readonly snapshot: PgSnapshot
  /** Equal texts mean equal definitions. */
  readonly text: string
  /** Whether a commit waits for standbys, so that its transaction may be sent long before any snapshot has it. */
  readonly isSynchronous: boolean
}

/** Reads the definitions of these types and of whatever they are made of. */
export type ReadDefinitions = (oids: ReadonlyArray<number>) => Effect.Effect<TypeDefinitions, CatalogError>

const query = `with recursive tree (oid) as (
  select pg_catalog.unnest($1::pg_catalog.text[]::pg_catalog.oid[])
  union
  select part.oid
  from tree
  join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) tree.oid
  cross join lateral (
    select t.typelem where t.typelem operator(pg_catalog.<>) 0
    union all
    select t.typbasetype where t.typtype operator(pg_catalog.=) 'd'
    union all
    select a.atttypid from pg_catalog.pg_attribute a
    where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
      and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
    union all
    select r.rngsubtype from pg_catalog.pg_range r
    where r.rngtypid operator(pg_catalog.=) t.oid or r.rngmultitypid operator(pg_catalog.=) t.oid
  ) part (oid)
)
select pg_catalog.pg_current_snapshot()::pg_catalog.text as snapshot,
  pg_catalog.current_setting('synchronous_standby_names') operator(pg_catalog.<>) '' as "isSynchronous",
  (select pg_catalog.string_agg(pg_catalog.concat_ws(' ', t.oid, t.xmin, (
      select pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.xmin), ',' order by a.attnum)
      from pg_catalog.pg_attribute a
      where t.typtype operator(pg_catalog.=) 'c' and a.attrelid operator(pg_catalog.=) t.typrelid
        and a.attnum operator(pg_catalog.>) 0
    )), ';' order by t.oid)
    from tree join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) tree.oid) as definitions`

export const reading =
  (catalog: CatalogSession): ReadDefinitions =>
  (oids) =>
    catalog.use((session) =>
      Effect.flatMap(session.query(Statement.make(query, [oids.map(String)])), ([row = {}]) => {
        const snapshot = snapshotOf(Walsender.textOf(row, "snapshot"))
        return snapshot === undefined
          ? Effect.fail(Walsender.unreadable("snapshot", query, "pg_snapshot"))
          : Effect.succeed({
              snapshot,
              text: Walsender.textOf(row, "definitions") ?? "",
              isSynchronous: row["isSynchronous"] === true
            })
      })
    )

const snapshotOf = (text: string | undefined): PgSnapshot | undefined =>
  text === undefined ? undefined : Option.getOrUndefined(PgSnapshot.fromText(text))

/** Whether the snapshot has a transaction, of whose number the stream gives the lower half. */
export const sees = (snapshot: PgSnapshot, xid: number): boolean => {
  const behind = Number(BigInt.asUintN(32, snapshot.xmax)) - xid
  return snapshot.isVisible(snapshot.xmax - BigInt(behind | 0))
}
