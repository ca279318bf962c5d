/** Partitioned tables, published by their root and by their leaves, whatever the replica identities of those are. */
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as PgSchema from "../../../src/PgSchema.js"
import * as Replication from "../../../src/Replication.js"
import { Unchanged } from "../../../src/replication/changes/Unchanged.js"
import type { Target } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion } from "../support/server.js"
import { connecting, fresh, lastEnd, slotName } from "./support.js"

interface Shape {
  readonly viaRoot: boolean
  /** Of the root, and of both partitions. */
  readonly key?: string
  /** Statements on `root`, `eu` and `us`, made before the slot. */
  readonly then?: string
}

/** A table of two partitions by region, a publication, and a slot that begins now. Names in SQL are those of the schema. */
const prepare = (target: Target, { key, then = "", viaRoot }: Shape) =>
  Effect.gen(function* () {
    const schema = fresh("parts")
    const sql = (text: string) => rawRows(target, `set search_path = ${schema}; ${text}`)
    yield* Effect.acquireRelease(
      rawRows(
        target,
        `create schema ${schema}; set search_path = ${schema};
         create table root (id int not null, region text not null, code text not null, n int, big text)
           partition by list (region);
         alter table root alter big set storage external;
         create table eu partition of root for values in ('eu');
         create table us (big text, n int, code text not null, region text not null, id int not null);
         alter table us alter big set storage external;
         alter table root attach partition us for values in ('us');
         ${key === undefined ? "" : `alter table root add primary key (${key});`} ${then};
         create publication ${schema} for table root with (publish_via_partition_root = ${viaRoot})`
      ),
      () => Effect.ignore(rawRows(target, `drop publication ${schema}; drop schema ${schema} cascade`))
    )
    const slot = yield* slotName(target)
    yield* Replication.Slot.create(slot)
    const options: Replication.LogicalOptions = { slot, publications: [schema] }
    const until = lastEnd(slot, schema, target)
    return { schema, sql, slot, options, until }
  })

type Shown = readonly [string, ...ReadonlyArray<unknown>]

const show = (event: Replication.LogicalEvent): ReadonlyArray<Shown> => {
  switch (event._tag) {
    case "Insert":
      return [["insert", event.new["id"], event.new["region"]]]
    case "Update":
      return [["update", event.oldKind, event.old, event.new["big"]]]
    case "Delete":
      return [["delete", event.oldKind, event.old]]
    default:
      return []
  }
}

/** Everything that the slot has, through one feed. */
const changes = (options: Replication.LogicalOptions, until: Effect.Effect<bigint, Error>) =>
  Effect.gen(function* () {
    const end = yield* until
    const feed = yield* Replication.logical({ ...options, until: end })
    return (yield* Stream.runCollect(feed.changes)).pipe(Chunk.toReadonlyArray)
  }).pipe(Effect.scoped)

const large = "repeat('0123456789', 1000)"

/** Inserts take their time; whatever comes behind one of the same row has to wait for it. */
const following = (
  options: Replication.LogicalOptions,
  until: Effect.Effect<bigint, Error>,
  takingTime: Effect.Effect<void> = Effect.repeatN(Effect.yieldNow(), 200)
) =>
  Effect.gen(function* () {
    const done: Array<Shown> = []
    const end = yield* until
    yield* Replication.run(
      { ...options, until: end },
      Replication.eachChange(
        (event) =>
          Effect.zipRight(
            event._tag === "Insert" ? takingTime : Effect.void,
            Effect.sync(() => {
              if (event._tag === "CommitPrepared" || event._tag === "RollbackPrepared") return
              done.push(...show(event))
            })
          ),
        { concurrency: 8 }
      )
    )
    return done
  })

