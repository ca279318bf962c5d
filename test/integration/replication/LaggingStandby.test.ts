/** The catalogue of a feed and of a snapshot where it is read from a standby that has less of the log. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import { logical } from "../../../src/replication/feed/LogicalFeed.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import { snapshot } from "../../../src/replication/snapshot/Snapshot.js"
import { configOf } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import type { Pair } from "./pair.js"
import { pair } from "./pair.js"

/** Opens sessions for replication, and those of a snapshot, on the primary, and any other on the standby. */
const apart = ({ primary, standby }: Pair) =>
  Effect.gen(function* () {
    const at = (target: Pair["primary"]) =>
      Effect.map(Layer.build(PgConnector.layer(configOf({ target }))), Context.get(PgConnector.PgConnector))
    const [first, second] = [yield* at(primary), yield* at(standby)]
    return Layer.succeed(PgConnector.PgConnector, {
      config: first.config,
      get types() {
        return first.types
      },
      findTypes: first.findTypes,
      refreshTypes: first.refreshTypes,
      open: (overrides) =>
        overrides?.replication === undefined && overrides?.findTypes !== false
          ? second.open(overrides)
          : first.open(overrides)
    })
  })

/** Both servers, the standby's replay held back once everything up to now is there, and what is logged. */
const lagging = (version: 14 | 18, sql: string) =>
  Effect.gen(function* () {
    const both = yield* pair(version)
    const { primary, standby } = both
    yield* rawRows(primary, sql)
    const [end] = yield* rawRows(primary, "select pg_current_wal_lsn()")
    yield* eventually(
      rawRows(standby, `select pg_last_wal_replay_lsn() >= '${end![0]!}'::pg_lsn`),
      (rows) => rows[0]?.[0] === "t"
    )
    yield* rawRows(standby, "select pg_wal_replay_pause()")
    yield* eventually(
      rawRows(standby, "select pg_get_wal_replay_pause_state()"),
      (rows) => rows[0]?.[0] === "paused"
    )
    const logged: Array<string> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => void logged.push(String(message)))
    )
    const connector = yield* apart(both)
    return {
      primary,
      provided: <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.provide(effect, Layer.merge(connector, logger)),
      waits: eventually(
        Effect.sync(() => logged.filter((line) => line.includes("from a standby"))),
        (lines) => lines.length > 0
      ),
      resume: rawRows(standby, "select pg_wal_replay_resume()")
    }
  })

describe("a catalogue that is read from a standby", () => {
  for (const version of [14, 18] as const) {
    it.scopedLive(
      `is waited for by a feed that meets a new table and a new type (PostgreSQL ${version})`,
      () =>
        Effect.gen(function* () {
          const { primary, provided, resume, waits } = yield* lagging(
            version,
            "create publication p for all tables"
          )
          yield* provided(Slot.create("s"))
          const row = Effect.gen(function* () {
            const feed = yield* logical({ slot: "s", publications: ["p"] })
            const changes = Stream.filter(feed.changes, ({ _tag }) => _tag === "Insert")
            return Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(changes, 1)))[0]
          })
          yield* rawRows(
            primary,
            "create type item as (a int); create table t (id int primary key, i item); insert into t values (1, row(7))"
          )
          const reading = yield* Effect.fork(provided(Effect.scoped(row)))
          // One that does not wait ends instead.
          yield* Effect.raceFirst(waits, Fiber.join(reading))
          assert.strictEqual((yield* Fiber.poll(reading))._tag, "None")
          yield* resume
          assert.deepInclude(yield* Fiber.join(reading), { new: { id: 1, i: { a: 7 } } })
        })
    )

    it.scopedLive(`is waited for by a snapshot (PostgreSQL ${version})`, () =>
      Effect.gen(function* () {
        const { primary, provided, resume, waits } = yield* lagging(
          version,
          "create type item as (a int); create table t (id int primary key, i item); insert into t values (1, row(7)); create publication p for table t"
        )
        yield* rawRows(primary, "alter type item rename attribute a to b")
        const rows = Effect.gen(function* () {
          const { copy } = yield* snapshot({ slot: "s", publications: ["p"] })
          const events = Chunk.toReadonlyArray(yield* Stream.runCollect(copy))
          return events.flatMap((event) => (event._tag === "CopyBatch" ? event.rows : []))
        })
        const reading = yield* Effect.fork(provided(Effect.scoped(rows)))
        yield* Effect.raceFirst(waits, Fiber.join(reading))
        assert.strictEqual((yield* Fiber.poll(reading))._tag, "None")
        yield* resume
        assert.deepStrictEqual(yield* Fiber.join(reading), [{ id: 1, i: { b: 7 } }])
      })
    )
  }
})
