/** The log of real servers, byte for byte: over restarts, promotions and failovers, and where it cannot be followed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { PhysicalFeed, PhysicalOptions } from "../../../src/replication/physical/PhysicalFeed.js"
import { physical } from "../../../src/replication/physical/PhysicalFeed.js"
import type { PhysicalEvent } from "../../../src/replication/physical/PhysicalEvent.js"
import * as Slot from "../../../src/replication/slots/Slot.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, isolated, matrix } from "../support/server.js"
import {
  caughtUp,
  faults,
  flushed,
  following,
  pieces,
  promote,
  reached,
  standbyOf,
  write
} from "./physicalSupport.js"
import { connecting, fresh, slotName, slotRow } from "./support.js"

/** A server that stops waits until everything is acknowledged as written. */
const acknowledging = (feed: PhysicalFeed): Effect.Effect<never> =>
  feed.progress.pipe(
    Effect.flatMap(({ received }) => feed.acknowledge({ written: received })),
    Effect.zipRight(feed.report),
    Effect.ignore,
    Effect.repeat(Schedule.spaced("20 millis")),
    Effect.zipRight(Effect.never)
  )

const soon = Schedule.spaced("50 millis")
const tags = (events: ReadonlyArray<PhysicalEvent>) =>
  events.map(({ _tag }) => _tag).filter((tag) => tag !== "WalData")

describeEachVersion("the log of a server", (server) => {
  it.scopedLive(
    "comes byte for byte, and the slot moves only up to what is flushed (REP-026, REP-030, REP-049)",
    () =>
      connecting({ target: server() })(
        Effect.gen(function* () {
          const slot = yield* slotName(server())
          const feed = yield* physical({ slot, create: {}, reconnect: Schedule.stop })
          assert.deepInclude(feed.facts, { createdSlot: true, timeline: 1, segmentSize: 16 << 20 })
          const events = yield* following(feed)
          const end = yield* write(server(), 60_000)
          yield* reached(feed, end)
          assert.deepStrictEqual(faults(server(), events), [])
          assert.strictEqual(pieces(events)[0]!.start, feed.facts.start)
          yield* feed.acknowledge({ written: end })
          yield* feed.report
          const stat =
            "select write_lsn = $1, flush_lsn is null from pg_stat_replication where state = 'streaming'"
          yield* eventually(
            rawRows(
              server(),
              stat.replace(
                "$1",
                `'${end
                  .toString(16)
                  .padStart(9, "0")
                  .replace(/(.{8})$/, "/$1")}'`
              )
            ),
            (rows) => rows.some((row) => row[0] === "t")
          )
          const before = yield* slotRow(slot, "restart_lsn", server())
          yield* feed.acknowledge({ flushed: end })
          yield* feed.report
          yield* eventually(slotRow(slot, "restart_lsn", server()), (row) => row?.[0] !== before?.[0])
        })
      )
  )

  it.scopedLive("goes on after a restart, without a missing or a repeated byte (REP-056, REP-062)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const slot = yield* slotName(server())
        const feed = yield* physical({ slot, create: {}, reconnect: soon, statusInterval: "100 millis" })
        const events = yield* following(feed)
        yield* reached(feed, yield* write(server()))
        for (const mode of ["immediate", "fast"] as const) {
          yield* Effect.raceFirst(server().restart(mode), acknowledging(feed))
          yield* reached(feed, yield* write(server()))
        }
        assert.deepStrictEqual(faults(server(), events), [])
        const told = tags(events).filter((tag, index, all) => tag !== all[index - 1])
        assert.deepStrictEqual(told, [
          "PhysicalOpened",
          "PhysicalLost",
          "PhysicalResumed",
          "PhysicalLost",
          "PhysicalResumed"
        ])
      })
    )
  )

  it.scopedLive("cannot be followed, and the failure names the reason (REP-017, REP-027, W03)", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const failed = (options: PhysicalOptions) =>
          Effect.flip(
            Effect.scoped(
              Effect.flatMap(physical({ reconnect: Schedule.stop, ...options }), (feed) =>
                Stream.runDrain(feed.events)
              )
            )
          )
        const end = yield* write(server())
        const slot = yield* slotName(server())
        yield* Slot.createPhysical(slot, { reserveWal: true })
        const logical = yield* slotName(server())
        yield* Slot.create(logical)
        assert.deepInclude(yield* failed({ start: 0x100n }), { _tag: "PgWalError", reason: "removed" })
        assert.deepInclude(yield* failed({ start: end + 0x1000_0000n }), {
          _tag: "PgWalError",
          reason: "beyond-end"
        })
        assert.deepInclude(yield* failed({ start: end, timeline: 2 }), {
          _tag: "PgWalError",
          reason: "diverged"
        })
        assert.deepInclude(yield* failed({ start: end, systemId: "1" }), {
          _tag: "PgWalError",
          reason: "other-system"
        })
        assert.deepInclude(yield* failed({ slot: "nowhere" }), { _tag: "PgSlotError", reason: "missing" })
        assert.deepInclude(yield* failed({ slot: "nowhere", start: end }), {
          _tag: "PgSlotError",
          reason: "missing"
        })
        assert.deepInclude(yield* failed({ slot: logical }), { _tag: "PgUsageError", argument: "slot" })
        const held = yield* physical({ slot })
        assert.strictEqual(held.facts.slot, slot)
        assert.deepInclude(yield* failed({ slot }), { _tag: "PgSlotError", reason: "in-use" })
      })
    )
  )

  it.scopedLive("comes over a temporary slot that is gone afterwards", () =>
    connecting({ target: server() })(
      Effect.gen(function* () {
        const slot = fresh("temporary")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const feed = yield* physical({ slot, create: { temporary: true } })
            const events = yield* following(feed)
            yield* reached(feed, yield* write(server()))
            assert.deepStrictEqual(faults(server(), events), [])
            assert.deepStrictEqual(yield* slotRow(slot, "temporary", server()), ["t"])
          })
        )
        yield* eventually(slotRow(slot, "temporary", server()), (row) => row === undefined)
      })
    )
  )
})

