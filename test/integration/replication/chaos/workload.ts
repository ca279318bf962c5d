/**
 * What happens at the source: transactions of every size and shape, written by several sessions at once, which end in every
 * way that a transaction can end. The tables afterwards are the truth; no record is kept of what should be in them.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Random } from "../../../campaign/campaign.js"
import type { RawTarget } from "../../support/rawSession.js"
import { rawQuery, rawRows } from "../../support/rawSession.js"

/**
 * - `plain`: keys are changed, columns come and go, it is truncated.
 * - `large`: large values that updates leave as they are, and which are not sent then. Keys stay: a change of a key
 *   that is sent twice could not have the large value the second time.
 * - `whole`: large values and keys that change, by replica identity full.
 * - `parts`: partitions, one of them partitioned itself; rows move among them, partitions come, and go and come back. Regions
 *   1 and 3 share their leaves: a row that moves between them is updated, with its large value left out.
 * - `journal`: rows are added and never touched again, one at least by each transaction.
 *
 * Beside them `silent`, which is not published, and gets large transactions of which the server sends nothing.
 */
export const tables = ["plain", "large", "whole", "parts", "journal"] as const

/** In the last row of `journal`. */
export const mark = "the end"

/** A second publication, of tables that the first publishes too: without it nothing is missing. */
export const alsoOf = (schema: string): string => `${schema}_also`

const publicationOf = (schema: string): string =>
  `create publication ${alsoOf(schema)} for table ${schema}.plain, ${schema}.journal`

/** Makes the tables and publications of them, all named like the schema. */
export const prepare = (server: RawTarget, schema: string, viaRoot: boolean) =>
  Effect.acquireRelease(
    rawRows(
      server,
      `create schema ${schema};
       set search_path = ${schema};
       create table plain (id int primary key, n int, note text, price numeric(10,2), tags int[], at timestamptz);
       create table large (id int primary key, n int, big text);
       alter table large alter big set storage external;
       create table whole (id int primary key, n float8, big text);
       alter table whole alter big set storage external, replica identity full;
       create table journal (id bigint generated always as identity primary key, amount int, pad text);
       create table parts (id int, region int, n int, big text, primary key (id, region)) partition by list (region);
       alter table parts alter big set storage external;
       create table parts_0 partition of parts for values in (0);
       create table parts_1 partition of parts for values in (1, 3) partition by hash (id);
       create table parts_1_0 partition of parts_1 for values with (modulus 2, remainder 0);
       create table parts_1_1 partition of parts_1 for values with (modulus 2, remainder 1);
       create table parts_2 partition of parts for values in (2);
       create table silent (id int, pad text);
       create publication ${schema} for table plain, large, whole, parts, journal
         with (publish_via_partition_root = ${viaRoot});
       ${publicationOf(schema)}`
    ),
    () => Effect.ignore(clean(server, schema))
  )

/** Prepared transactions of a cycle that failed would hold their locks for good. */
const clean = (server: RawTarget, schema: string) =>
  Effect.gen(function* () {
    yield* settle(server, schema, "rollback")
    yield* patiently(
      server,
      `set client_min_messages = error; set lock_timeout = '5s';
       drop publication if exists ${schema}, ${alsoOf(schema)}; drop schema if exists ${schema} cascade`
    )
  })

const ids = 40
const largeValue = (random: Random): string => `repeat('${random.whole(0, 1e9).toString(16)}', 1500)`

/** Has the second publication go, or be known by another name, and come back. */
export const publicationGoes = (schema: string, random: Random): readonly [away: string, back: string] => {
  const also = alsoOf(schema)
  return random.whole(0, 1) === 0
    ? [`drop publication ${also}`, publicationOf(schema)]
    : [`alter publication ${also} rename to ${also}_2`, `alter publication ${also}_2 rename to ${also}`]
}

/** Runs it until the server has answered, which may be starting again. */
export const administer = (server: RawTarget, sql: string) => Effect.ignore(patiently(server, sql))

