import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import type { ServerPlace } from "../../../src/replication/feed/FeedPlace.js"
import * as FeedPlace from "../../../src/replication/feed/FeedPlace.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { historyOf, identified, scripted, systemId } from "../scriptedSessions.js"

/** What the server answers when it is asked for its run. */
const run = (start: string, isStandby = false): ScriptedServer.Script => [
  ScriptedServer.simpleQuery(/pg_postmaster_start_time/, [
    {
      columns: [ScriptedServer.column("server_start"), ScriptedServer.column("in_recovery", { typeOid: 16 })],
      rows: [[start, isStandby ? "t" : "f"]]
    }
  ])
]

/** A session of a server that goes through the script. */
const session = (...script: ReadonlyArray<ScriptedServer.Script>): ScriptedServer.Script => [
  ScriptedServer.startup(),
  ...script,
  ScriptedServer.goodbye
]

/** On timeline 3, which was left by 2 at 0/3000, and that by 1 at 0/2000. */
const history = historyOf(3, "1\t0/2000\tx\n2\t0/3000\tx\n")
const there = (timeline: number, more: Partial<ServerPlace> = {}): ServerPlace => ({
  systemId,
  timeline,
  ...more
})

describe("a position that was reached on a server", () => {
  const compared = (position: bigint, from: ServerPlace, ...script: ReadonlyArray<ScriptedServer.Script>) =>
    Effect.gen(function* () {
      const connector = yield* scripted([session(...script)])
      return yield* Effect.flatMap(Walsender.open, (connection) =>
        FeedPlace.compared(connection, "s", position, from, there(3))
      ).pipe(Effect.scoped, Effect.provide(connector))
    })

  it.scoped(
    "means the same on its timeline, without a question, and where its timeline was left behind it",
    () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* compared(0x9000n, there(3)))
        assert.isUndefined(yield* compared(0x3000n, there(2), history))
        assert.isUndefined(yield* compared(0x2000n, there(1), history))
      })
  )

  it.scoped("means another thing where its timeline was left before it, or never was", () =>
    Effect.gen(function* () {
      const beyond = yield* compared(0x3001n, there(2), history)
      assert.deepInclude(beyond, { _tag: "PgSlotError", reason: "diverged", slot: "s" })
      assert.include(beyond?.message, "left at 0/3000")
      const unknown = yield* compared(0x1000n, there(7), history)
      assert.include(unknown?.message, "has never been on")
    })
  )

  it.scoped(
    "means the same to the run of the server that it was read from, wherever the timeline was left",
    () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* compared(0x9000n, there(2, { serverStart: "noon" }), run("noon")))
        const other = yield* compared(0x9000n, there(2, { serverStart: "noon" }), run("evening"), history)
        assert.deepInclude(other, { reason: "diverged" })
      })
  )

  it.scoped("means nothing on another cluster, which is asked for nothing", () =>
    Effect.gen(function* () {
      const other = yield* compared(0x1000n, { systemId: "1", timeline: 3 })
      assert.deepInclude(other, { _tag: "PgSlotError", reason: "diverged" })
      assert.include(other?.message, "of the cluster 1")
    })
  )
})

describe("where a consumer goes on", () => {
  const resumed = (
    progress: FeedPlace.ConsumerProgress,
    from: ServerPlace | undefined,
    ...script: ReadonlyArray<ScriptedServer.Script>
  ) =>
    Effect.gen(function* () {
      const connector = yield* scripted(script.length === 0 ? [] : [session(...script)])
      return yield* Effect.provide(FeedPlace.resume(progress, from), connector)
    })
  const here = identified(3, "0/9000")

  it.scoped("is its position, without a question where it has handled up to there or knows no place", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* resumed({ position: 0x3500n, handled: 0x3500n }, there(2)), 0x3500n)
      assert.strictEqual(yield* resumed({ position: 0x3500n, handled: 0x100n }, undefined), 0x3500n)
    })
  )

  it.scoped("is where the history left its timeline, behind what was handled and before its position", () =>
    Effect.gen(function* () {
      const at = (handled: bigint, position = 0x3500n) =>
        resumed({ position, handled }, there(2), here, history)
      assert.strictEqual(yield* at(0x2500n), 0x3000n)
      assert.strictEqual(yield* at(0x3000n), 0x3000n)
      // What was handled is not there: this is for the comparison to refuse.
      assert.strictEqual(yield* at(0x3001n), 0x3500n)
      assert.strictEqual(yield* at(0x2500n, 0x2900n), 0x2900n)
    })
  )

  it.scoped("is its position on the same timeline, in the same run, and on another cluster", () =>
    Effect.gen(function* () {
      const progress = { position: 0x3500n, handled: 0x2500n }
      assert.strictEqual(yield* resumed(progress, there(3), here), 0x3500n)
      const noon = there(2, { serverStart: "noon" })
      assert.strictEqual(yield* resumed(progress, noon, here, run("noon")), 0x3500n)
      assert.strictEqual(yield* resumed(progress, noon, here, run("evening"), history), 0x3000n)
      assert.strictEqual(yield* resumed(progress, { systemId: "1", timeline: 2 }, here), 0x3500n)
    })
  )
})

const names = ["systemid", "timeline", "xlogpos", "dbname"]
const bytesOf = (text: string | null) => (text === null ? null : new TextEncoder().encode(text))

/** A server of another run, which would identify itself. */
const evening: ScriptedServer.Script = [
  ScriptedServer.startup(),
  run("evening"),
  ScriptedServer.expectAny("IDENTIFY_SYSTEM or a goodbye", ({ _tag }) =>
    _tag === "Query"
      ? [
          ScriptedServer.send(
            { _tag: "RowDescription", columns: names.map((name) => ScriptedServer.column(name)) },
            { _tag: "DataRow", values: [systemId, "1", "0/4000", null].map(bytesOf) },
            { _tag: "CommandComplete", commandTag: "IDENTIFY_SYSTEM" },
            ScriptedServer.readyForQuery()
          )
        ]
      : []
  )
]

describe("the place of an open feed", () => {
  it.scoped("follows a standby that is promoted, for positions behind where its timeline was left", () =>
    Effect.gen(function* () {
      const connector = yield* scripted([
        session(run("noon", true), identified(2, "0/2F00")),
        session(run("noon"), identified(3, "0/4000"), history)
      ])
      const place = new FeedPlace.FeedPlace(systemId, 2, "noon")
      const watching = yield* Effect.fork(Effect.provide(place.watch(Duration.seconds(10)), connector))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(place.at(0x4000n), there(2, { serverStart: "noon" }))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(watching)
      assert.deepStrictEqual(
        [0x1000n, 0x3000n, 0x3001n].map((position) => place.at(position).timeline),
        [1, 2, 3]
      )
    })
  )

  it.scoped("is not that of another run, which answers at the address", () =>
    Effect.gen(function* () {
      const connector = yield* scripted([evening, session(run("noon"), identified(3, "0/4000"), history)])
      const place = new FeedPlace.FeedPlace(systemId, 2, "noon")
      yield* Effect.fork(Effect.provide(place.watch(Duration.seconds(10)), connector))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(place.at(0x4000n).timeline, 2)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(place.at(0x4000n).timeline, 3)
    })
  )
})
