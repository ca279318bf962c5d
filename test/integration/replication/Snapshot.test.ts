import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CopiedTable } from "../../../src/replication/snapshot/CatchUp.js"
import type { SnapshotFeed, SnapshotOptions } from "../../../src/replication/snapshot/Snapshot.js"
import { snapshot } from "../../../src/replication/snapshot/Snapshot.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import * as Statement from "../../../src/model/Statement.js"
import type { Target } from "../connection/sessions.js"
import { open } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, describeWithServer, shared } from "../support/server.js"
import { Consumer } from "./consumer.js"
import { connecting, fresh, slotName } from "./support.js"

const q = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A schema and a publication of one's own, and a name for a slot, all of them gone with the scope. */
const prepare = (target: Target, tables: (schema: string, publication: string) => string) =>
  Effect.gen(function* () {
    const schema = fresh(`Sche"ma, '\\`)
    const publication = fresh(`Pub"li, '\\`)
    const run = (sql: string) => rawRows(target, sql)
    const slot = yield* slotName(target)
    yield* Effect.acquireRelease(run(`create schema ${q(schema)}`), () =>
      Effect.ignore(
        Effect.zipRight(
          run(`drop publication if exists ${q(publication)}`),
          run(`drop schema ${q(schema)} cascade`)
        )
      )
    )
    yield* run(tables(q(schema), q(publication)))
    const options: SnapshotOptions = { slot, publications: [publication] }
    return { schema: q(schema), publication: q(publication), slot, run, options }
  })