const statement = (random: Random, isRepeated: boolean): string => {
  const id = random.whole(1, ids)
  const other = random.whole(1, ids)
  const n = random.whole(-1000, 1000)
  const region = random.whole(0, 3)
  switch (random.whole(0, 16)) {
    case 0:
    case 1:
      return `insert into plain (id, n, note, price, tags, at)
        values (${id}, ${n}, ${random.pick(["null", "''", "'it''s \\'", "'ünï'"])}, ${n / 100}, '{${n},null}', now())
        on conflict (id) do update set n = excluded.n, at = excluded.at`
    case 2:
      return `update plain set n = n + 1 where id % 3 = ${random.whole(0, 2)}`
    case 3:
      return `update plain set id = ${other} where id = ${id} and not exists (select from plain where id = ${other})`
    case 4:
      return `delete from ${random.pick(["plain", "large", "whole"])} where id = ${id}`
    case 5:
    case 6:
      return `insert into large values (${id}, ${n}, ${largeValue(random)}) on conflict (id) do update set n = excluded.n`
    case 7:
      return `update large set n = ${n} where id between ${id} and ${id + 5}`
    case 8:
      return `update large set big = ${random.pick(["null", "'small'", largeValue(random)])} where id = ${id}`
    case 9:
      return `insert into whole values (${id}, ${n / 3}, ${largeValue(random)}) on conflict do nothing`
    case 10:
      return `update whole set n = ${n}, id = ${other} where id = ${id} and not exists (select from whole where id = ${other})`
    case 12:
    case 13:
      return `insert into parts values (${id}, ${region}, ${n}, ${largeValue(random)}) on conflict (id, region) do update set n = excluded.n`
    case 14:
      return `update parts p set region = ${region}${isRepeated ? ", big = p.big || '.'" : ""} where id between ${id} and ${id + 3} and region <> ${region}
        and not exists (select from parts o where o.id = p.id and o.region = ${region})
        and region = (select min(o.region) from parts o where o.id = p.id and o.region <> ${region})`
    case 15:
      return random.pick([
        `update parts set n = n + 1 where region = ${region}`,
        `delete from parts where id between ${id} and ${id + 2} and region = ${region}`
      ])
    case 11:
      return `select pg_logical_emit_message(${random.pick(["true", "false"])}, 'chaos', 'a message')`
    default:
      return `insert into journal (amount, pad) select ${n}, repeat('p', 50) from generate_series(1, ${random.whole(1, 20)})`
  }
}

/** Something that happens now and then. Each added column has a name of its own: one that is made again is another. */
const rarity = (random: Random, number: number): string =>
  random.pick([
    "truncate plain",
    "truncate plain, whole",
    "truncate large restart identity",
    "truncate parts",
    "alter table parts detach partition parts_2; alter table parts attach partition parts_2 for values in (2)",
    `create table parts_x${number} partition of parts for values in (${number + 10}); insert into parts values (1, ${number + 10}, 0, 'new')`,
    `alter table plain add column x${number} int; update plain set x${number} = n`,
    `alter table plain add column x${number} text; insert into plain (id, x${number}) values (${-number}, 'new')`,
    `update plain set n = 1; alter table plain drop column if exists x${number - random.whole(1, 12)}; update plain set n = 2`
  ])

const bulk = (random: Random): string =>
  random.pick([
    `insert into journal (amount, pad) select i, repeat('q', 100) from generate_series(1, ${random.whole(500, 2500)}) i`,
    `update parts set n = i from generate_series(1, 3) i; update parts set n = n + 1`,
    `update plain set n = i from generate_series(1, 3) i; update large set n = n + 1; update whole set n = n + 1`
  ])

const body = (random: Random, number: number, isRepeated: boolean): ReadonlyArray<string> => {
  const several = (most: number): ReadonlyArray<string> =>
    Array.from({ length: random.whole(1, most) }, () => statement(random, isRepeated))
  const parts = [`insert into journal (amount) values (${random.whole(1, 1000)})`, ...several(4)]
  if (random.whole(0, 9) === 0) parts.push(bulk(random))
  if (random.whole(0, 9) === 0) parts.push(rarity(random, number))
  if (random.whole(0, 3) === 0) {
    const taken = random.whole(0, 2) === 0 ? [bulk(random)] : several(3)
    parts.push(`savepoint s`, ...taken, random.pick(["rollback to s", "release s"]), ...several(2))
  }
  return parts
}

