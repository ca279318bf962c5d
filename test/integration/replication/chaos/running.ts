/**
 * A run into PostgreSQL, exactly once: the position is kept by the transactions that write, on the server that is itself
 * restarted, by sessions that are themselves cut.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { inspect } from "node:util"
import type { PgConnection } from "../../../../src/connection/PgConnection.js"
import type { PgSessionError } from "../../../../src/model/PgError.js"
import * as Replication from "../../../../src/Replication.js"
import type { Change, Insert } from "../../../../src/replication/changes/LogicalEvent.js"
import type { RunEvent } from "../../../../src/replication/run/RunEvent.js"
import type { Transaction, TransactionEvent } from "../../../../src/replication/feed/TransactionAssembler.js"
import { isUnchanged } from "../../../../src/replication/changes/Unchanged.js"
import { open, s } from "../../connection/sessions.js"
import { rawRows } from "../../support/rawSession.js"
import type { Copy, Course, Setting } from "./course.js"
import { isMissing, isOther } from "./course.js"
import type { Crashed } from "./plan.js"
import { crashed, partitioned } from "./plan.js"
import type { Row } from "./sink.js"
import { keyOf, nameOf } from "./sink.js"
import { mark } from "./workload.js"

/** A row as JSON, without the large values that were not sent. */
const json = (row: Row): string =>
  JSON.stringify(row, (_, value: unknown) => {
    if (isUnchanged(value)) return undefined
    return typeof value === "bigint" ? value.toString() : value
  })

/** So many rows changed, no more and no less. */
const exactly = (connection: PgConnection, count: number, sql: string, parameters: ReadonlyArray<unknown>) =>
  Effect.flatMap(connection.execute(s(sql, parameters)), ({ command }) =>
    command.rows === BigInt(count)
      ? Effect.void
      : Effect.dieMessage(
          `lost or doubled: ${command.rows} rows are changed, not ${count}, by ${sql} of ${inspect(parameters)}`
        )
  )

/** Changes with inserts that follow each other put together: there are thousands of them. */
const grouped = (changes: ReadonlyArray<Change>): ReadonlyArray<Change | ReadonlyArray<Insert>> => {
  const groups: Array<Change | Array<Insert>> = []
  for (const change of changes) {
    const last = groups.at(-1)
    if (change._tag !== "Insert") groups.push(change)
    else if (Array.isArray(last)) last.push(change)
    else groups.push([change])
  }
  return groups
}

/** Writes as one who trusts that nothing comes twice and nothing is missing. */
const writerOf = (schema: string) => {
  const rows = `${schema}.rows`
  const insert = (connection: PgConnection, inserts: ReadonlyArray<Insert>) => {
    const amounts = inserts.flatMap(({ new: row }) =>
      typeof row["amount"] === "number" ? [row["amount"]] : []
    )
    const inserted = exactly(
      connection,
      inserts.length,
      `insert into ${rows} select name, id, row::jsonb from unnest($1::text[], $2::text[], $3::text[]) as r(name, id, row)`,
      [
        inserts.map(({ relation }) => nameOf(relation)),
        inserts.map((change) => keyOf(change.new)),
        inserts.map((change) => json(change.new))
      ]
    )
    if (amounts.length === 0) return inserted
    const sum = amounts.reduce((total, amount) => total + amount, 0)
    return Effect.zipRight(
      inserted,
      exactly(connection, 1, `update ${schema}.sums set sum = sum + $1, count = count + $2`, [
        sum,
        amounts.length
      ])
    )
  }
  return (
    connection: PgConnection,
    change: Change | ReadonlyArray<Insert>
  ): Effect.Effect<void, PgSessionError> => {
    if (!("_tag" in change)) return insert(connection, change)
    switch (change._tag) {
      case "Insert":
        return insert(connection, [change])
      case "Update":
        return exactly(
          connection,
          1,
          `update ${rows} set id = $3, row = row || $4::text::jsonb where name = $1 and id = $2`,
          [nameOf(change.relation), keyOf(change.old ?? change.new), keyOf(change.new), json(change.new)]
        )
      case "Delete":
        return exactly(connection, 1, `delete from ${rows} where name = $1 and id = $2`, [
          nameOf(change.relation),
          keyOf(change.old)
        ])
      case "Truncate":
        return Effect.asVoid(
          connection.execute(
            s(`delete from ${rows} where name = any ($1::text[])`, [change.relations.map(nameOf)])
          )
        )
      case "LogicalMessage":
        return Effect.void
    }
  }
}