/** Two tables with rows enough for many batches, under names that must be quoted. */
const twoTables = (schema: string, publication: string): string =>
  ["A", "b"]
    .map(
      (name) =>
        `create table ${schema}.${q(`${name} "or", '\\`)} ("Key" int primary key, "select" text, "x""y" numeric);
         insert into ${schema}.${q(`${name} "or", '\\`)}
           select i, repeat('${name}', 200), i / 4.0 from generate_series(1, 6000) i;`
    )
    .join("") +
  `create table ${schema}.empty (id int primary key);
   create publication ${publication} for table ${schema}.empty, ${schema}.${q(`A "or", '\\`)}, ${schema}.${q(`b "or", '\\`)}`

const applicationName = fresh("snapshots")

const names = [`A "or", '\\`, `b "or", '\\`] as const

/** Waits until the server has no sessions of this name. */
const sessionsGone = (name: string, target: Target) =>
  eventually(
    rawRows(target, `select count(*) from pg_stat_activity where application_name = '${name}'`),
    (rows) => rows[0]![0] === "0"
  )

/** Writes to both tables, several transactions at a time, until the scope closes. Counts them. */
const writing = (schema: string, target: Target) =>
  Effect.gen(function* () {
    let commits = 0
    const [a, b] = names.map((name) => `${schema}.${q(name)}`)
    const writer = (offset: number) =>
      Effect.gen(function* () {
        const session = yield* open({ target })
        for (let at = 0; ; at++) {
          const key = offset + at
          const old = ((at * 37) % 6000) + 1
          yield* session.simple(
            `insert into ${a} values (${key}, 'new', ${at});
             insert into ${b} select ${key}, 'new', 0 where ${at} % 3 = 0;
             update ${a} set "select" = 'changed ${key}' where "Key" = ${old};
             update ${b} set "x""y" = "x""y" + 1 where "Key" = ${6001 - old};
             delete from ${b} where "Key" = ${(old * 11) % 6000};
             delete from ${a} where "Key" = ${key - 20}`
          )
          commits++
        }
      })
    const fibers = yield* Effect.forEach([10_000, 100_000], (offset) => Effect.forkScoped(writer(offset)))
    const more = (count: number) =>
      Effect.suspend(() => {
        const wanted = commits + count
        return eventually(
          Effect.sync(() => commits),
          (now) => now >= wanted
        )
      })
    return { more, stop: Fiber.interruptAll(fibers) }
  })

/** Reads the feed up to the transaction that is made now, and compares with what the tables hold. */
const compare = (feed: SnapshotFeed, consumer: Consumer, schema: string, target: Target) =>
  Effect.gen(function* () {
    yield* rawRows(target, `insert into ${schema}.empty values (1)`)
    yield* Stream.runForEach(
      Stream.takeUntil(feed.transactions, (event) => {
        if (event._tag !== "Transaction") return false
        for (const change of event.changes) consumer.apply(change)
        return event.changes.some((change) => change._tag === "Insert" && change.relation.name === "empty")
      }),
      (event) => (event._tag === "Transaction" ? feed.acknowledge(event.endLsn) : Effect.void)
    )
    for (const name of names) {
      const rows = yield* rawRows(
        target,
        `select "Key", "select", "x""y" from ${schema}.${q(name)} order by 1`
      )
      assert.deepStrictEqual(
        consumer.rowsOf(name).map((row) => Object.values(row).map(String)),
        rows.map((row) => row.map(String))
      )
    }
  })

/** A copy of tables that are written to, then the stream; then the same by a later run. */
const handOver = (target: Target) =>
  Effect.gen(function* () {
    const { options, schema, slot } = yield* prepare(target, twoTables)
    const writer = yield* writing(schema, target)
    yield* writer.more(5)
    const consumer = new Consumer()
    yield* Effect.scoped(
      Effect.gen(function* () {
        const sync = yield* snapshot({ ...options, parallelism: 2 })
        assert.strictEqual(sync.created?.name, slot)
        yield* writer.more(5)
        yield* Stream.runForEach(sync.copy, (event) => {
          consumer.copy(event)
          return event._tag === "CopyStarted" ? writer.more(5) : Effect.void
        })
        assert.deepStrictEqual(consumer.copied.map(({ name }) => name).sort(), [...names, "empty"].sort())
        const feed = yield* sync.feed
        yield* writer.more(5)
        yield* writer.stop
        yield* compare(feed, consumer, schema, target)
      })
    )
    // Nothing is left to copy, and nothing is copied.
    const later = yield* snapshot({ ...options, copied: consumer.copied })
    assert.deepStrictEqual(yield* later.progress, [])
    assert.isUndefined(later.created)
    yield* Stream.runForEach(later.copy, () => Effect.dieMessage("nothing was to be copied"))
    const feed = yield* later.feed
    yield* rawRows(target, `delete from ${schema}.empty`)
    yield* compare(feed, consumer, schema, target)
  })

/** A copy that is interrupted in the second table, and one that goes on from what was kept of it. */
const resume = (target: Target, applicationName: string) =>
  Effect.gen(function* () {
    const { options, run, schema, slot } = yield* prepare(target, twoTables)
    const writer = yield* writing(schema, target)
    const consumer = new Consumer()
    const reached = yield* Deferred.make<void>()
    const first = yield* Effect.fork(
      Effect.scoped(
        Effect.gen(function* () {
          const sync = yield* snapshot({ ...options, parallelism: 1 })
          yield* Stream.runForEach(sync.copy, (event) => {
            consumer.copy(event)
            return event._tag === "CopyBatch" && event.relation.name === names[1]
              ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never)
              : Effect.void
          })
        })
      )
    )
    yield* Deferred.await(reached)
    yield* Fiber.interrupt(first)
    const kept: ReadonlyArray<CopiedTable> = consumer.copied
    assert.deepStrictEqual(
      kept.map(({ name }) => name),
      [names[0]]
    )
    // The slot has been left as it was, and nothing of the sessions.
    yield* sessionsGone(applicationName, target)
    const start = Option.getOrThrow(yield* Slot.get(slot)).confirmed
    assert.strictEqual(start, kept[0]!.lsn)
    yield* writer.more(20)
    yield* Effect.scoped(
      Effect.gen(function* () {
        const sync = yield* snapshot({ ...options, copied: kept })
        assert.isUndefined(sync.created)
        yield* writer.more(5)
        yield* Stream.runForEach(sync.copy, (event) => Effect.sync(() => consumer.copy(event)))
        assert.strictEqual(consumer.started.filter((name) => name === names[0]).length, 1)
        assert.strictEqual(consumer.started.filter((name) => name === names[1]).length, 2)
        assert.isTrue(consumer.copied.slice(1).every(({ lsn }) => lsn > kept[0]!.lsn))
        const [left] = yield* run(
          `select count(*) from pg_replication_slots where slot_name like '${slot}\\_copy\\_%'`
        )
        assert.deepStrictEqual(left, ["0"])
        const feed = yield* sync.feed
        assert.strictEqual(feed.facts.start, start)
        yield* writer.more(5)
        yield* writer.stop
        yield* compare(feed, consumer, schema, target)
      })
    )
  })

/** Everything that a copy gives, by table: how many rows, and the first of them. */
const copied = (options: SnapshotOptions) =>
  Effect.scoped(
    Effect.gen(function* () {
      const sync = yield* snapshot(options)
      const consumer = new Consumer()
      yield* Stream.runForEach(sync.copy, (event) => Effect.sync(() => consumer.copy(event)))
      return Object.fromEntries(consumer.copied.map(({ name }) => [name, consumer.rowsOf(name)]))
    })
  )

/** What of tables is copied, alike on every version. */
const published = (target: Target) =>
  Effect.gen(function* () {
    const { options, run, publication, schema, slot } = yield* prepare(
      target,
      (schema, publication) => `
        create table ${schema}.parent (id int, doubled int generated always as (id * 2) stored);
        create table ${schema}.child (more text) inherits (${schema}.parent);
        insert into ${schema}.parent values (1);
        insert into ${schema}.child values (2, default, 'more');
        create table ${schema}.root (id int, t text) partition by range (id);
        create table ${schema}.low partition of ${schema}.root for values from (0) to (10);
        create table ${schema}.high partition of ${schema}.root for values from (10) to (20);
        insert into ${schema}.root values (5, 'low'), (15, 'high');
        create type ${schema}.mood as enum ('sad', 'glad');
        create table ${schema}.typed (m ${schema}.mood, a int[], j jsonb);
        insert into ${schema}.typed values ('glad', '{1,2}', '[1]');
        create table ${schema}.bare ();
        create table ${schema}.derived (seven int generated always as (7) stored);
        insert into ${schema}.derived default values;
        create publication ${publication}
          for table ${schema}.parent, ${schema}.root, ${schema}.typed, ${schema}.bare, ${schema}.derived`
    )
    const typed = [{ m: "glad", a: [1, 2], j: [1] }]
    assert.deepStrictEqual(yield* copied(options), {
      bare: [],
      derived: [{}],
      child: [{ id: 2, more: "more" }],
      high: [{ id: 15, t: "high" }],
      low: [{ id: 5, t: "low" }],
      parent: [{ id: 1 }],
      typed
    })
    yield* Slot.drop(slot)
    yield* run(`alter publication ${publication} set (publish_via_partition_root = true)`)
    const both = fresh("both")
    // Where one publication has the table in the place of its partitions, so has the stream.
    yield* Effect.acquireRelease(run(`create publication ${both} for table ${schema}.low`), () =>
      Effect.ignore(run(`drop publication ${both}`))
    )
    const { root, ...rest } = yield* copied({ ...options, publications: [...options.publications, both] })
    assert.sameDeepMembers(
      [...root!],
      [
        { id: 5, t: "low" },
        { id: 15, t: "high" }
      ]
    )
    assert.deepStrictEqual(rest, {
      bare: [],
      derived: [{}],
      child: [{ id: 2, more: "more" }],
      parent: [{ id: 1 }],
      typed
    })
  })

describe("a snapshot", () => {
  it.scopedLive(
    "joins the stream without gap or repetition while tables are written to (LOG-062, TRP-121)",
    () => connecting()(handOver(shared))
  )

  it.scopedLive("goes on by tables after it was interrupted, from a snapshot of its own (LOG-062)", () =>
    connecting({ config: { applicationName } })(resume(shared, applicationName))
  )

  it.scopedLive(
    "copies the columns and rows of lists and filters, those of several publications together",
    () =>
      connecting()(
        Effect.gen(function* () {
          const { options, run, schema, slot } = yield* prepare(
            shared,
            (schema, publication) => `
            create table ${schema}.t (id int primary key, "Na--me" text, secret text, doubled int
              generated always as (id * 2) stored);
            insert into ${schema}.t select i, 'n--' || i, 'secret' from generate_series(1, 6) i;
            create publication ${publication}
              for table ${schema}.t (id, "Na--me", doubled) where ("Na--me" <> 'n--2' and id < 4)`
          )
          const row = (id: number) => ({ id, "Na--me": `n--${id}`, doubled: id * 2 })
          assert.deepStrictEqual(yield* copied(options), { t: [row(1), row(3)] })
          yield* Slot.drop(slot)
          const other = fresh("other")
          yield* Effect.acquireRelease(
            run(
              `create publication ${other} for table ${schema}.t (id, "Na--me", doubled) where (id in (5, 6))`
            ),
            () => Effect.ignore(run(`drop publication ${other}`))
          )
          const publications = [...options.publications, other]
          assert.deepStrictEqual(yield* copied({ ...options, publications }), {
            t: [row(1), row(3), row(5), row(6)]
          })
          yield* Slot.drop(slot)
          yield* run(`alter publication ${other} set table ${schema}.t (id)`)
          const error = yield* Effect.flip(copied({ ...options, publications }))
          assert.deepInclude(error, { _tag: "PgSnapshotError", reason: "columns" })
          assert.isTrue(Option.isNone(yield* Slot.get(slot)))
        })
      )
  )

  it.scopedLive("reports the progress of each table, and releases the snapshot when all are copied", () => {
    const applicationName = fresh("copying")
    return connecting({ config: { applicationName } })(
      Effect.gen(function* () {
        const { options, run, schema } = yield* prepare(shared, twoTables)
        yield* run(`analyze ${schema}.${q(names[0])}`)
        const sync = yield* snapshot({ ...options, parallelism: 1 })
        const short = Effect.map(sync.progress, (all) =>
          all.map(({ bytes, relation, rows, state }) => [relation.name, state, rows, bytes > 0])
        )
        assert.deepStrictEqual(yield* short, [
          [names[0], "waiting", 0, false],
          [names[1], "waiting", 0, false],
          ["empty", "waiting", 0, false]
        ])
        const [estimated, unknown] = (yield* sync.progress).map(({ relation }) => relation.estimatedRows)
        assert.strictEqual(estimated, 6000)
        assert.isUndefined(unknown)
        let seen: ReadonlyArray<unknown> = []
        const events: Array<string> = []
        let bytes = 0
        yield* Stream.runForEach(sync.copy, (event) => {
          if (event._tag !== "CopyBatch") events.push(`${event._tag} ${event.relation.name}`)
          if (event._tag === "CopyFinished") bytes += event.bytes
          return seen.length === 0 && event._tag === "CopyBatch"
            ? Effect.map(short, (now) => (seen = now))
            : Effect.void
        })
        assert.deepStrictEqual(seen[2], ["empty", "waiting", 0, false])
        assert.deepStrictEqual(
          events,
          [...names, "empty"].flatMap((name) => [`CopyStarted ${name}`, `CopyFinished ${name}`])
        )
        assert.deepStrictEqual(yield* short, [
          [names[0], "copied", 6000, true],
          [names[1], "copied", 6000, true],
          ["empty", "copied", 0, true]
        ])
        assert.strictEqual(
          bytes,
          (yield* sync.progress).reduce((sum, { bytes }) => sum + bytes, 0)
        )
        // Nothing holds vacuum back any more.
        yield* sessionsGone(applicationName, shared)
      })
    )
  })

  it.scopedLive("ends as a whole when one of its sessions is lost, and can be begun again", () => {
    const applicationName = fresh("copying")
    return connecting({ config: { applicationName } })(
      Effect.gen(function* () {
        const { options, run, slot } = yield* prepare(shared, twoTables)
        const sync = yield* snapshot({ ...options, parallelism: 2 })
        const end = run(
          `select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where application_name = '${applicationName}' limit 1`
        )
        let ended = false
        const error = yield* Effect.flip(
          Stream.runForEach(sync.copy, (event) => {
            if (ended || event._tag !== "CopyBatch") return Effect.void
            ended = true
            return end
          })
        )
        assert.include(["PgServerError", "PgClosedError"], "_tag" in error ? error._tag : error.message)
        yield* sessionsGone(applicationName, shared)
        assert.isTrue(Option.isSome(yield* Slot.get(slot)))
        assert.lengthOf(Object.keys(yield* copied(options)), 3)
      })
    )
  })

  it.scopedLive("copies a table that was added to the publication later", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, publication, run, schema } = yield* prepare(
          shared,
          (schema, publication) => `
            create table ${schema}.empty (id int primary key);
            create table ${schema}.late (id int primary key);
            create publication ${publication} for table ${schema}.empty`
        )
        const consumer = new Consumer()
        const copy = Effect.flatMap(snapshot({ ...options, copied: consumer.copied }), ({ copy }) =>
          Stream.runForEach(copy, (event) => Effect.sync(() => consumer.copy(event)))
        )
        yield* copy
        yield* run(`insert into ${schema}.late values (1)`)
        yield* run(`alter publication ${publication} add table ${schema}.late`)
        yield* run(`insert into ${schema}.late values (2)`)
        yield* copy
        assert.deepStrictEqual(consumer.started, ["empty", "late"])
        yield* run(`insert into ${schema}.late values (3)`)
        const sync = yield* snapshot({ ...options, copied: consumer.copied })
        const feed = yield* sync.feed
        yield* run(`insert into ${schema}.empty values (1)`)
        yield* Stream.runDrain(
          Stream.takeUntil(feed.changes, (event) => {
            if (event._tag === "Insert") consumer.apply(event)
            return event._tag === "Insert" && event.relation.name === "empty"
          })
        )
        assert.deepStrictEqual(consumer.rowsOf("late"), [{ id: 1 }, { id: 2 }, { id: 3 }])
      })
    )
  )
})

describe("values that name something", () => {
  it.scopedLive("are printed in a copy as in a query, with a condition for rows too", () =>
    Effect.gen(function* () {
      const { options, schema } = yield* prepare(
        shared,
        (schema, publication) =>
          `set search_path = ${schema}; create function twice(int) returns int language sql as 'select $1 * 2';
           create table names (id int primary key, c regclass, p regprocedure, t regtype[]);
           create table outside (id int primary key);
           insert into names values (1, 'names', 'twice(int)', array['int'::regtype, 'names']),
             (2, 'pg_class', null, null), (-1, 'pg_class', null, null);
           create publication ${publication} for table ${schema}.names where (id > 0)`
      )
      for (const path of [schema, "public"]) {
        const config = { parameters: { search_path: path } }
        const rows = yield* Effect.scoped(
          Effect.gen(function* () {
            const pg = yield* open({ config })
            const queried = yield* pg.query(
              Statement.make(`select * from ${schema}.names where id > 0 order by id`)
            )
            const { copy } = yield* snapshot({ ...options, slot: yield* slotName(shared) })
            const events = [...(yield* Stream.runCollect(copy))]
            return {
              queried,
              copied: events.flatMap((event) => (event._tag === "CopyBatch" ? event.rows : []))
            }
          })
        ).pipe(connecting({ config }))
        assert.deepStrictEqual(rows.copied, rows.queried)
        assert.strictEqual(rows.copied[0]?.["c"] === "names", path === schema)
      }
    })
  )
})

describe("a snapshot that cannot be", () => {
  const table = (schema: string, publication: string): string =>
    `create table ${schema}.t (id int primary key); insert into ${schema}.t values (1);
     create publication ${publication} for table ${schema}.t`

  it.scopedLive("is refused before there is a slot", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, slot } = yield* prepare(
          shared,
          (_, publication) => `create publication ${publication}`
        )
        const reason = (changes: Partial<SnapshotOptions>) =>
          Effect.map(Effect.flip(Effect.scoped(snapshot({ ...options, ...changes }))), (error) =>
            error._tag === "PgSnapshotError" || error._tag === "PgSlotError"
              ? error.reason
              : error._tag === "PgUsageError"
                ? error.argument
                : error._tag
          )
        assert.strictEqual(yield* reason({ publications: ["nobody's"] }), "no-publication")
        assert.strictEqual(yield* reason({}), "no-tables")
        assert.strictEqual(yield* reason({ parallelism: 0 }), "parallelism")
        const gone = { id: 1, schema: "s", name: "t", lsn: 1n }
        assert.strictEqual(yield* reason({ copied: [gone] }), "missing")
        assert.isTrue(Option.isNone(yield* Slot.get(slot)))
        yield* Slot.create(slot, { plugin: "test_decoding" })
        assert.strictEqual(yield* reason({}), "slot")
      })
    )
  )

  it.scopedLive(
    "names the table that was dropped, emptied or rewritten since, and copies its present rows the next time",
    () =>
      connecting()(
        Effect.gen(function* () {
          for (const harm of [
            (t: string) => `drop table ${t}; create table ${t} (id int); insert into ${t} values (2)`,
            (t: string) => `truncate ${t}`,
            (t: string) => `alter table ${t} alter id type bigint`,
            (t: string) => `alter table ${t} rename to renamed`
          ]) {
            const { options, publication, run, schema } = yield* prepare(shared, table)
            const error = yield* Effect.flip(
              Effect.scoped(
                Effect.gen(function* () {
                  const sync = yield* snapshot(options)
                  yield* run(harm(`${schema}.t`))
                  yield* Stream.runDrain(sync.copy)
                })
              )
            )
            assert.deepInclude(error, { _tag: "PgSnapshotError", reason: "changed" })
            assert.include(error.message, ".t: changed")
            yield* run(`alter publication ${publication} set table ${schema}.t`).pipe(Effect.ignore)
            assert.lengthOf(Object.keys(yield* copied(options)), 1)
          }
        })
      )
  )

  it.scopedLive("names the table that may not be read, or only in part", () =>
    Effect.gen(function* () {
      const { options, run, schema, slot } = yield* prepare(shared, table)
      const role = fresh("role")
      yield* Effect.acquireRelease(run(`create role ${role} login replication`), () =>
        Effect.ignore(run(`drop owned by ${role}; drop role ${role}`))
      )
      yield* run(`grant usage on schema ${schema} to ${role}`)
      const refused = connecting({ config: { user: role } })(Effect.flip(copied(options)))
      assert.deepInclude(yield* refused, { reason: "forbidden" })
      yield* run(`grant select on ${schema}.t to ${role}; alter table ${schema}.t enable row level security`)
      const error = yield* refused
      assert.deepInclude(error, { reason: "forbidden" })
      assert.include(error.message, "row-level security")
      yield* run(`alter table ${schema}.t disable row level security`)
      assert.deepStrictEqual(yield* connecting({ config: { user: role } })(copied(options)), {
        t: [{ id: 1 }]
      })
      yield* connecting()(Slot.drop(slot))
    })
  )

  it.scopedLive("gives no feed of a slot that was moved on while tables were copied", () =>
    connecting()(
      Effect.gen(function* () {
        const { options, run, schema, slot } = yield* prepare(shared, table)
        const sync = yield* snapshot(options)
        yield* run(`insert into ${schema}.t values (2)`)
        yield* Stream.runDrain(sync.copy)
        const { confirmed, lag } = Option.getOrThrow(yield* Slot.get(slot))
        yield* Slot.advance(slot, confirmed! + lag!)
        assert.deepInclude(yield* Effect.flip(sync.feed), { _tag: "PgSlotError", reason: "diverged" })
      })
    )
  )

  it.scopedLive("gives no feed before the copy is over, and no second copy", () =>
    connecting()(
      Effect.gen(function* () {
        const { options } = yield* prepare(shared, table)
        const sync = yield* snapshot(options)
        assert.deepInclude(yield* Effect.flip(sync.feed), { reason: "unfinished" })
        yield* Stream.runDrain(Stream.take(sync.copy, 1))
        assert.deepInclude(yield* Effect.flip(sync.feed), { reason: "unfinished" })
        assert.deepInclude(yield* Effect.flip(Stream.runDrain(sync.copy)), { reason: "taken" })
      })
    )
  )
})

describeWithServer("a snapshot of the oldest server", { version: 14 }, (server) => {
  it.scopedLive("joins the stream without gap or repetition too", () =>
    connecting({ target: server() })(handOver(server()))
  )

  it.scopedLive("goes on by tables too", () =>
    connecting({ target: server(), config: { applicationName } })(resume(server(), applicationName))
  )

  it.scopedLive(
    "waits for transactions that run, and leaves no slot when it is interrupted meanwhile (REP-020)",
    () =>
      connecting({ target: server(), config: { applicationName } })(
        Effect.gen(function* () {
          const { options, run, slot } = yield* prepare(server(), twoTables)
          const other = yield* open({ target: server() })
          yield* other.simple("begin; select pg_current_xact_id()")
          const taking = yield* Effect.fork(Effect.scoped(snapshot(options)))
          yield* eventually(
            run(
              `select 1 from pg_stat_activity
              where application_name = '${applicationName}' and wait_event_type = 'Lock'`
            ),
            (rows) => rows.length === 1
          )
          yield* Fiber.interrupt(taking)
          yield* sessionsGone(applicationName, server())
          assert.isTrue(Option.isNone(yield* Slot.get(slot)))
          yield* other.simple("commit")
          assert.strictEqual((yield* snapshot(options)).created?.name, slot)
        })
      )
  )
})

describeEachVersion("a snapshot", (server) => {
  it.scopedLive("copies what is published and as it is published", () =>
    connecting({ target: server() })(published(server()))
  )
})