interface Written {
  readonly sql: string
  /** What becomes of it once it is prepared. */
  readonly then: string | undefined
  /** Whether the server decodes much of which it sends nothing. */
  readonly isGiant?: boolean
}

/** 18.4 cannot decode it if it is rolled back once it is prepared, and larger than `logical_decoding_work_mem`. */
const rewrites = /truncate|alter table/

const makes = /create table/

const transaction = (random: Random, schema: string, number: number, isRepeated: boolean): Written => {
  const work = `set search_path = ${schema}; set lock_timeout = '1s'; begin; ${body(random, number, isRepeated).join("; ")}`
  const gid = `'${schema}_${number}'`
  if (random.whole(0, 39) === 0) {
    const giant = `insert into ${schema}.silent select i, repeat('s', 50) from generate_series(1, ${random.whole(20_000, 80_000)}) i`
    return { sql: `${work}; ${giant}; commit`, then: undefined, isGiant: true }
  }
  // A partition that a prepared transaction has made cannot be recognized as one before that has ended.
  const way = makes.test(work) ? 9 : random.whole(0, 9)
  switch (way) {
    case 0:
      return { sql: `${work}; rollback`, then: undefined }
    case 1:
    case 2:
      return { sql: `${work}; prepare transaction ${gid}`, then: `commit prepared ${gid}` }
    case 3:
      return {
        sql: `${work}; prepare transaction ${gid}`,
        then: `${rewrites.test(work) ? "commit" : "rollback"} prepared ${gid}`
      }
    default:
      return { sql: `${work}; commit`, then: undefined }
  }
}

/** Repeats a statement until the server answers, which may be starting again. Refusals are answers too. */
const patiently = (server: RawTarget, sql: string) =>
  Effect.filterOrFail(rawQuery(server, sql), ({ error }) => error?.code.startsWith("57P") !== true).pipe(
    Effect.retry(Schedule.spaced("50 millis").pipe(Schedule.upTo("30 seconds")))
  )

/** Which transactions a session writes. */
export interface Writing {
  readonly from: number
  readonly to: number
  /**
   * Whether the sink takes transactions a second time. Then rows of `parts` that move get a new large value: one that moves
   * and is sent twice could not have the value the second time.
   */
  readonly isRepeated: boolean
}

/** One session's transactions, one after another. What fails has not happened; what is lost may have, and counts then. */
export const write = (
  server: RawTarget,
  schema: string,
  random: Random,
  writing: Writing,
  counts: { giants: number }
) =>
  Effect.gen(function* () {
    for (let number = writing.from; number < writing.to; number++) {
      const { isGiant, sql, then } = transaction(random, schema, number, writing.isRepeated)
      if (isGiant) counts.giants++
      yield* Effect.catchAll(rawQuery(server, sql), () => Effect.sleep("50 millis"))
      if (then === undefined) continue
      yield* Effect.sleep(random.whole(0, 60))
      yield* patiently(server, then)
    }
  })

/** Ends what was left prepared. */
const settle = (server: RawTarget, schema: string, how: "commit" | "rollback") =>
  Effect.gen(function* () {
    const sql = `select gid from pg_prepared_xacts where gid like '${schema}\\_%'`
    const { rows } = yield* patiently(server, sql)
    for (const [gid] of rows) yield* patiently(server, `${how} prepared '${gid ?? ""}'`)
  })

/** Ends what was left prepared, and makes the last row. */
export const finish = (server: RawTarget, schema: string) =>
  Effect.zipRight(
    settle(server, schema, "commit"),
    patiently(server, `insert into ${schema}.journal (amount, pad) values (0, '${mark}')`)
  )