describeEachVersion(
  "partitions",
  (server, version) => {
    const withServer = <A, E, R>(effect: Effect.Effect<A, E, R>) => connecting({ target: server() })(effect)

    for (const streaming of version >= 14 ? (["off", "on"] as const) : (["off"] as const)) {
      it.scopedLive(
        `have old rows of what they know, published by a root with replica identity full that they have not (streaming ${streaming}) (LOG-026, LOG-029)`,
        () =>
          withServer(
            Effect.gen(function* () {
              const { options, sql, until } = yield* prepare(server(), {
                viaRoot: true,
                key: "id, region",
                then: "alter table root replica identity full"
              })
              yield* sql(
                `insert into root values (1, 'eu', 'a', null, ${large}), (2, 'us', 'b', 1, ${large});
                 update root set n = 5; update root set id = id + 10; delete from root;
                 ${streaming === "on" ? "insert into root select i, 'eu', 'x', i, '' from generate_series(1, 2000) i" : ""}`
              )
              const seen = (yield* changes({ ...options, streaming }, until)).flatMap(show)
              assert.deepStrictEqual(seen.slice(0, 8), [
                ["insert", 1, "eu"],
                ["insert", 2, "us"],
                ["update", "none", undefined, Unchanged],
                ["update", "none", undefined, Unchanged],
                ["update", "key", { id: 1, region: "eu" }, Unchanged],
                ["update", "key", { id: 2, region: "us" }, Unchanged],
                ["delete", "key", { id: 11, region: "eu" }],
                ["delete", "key", { id: 12, region: "us" }]
              ])
            })
          )
      )
    }

    it.scopedLive(
      "have whole old rows with NULLs where all of them have replica identity full (LOG-028)",
      () =>
        withServer(
          Effect.gen(function* () {
            const { options, sql, until } = yield* prepare(server(), {
              viaRoot: true,
              key: "id, region",
              then: ["root", "eu", "us"].map((name) => `alter table ${name} replica identity full`).join(";")
            })
            yield* sql(`insert into root values (1, 'us', 'a', null, null); delete from root`)
            const old = { id: 1, region: "us", code: "a", n: null, big: null }
            assert.deepStrictEqual((yield* changes(options, until)).flatMap(show).at(-1), [
              "delete",
              "full",
              old
            ])
          })
        )
    )

    it.scopedLive(
      "are refused with a key of other columns than the root's, and read with it where that is asked for (LOG-027)",
      () =>
        withServer(
          Effect.gen(function* () {
            const { options, schema, sql, until } = yield* prepare(server(), {
              viaRoot: true,
              key: "id, region",
              then: "create unique index eu_code on eu (code); alter table eu replica identity using index eu_code"
            })
            yield* sql(`insert into root values (1, 'eu', 'a', 1, null); delete from root`)
            const error = yield* Effect.flip(changes(options, until))
            assert.instanceOf(error, Replication.PgChangeRowError)
            assert.include(error.message, `"id"`)
            assert.include(error.message, `the old row of a delete from ${schema}.root`)
            assert.include(error.message, "REPLICA IDENTITY DEFAULT")
            assert.deepStrictEqual(
              (yield* changes({ ...options, partitionIdentity: "any" }, until)).flatMap(show),
              [
                ["insert", 1, "eu"],
                ["delete", "key", { code: "a" }]
              ]
            )
          })
        )
    )

    it.scopedLive("have the old values that their own identity has, where the root has a key (LOG-029)", () =>
      withServer(
        Effect.gen(function* () {
          const { options, sql, until } = yield* prepare(server(), {
            viaRoot: true,
            key: "id, region",
            then: "alter table eu replica identity full"
          })
          yield* sql(`insert into root values (1, 'eu', 'a', 1, ${large}); update root set n = 2`)
          const updated = (yield* changes(options, until)).flatMap(show).at(-1)
          assert.deepStrictEqual(updated?.slice(0, 3), ["update", "key", { id: 1, region: "eu" }])
          assert.lengthOf(String(updated?.[3]), 10_000)
        })
      )
    )

    for (const viaRoot of [true, false]) {
      const shapes: ReadonlyArray<readonly [string, Omit<Shape, "viaRoot">]> = [
        ["a key that has the region", { key: "id, region" }],
        [
          "keys of their own",
          {
            then: ["eu", "us"]
              .map(
                (name) => `create unique index ${name}_id on ${name} (id);
                alter table ${name} replica identity using index ${name}_id`
              )
              .join(";")
          }
        ],
        [
          "replica identity full above a key",
          { key: "id, region", then: "alter table root replica identity full" }
        ],
        [
          "replica identity full everywhere and no key",
          { then: ["root", "eu", "us"].map((name) => `alter table ${name} replica identity full`).join(";") }
        ]
      ]
      for (const [name, shape] of shapes) {
        it.scopedLive(
          `are handled at the same time, and a row that moves between them in its order: by ${viaRoot ? "the root" : "the leaves"}, with ${name} (LOG-056)`,
          () =>
            withServer(
              Effect.gen(function* () {
                const { options, sql, until } = yield* prepare(server(), { ...shape, viaRoot })
                yield* sql(
                  `insert into root values (1, 'eu', 'a', 1, null);
                   update root set region = 'us', n = 2 where id = 1;
                   update root set region = 'eu', n = 3 where id = 1;
                   delete from root where id = 1;
                   insert into root values (1, 'us', 'z', 1, null); delete from root where id = 1`
                )
                assert.deepStrictEqual(
                  (yield* following({ ...options, partitionIdentity: "any" }, until)).map(([what]) => what),
                  ["insert", "delete", "insert", "delete", "insert", "delete", "insert", "delete"]
                )
              })
            )
        )
      }
    }

    it.scopedLive(
      "are rows of a typed table of their root, also one that is made while the feed is open",
      () =>
        withServer(
          Effect.gen(function* () {
            const { options, schema, sql } = yield* prepare(server(), {
              viaRoot: false,
              key: "id, region"
            })
            const Row = Schema.Struct({
              id: PgSchema.Int4,
              region: PgSchema.Text,
              n: Schema.NullOr(PgSchema.Int4)
            })
            const root = Replication.table(`${schema}.root`, Row)
            const us = Replication.table(`${schema}.us`, Row)
            yield* sql(`insert into root values (1, 'eu', 'a', 1, null), (2, 'us', 'b', null, null)`)
            const events: Array<Replication.LogicalEvent> = []
            const opened = yield* Replication.logical(options)
            const reading = yield* Effect.fork(
              Stream.runForEach(
                Stream.takeUntil(opened.changes, (event) => event._tag === "Truncate"),
                (event) => Effect.sync(() => events.push(event))
              )
            )
            yield* eventually(
              Effect.sync(() => events.length),
              (length) => length >= 4
            )
            yield* sql(
              `create table jp partition of root for values in ('jp') partition by range (id);
             create table jp_1 partition of jp for values from (1) to (10);
             insert into root values (3, 'jp', 'c', 3, null); update root set n = 4 where id = 3; truncate us`
            )
            yield* Fiber.join(reading)
            const decoded = (table: Replication.TypedTable<typeof Row.Type, never>) =>
              Effect.map(
                Effect.forEach(events, (event) =>
                  event._tag === "Begin" || event._tag === "Commit" || event._tag === "Prepare"
                    ? Effect.succeedNone
                    : table.decode(event)
                ),
                (found) =>
                  found.flatMap(Option.toArray).map((change): unknown => {
                    switch (change._tag) {
                      case "Insert":
                      case "Update":
                        return [change._tag, change.new.row]
                      case "Delete":
                        return [change._tag, change.old.row]
                      case "Truncate":
                        return [change._tag]
                      case "PartitionTruncate":
                        return [change._tag, change.partitions.map(({ name }) => name)]
                    }
                  })
              )
            assert.deepStrictEqual(yield* decoded(root), [
              ["Insert", { id: 1, region: "eu", n: 1 }],
              ["Insert", { id: 2, region: "us", n: null }],
              ["Insert", { id: 3, region: "jp", n: 3 }],
              ["Update", { id: 3, region: "jp", n: 4 }],
              ["PartitionTruncate", ["us"]]
            ])
            assert.deepStrictEqual(yield* decoded(us), [
              ["Insert", { id: 2, region: "us", n: null }],
              ["Truncate"]
            ])
          }).pipe(Effect.scoped)
        )
    )

    it.scopedLive("do not come before what was known of them by other columns", () =>
      withServer(
        Effect.gen(function* () {
          const { options, sql, until } = yield* prepare(server(), {
            viaRoot: false,
            then: "alter table eu replica identity full"
          })
          yield* sql(
            `create table single (id int, a text); alter table single replica identity full;
             alter publication ${options.publications[0]!} add table single`
          )
          yield* sql(`insert into single values (1, 'a')`)
          yield* sql(`alter table single add column b text; delete from single where id = 1`)
          // Longer than the catalogue takes to be asked about the columns of now.
          assert.deepStrictEqual(
            (yield* following(options, until, Effect.sleep("200 millis"))).map(([what]) => what),
            ["insert", "delete"]
          )
        })
      )
    )
  },
  { settings: { logical_decoding_work_mem: "64kB" } }
)