const copied = (server: Setting["server"], schema: string): Effect.Effect<Copy> =>
  Effect.gen(function* () {
    const found = new Map<string, Map<string, Row>>()
    for (const [name, id, row] of yield* rawRows(server, `select name, id, row from ${schema}.rows`)) {
      const table = found.get(name!) ?? new Map<string, Row>()
      found.set(name!, table.set(id!, JSON.parse(row!) as Row))
    }
    const [sums] = yield* rawRows(server, `select sum, count from ${schema}.sums`)
    return {
      rows: (table: string) => found.get(table) ?? new Map<string, Row>(),
      shown: (row: Row) => JSON.parse(json(row)) as Row,
      sums: [Number(sums![0]), Number(sums![1])] as const
    }
  }).pipe(Effect.orDie)

export const running = ({ counts, feed, random, server, sink }: Setting, source: string) =>
  Effect.gen(function* () {
    const schema = `${source}_copy`
    yield* Effect.acquireRelease(
      rawRows(
        server,
        `create schema ${schema};
         create table ${schema}.rows (name text, id text, row jsonb, primary key (name, id));
         create table ${schema}.sums (sum int, count int);
         insert into ${schema}.sums values (0, 0)`
      ),
      () =>
        Effect.ignore(
          rawRows(server, `set client_min_messages = error; drop schema if exists ${schema} cascade`)
        )
    )
    const write = writerOf(schema)
    let kick = yield* Deferred.make<never, Crashed>()
    const budget = { left: random.whole(0, 4) }
    // By name and number: a prepared transaction may end in a later run.
    const prepared = new Map<string, Transaction>()
    const crash = Effect.suspend((): Effect.Effect<void, Crashed> => {
      if (budget.left === 0 || random.whole(0, 24) > 0) return Effect.void
      budget.left--
      counts.crashes++
      return Effect.fail(crashed)
    })
    const changesOf = (event: TransactionEvent): ReadonlyArray<Change> => {
      if (event._tag === "Transaction" && event.isPrepared) {
        prepared.set(`${event.transaction.gid} ${event.transaction.xid}`, event)
        return []
      }
      if (event._tag === "Transaction") {
        if (event.transaction.streamed) counts.streamed++
        counts.partitioned += partitioned(event.changes)
        return event.changes
      }
      if (event._tag !== "CommitPrepared") return []
      const transaction = prepared.get(`${event.gid} ${event.xid}`)
      if (transaction === undefined) throw new Error(`lost: what ${event.gid} (${event.xid}) had prepared`)
      counts.prepared++
      return transaction.changes
    }
    const handle = (event: TransactionEvent, connection: PgConnection) =>
      Effect.gen(function* () {
        yield* crash
        for (const change of grouped(changesOf(event))) yield* write(connection, change)
        yield* crash
      })
    const batch = random.whole(0, 1) === 0 ? {} : { batch: { count: 20, within: "5 millis" } as const }
    const note = (event: RunEvent<unknown>): void => {
      if (event._tag === "Opened") {
        counts.openings++
        isPlaced = true
      }
      if (event._tag === "Resumed") counts.resumed++
    }
    let openings = 0
    let isPlaced = false
    let isWithout = false
    const following = Effect.gen(function* () {
      const handler = Replication.exactlyOnce(
        {
          connection: open({ target: sink, config: { connectTimeout: "5 seconds" } }),
          name: source,
          table: `${schema}.positions`,
          ...batch
        },
        handle
      )
      const next = yield* Deferred.make<never, Crashed>()
      kick = next
      const options = { ...feed(++openings), missingPublications: isWithout ? "skip" : "fail" } as const
      isWithout = false
      const run = Replication.run(options, handler, {
        reconnect: Schedule.spaced("20 millis"),
        onEvent: (event) => Effect.sync(() => note(event))
      })
      yield* Effect.raceFirst(run, Deferred.await(next)).pipe(
        Effect.catchTag("Crashed", () => Effect.void),
        Effect.catchAll((failure) => {
          isWithout = isMissing(failure)
          if (isWithout) counts.missing++
          const isRefused = isOther(failure)
          if (isRefused) counts.replaced++
          return isWithout || isRefused ? Effect.void : Effect.die(failure)
        })
      )
      yield* Effect.sleep("20 millis")
    }).pipe(Effect.forever)
    const isDone = Effect.map(
      rawRows(server, `select from ${schema}.rows where name = 'journal' and row ->> 'pad' = '${mark}'`),
      (rows) => rows.length > 0
    )
    const course: Course = {
      following,
      interrupt: Effect.suspend(() => Deferred.fail(kick, crashed)),
      isPlaced: () => isPlaced,
      done: Effect.repeat(
        Effect.zipLeft(
          Effect.orElseSucceed(isDone, () => false),
          Effect.sleep("20 millis")
        ),
        { until: (done) => done }
      ),
      copy: copied(server, schema)
    }
    return course
  })