describe("a promotion", () => {
  for (const version of matrix) {
    it.scopedLive(
      `is followed in mid stream, from a cascade of two standbys (PostgreSQL ${version}) (REP-059, TRP-118, W01)`,
      () =>
        Effect.gen(function* () {
          const primary = yield* isolated({ version, listen: "tcp", settings: { wal_keep_size: "256MB" } })
          const first = yield* standbyOf(primary, version)
          const second: EmbeddedServer = yield* start({
            version,
            listen: "tcp",
            dataFolder: yield* copied(first),
            settings: {
              primary_conninfo: `host=127.0.0.1 port=${first.port} user=postgres`,
              hot_standby: "on",
              recovery_target_timeline: "latest"
            }
          })
          yield* first.startAgain
          yield* connecting({ target: second })(
            Effect.gen(function* () {
              const feed = yield* physical({ reconnect: soon, start: yield* flushed(primary) })
              const events = yield* following(feed)
              yield* reached(feed, yield* write(primary, 20_000))
              yield* primary.stop()
              yield* promote(first)
              const end = yield* write(first, 20_000)
              yield* caughtUp(second, end)
              yield* reached(feed, end)
              assert.deepStrictEqual(faults(first, events), [])
              const switched = events.find((event) => event._tag === "TimelineSwitched")!
              assert.deepInclude(switched, { from: 1, to: 2 })
              assert.strictEqual((yield* feed.progress).timeline, 2)
            })
          )
        })
    )
  }

  it.scopedLive("of another host of the list is gone over to, also from the past of the new server", () =>
    Effect.gen(function* () {
      const primary = yield* isolated({ listen: "tcp" })
      const standby = yield* standbyOf(primary, 18)
      const hosts = [primary, standby].map(({ host, port }) => ({ host, port }))
      const config = { host: undefined, port: undefined, hosts }
      yield* connecting({ target: primary, config })(
        Effect.gen(function* () {
          const begin = yield* flushed(primary)
          const feed = yield* physical({ reconnect: soon, start: begin })
          const events = yield* following(feed)
          const before = yield* write(primary)
          yield* reached(feed, before)
          yield* caughtUp(standby, before)
          yield* Effect.raceFirst(primary.stop(), acknowledging(feed))
          // What the primary wrote at its end, such as the checkpoint of its shutdown, reaches the standby before it ends.
          yield* promote(standby)
          const end = yield* write(standby)
          yield* reached(feed, end)
          assert.deepStrictEqual(faults(standby, events), [])
          assert.deepStrictEqual(
            tags(events).filter((tag) => tag !== "PhysicalLost"),
            ["PhysicalOpened", "PhysicalResumed", "TimelineSwitched"]
          )
          // And from the beginning, on the server that has been on both timelines.
          const again = yield* physical({ start: begin, timeline: 1, until: end, reconnect: Schedule.stop })
          const anew: Array<PhysicalEvent> = []
          yield* Stream.runForEach(again.events, (event) => Effect.sync(() => anew.push(event)))
          assert.deepStrictEqual(faults(standby, anew), [])
          assert.deepStrictEqual(tags(anew), ["PhysicalOpened", "TimelineSwitched"])
        })
      )
    })
  )
})

/** The folder of a server that is stopped for it. */
const copied = (server: EmbeddedServer) => Effect.as(server.stop(), server.dataFolder)
