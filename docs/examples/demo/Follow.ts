/** Changes of a table as they are committed, over a restart of the server in their midst. */
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { Lsn, Replication, Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"
import type { Where } from "./Where.js"

const { sql } = Sql

const transactions = 12

/** What a server needs for this, and one that belongs to others may lack. */
export const missing = ({ pg }: Stage) =>
  Effect.map(
    pg.query(sql`
      select current_setting('wal_level') as level, current_setting('max_replication_slots') as slots,
        exists (select from pg_roles where rolname = current_user and (rolsuper or rolreplication)) as may`),
    ([row]) => [
      ...(row?.["level"] === "logical" ? [] : [`wal_level is ${String(row?.["level"])}, not logical`]),
      ...(row?.["slots"] === "0" ? ["max_replication_slots is 0"] : []),
      ...(row?.["may"] === true ? [] : ["the role may not replicate"])
    ]
  )

const printed = (row: Replication.Insert["new"]): string =>
  Object.entries(row)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ")

/** What a reader makes of the changes. */
class Copy {
  readonly rows = new Map<unknown, string>()
  readonly inserted = new Set<unknown>()
  seen = 0

  take(change: Replication.Change): string | undefined {
    switch (change._tag) {
      case "Insert":
        this.inserted.add(change.new["id"])
        this.rows.set(change.new["id"], printed(change.new))
        return `insert  ${printed(change.new)}`
      case "Update":
        this.rows.set(change.new["id"], printed(change.new))
        return `update  ${printed(change.new)}`
      case "Delete":
        this.rows.delete(change.old["id"])
        return `delete  ${printed(change.old)}`
      default:
        return undefined
    }
  }
}

const patient = Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds"))

const publish = (stage: Stage, orders: Sql.Fragment) =>
  Effect.gen(function* () {
    const { pg, schema } = stage
    yield* pg.query(sql`create table ${orders} (id int4 primary key, item text not null, paid bool not null)`)
    yield* Effect.acquireRelease(
      pg.query(sql`create publication ${Sql.identifier(schema)} for table ${orders}`),
      () => Effect.ignore(Effect.retry(pg.query(sql`drop publication ${Sql.identifier(schema)}`), patient))
    )
    yield* Effect.acquireRelease(Replication.Slot.create(schema, { plugin: "pgoutput" }), () =>
      Effect.ignore(Effect.retry(Replication.Slot.drop(schema), patient))
    )
  })

/** One transaction: a new order, the one before is paid, and every fourth time one is done with. Twice is as good as once. */
const write = ({ pg }: Stage, orders: Sql.Fragment, id: number) =>
  pg
    .withTransaction(
      Effect.gen(function* () {
        yield* pg.query(
          sql`insert into ${orders} values (${id}, ${`book ${id}`}, false) on conflict do nothing`
        )
        yield* pg.query(sql`update ${orders} set paid = true where id = ${id - 1} and not paid`)
        if (id % 4 === 0) yield* pg.query(sql`delete from ${orders} where id = ${id - 3}`)
      })
    )
    .pipe(Effect.retry(patient))

const happened = (event: Replication.RunEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "Lost":
      return Screen.fact("feed", `lost: ${event.reason.message.split("\n")[0]}`)
    case "Resumed":
      return Screen.fact("feed", `open again at ${Lsn.toText(event.position)}`)
    default:
      return Effect.void
  }
}

export const follow = (stage: Stage, where: Where) =>
  Effect.gen(function* () {
    const { pg, schema } = stage
    const orders = Sql.identifier(schema, "orders")
    yield* publish(stage, orders)

    const copy = new Copy()
    const half = yield* Deferred.make<void>()
    const all = yield* Deferred.make<void>()
    const handler = Replication.eachTransaction((event) =>
      Effect.gen(function* () {
        if (event._tag !== "Transaction") return
        for (const change of event.changes) {
          const line = copy.take(change)
          if (line !== undefined) yield* Screen.fact(copy.seen++ === 0 ? "changes" : "", line)
        }
        if (copy.inserted.has(transactions / 2)) yield* Deferred.succeed(half, undefined)
        if (copy.inserted.has(transactions)) yield* Deferred.succeed(all, undefined)
      })
    )
    const reader = yield* Effect.fork(
      Replication.run({ slot: schema, publications: [schema] }, handler, { onEvent: happened })
    )
    const writer = yield* Effect.fork(
      Effect.forEach(
        Array.from({ length: transactions }, (_, at) => at + 1),
        (id) => Effect.delay(write(stage, orders, id), "50 millis"),
        { discard: true }
      )
    )
    yield* Effect.raceFirst(Deferred.await(half), Fiber.join(reader))
    if (where.restart === undefined) yield* Screen.fact("server", "not ours, so it is not restarted")
    else {
      const [millis] = yield* timed(where.restart)
      yield* Screen.fact("server", `restarted in ${Screen.time(millis)}, while the writer writes`)
    }
    yield* Fiber.join(writer)
    yield* Effect.raceFirst(Deferred.await(all), Fiber.join(reader))
    yield* Fiber.interrupt(reader)

    const stored = yield* Effect.retry(
      pg.query(sql`select id, item, paid from ${orders} order by id`),
      patient
    )
    const copied = [...copy.rows].sort(([a], [b]) => Number(a) - Number(b)).map(([, row]) => row)
    yield* Expect.equal("orders that were seen", copy.inserted.size, transactions)
    yield* Expect.equal("the copy", copied.join("; "), stored.map(printed).join("; "))
    yield* Screen.number("seen", Screen.count(copy.seen), `changes of ${transactions} transactions`)
    yield* Screen.fact("the copy", `has the same ${stored.length} rows as the table`)
  }).pipe(Effect.scoped)
