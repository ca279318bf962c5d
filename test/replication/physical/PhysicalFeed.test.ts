import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { PgConnector } from "../../../src/connection/PgConnector.js"
import type { PhysicalEvent, WalData } from "../../../src/replication/physical/PhysicalEvent.js"
import type { PhysicalFeed, PhysicalOptions } from "../../../src/replication/physical/PhysicalFeed.js"
import { physical } from "../../../src/replication/physical/PhysicalFeed.js"
import type { PhysicalError } from "../../../src/replication/physical/PhysicalFailure.js"
import * as Lsn from "../../../src/model/Lsn.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import type { FrontendMessage } from "../../../src/wire/FrontendMessage.js"
import type { ClientWalMessage } from "../../../src/wire/replication/WalMessage.js"
import * as WalMessage from "../../../src/wire/replication/WalMessage.js"
import * as Server from "../physicalServer.js"
import { answer, historyOf, identified, scripted } from "../scriptedSessions.js"

const { errorResponse, expect, expectAny, hangUp, readyForQuery, run, send, simpleQuery, startup } =
  ScriptedServer
const { keepalive, logBytes, nextTimeline, opening, politely, reopening, started, untilCopyDone, wal } =
  Server

const start = 0x1000000n

/** Runs the effect with a feed of servers that go through these scripts. */
const following = <A, E>(
  scripts: ReadonlyArray<ScriptedServer.Script>,
  options: PhysicalOptions,
  body: (feed: PhysicalFeed) => Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<A, E | PhysicalError, Scope.Scope> =>
  Effect.flatMap(scripted(scripts), (connector: Layer.Layer<PgConnector>) =>
    Effect.scoped(Effect.provide(Effect.flatMap(physical({ start, ...options }), body), connector))
  )

/** Events up to the end or the failure of the stream, and that failure. */
const collect = (feed: PhysicalFeed) =>
  Effect.gen(function* () {
    const events: Array<PhysicalEvent> = []
    const outcome = yield* Effect.either(
      Stream.runForEach(feed.events, (event) => Effect.sync(() => events.push(event)))
    )
    return { events, error: Either.isLeft(outcome) ? outcome.left : undefined }
  })

const some = (feed: PhysicalFeed, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(feed.events, count)), Chunk.toReadonlyArray)

const pieces = (events: ReadonlyArray<PhysicalEvent>): ReadonlyArray<WalData> =>
  events.filter((event) => event._tag === "WalData")

const spans = (events: ReadonlyArray<PhysicalEvent>) =>
  pieces(events).map(({ end, start, timeline }) => [timeline, start, end])

/** Every byte is the one of its position. */
const areWhole = (events: ReadonlyArray<PhysicalEvent>): boolean =>
  pieces(events).every(({ data, start }) => Buffer.from(logBytes(start, data.length)).equals(data))

const begun = started("START_REPLICATION PHYSICAL 0/1000000 TIMELINE 1")

/** Reads to the end what the server sends on a stream from `start`, and gives what came and how it ended. */
const reading = (messages: ReadonlyArray<ScriptedServer.Outgoing>, options: PhysicalOptions = {}) =>
  following([[opening(), begun, send(...messages), politely]], options, collect)

describe("a feed of the log", () => {
  it.scoped(
    "gives pieces in order with the server's end and clock, up to the position to end at (REP-026, REP-030)",
    () =>
      Effect.gen(function* () {
        const { error, events } = yield* reading(
          [wal(start, 100, 0x1000200n), keepalive(0x1000200n), wal(start + 100n, 412)],
          { until: start + 300n }
        )
        assert.isUndefined(error)
        assert.deepStrictEqual(spans(events), [
          [1, start, start + 100n],
          [1, start + 100n, start + 300n]
        ])
        assert.isTrue(areWhole(events))
        assert.strictEqual(pieces(events)[0]!.serverEnd, 0x1000200n)
        assert.deepInclude(events[0], { _tag: "PhysicalOpened" })
      })
  )

  it.scoped("is refused to a second reader", () =>
    Effect.gen(function* () {
      const error = yield* following([[opening(), begun, send(wal(start, 1)), politely]], {}, (feed) =>
        Effect.zipRight(some(feed, 1), Effect.flip(some(feed, 1)))
      )
      assert.match(error.message, /read once/)
    })
  )

  it.scoped(
    "ends the connection where the log has a gap, or goes back, and gives what came before (REP-030)",
    () =>
      Effect.gen(function* () {
        for (const second of [start + 101n, start + 99n, 0n, 0xffff_ffff_ffff_ffffn]) {
          const { error, events } = yield* reading([wal(start, 100), wal(second, 10, second)])
          assert.deepStrictEqual(spans(events), [[1, start, start + 100n]])
          assert.deepInclude(error, { _tag: "PgProtocolError", tag: "XLogData" })
          assert.match(error!.message, /0\/1000064/)
        }
      })
  )

  it.scoped("ends the connection at payloads of an unknown kind or a wrong length (REP-040)", () =>
    Effect.gen(function* () {
      const wrong = [
        [],
        [0x78],
        [0x77, 0, 0],
        [0x6b, ...new Uint8Array(16)],
        [0x6b, ...new Uint8Array(16), 2]
      ]
      for (const data of wrong) {
        const { error, events } = yield* reading([
          wal(start, 8),
          { _tag: "CopyData", data: Uint8Array.from(data) }
        ])
        assert.strictEqual(error?._tag, "PgProtocolError", JSON.stringify(data))
        assert.lengthOf(pieces(events), 1)
      }
    })
  )

  it.scoped("stops the socket at its bound in bytes, and goes on when the consumer does (L01)", () =>
    Effect.gen(function* () {
      const size = 1000
      const script: ScriptedServer.Script = [
        opening(),
        begun,
        send(...Array.from({ length: 8 }, (_, index) => wal(start + BigInt(index * size), size))),
        ScriptedServer.until("client brakes"),
        send(wal(start + 8000n, size)),
        ScriptedServer.until("all delivered"),
        politely
      ]
      const events = yield* following([script], { bufferBytes: 4000, until: start + 9000n }, (feed) =>
        Effect.map(collect(feed), ({ events }) => events)
      )
      assert.isTrue(areWhole(events))
      assert.strictEqual(pieces(events).at(-1)!.end, start + 9000n)
    })
  )
})

describe("a change of the timeline", () => {
  const history = `1\t0/1000064\tno recovery target specified\n`
  const at = start + 100n
  const ended = (row: ReadonlyArray<ScriptedServer.Outgoing>): ScriptedServer.Script => [
    opening(),
    begun,
    send(wal(start, 100), { _tag: "CopyDone" }),
    expectAny("CopyDone", (message) => (message._tag === "CopyDone" ? [] : "no CopyDone")),
    send(...row)
  ]

  it.scoped("is followed without a missing byte, and its history is given (REP-059, TRP-118, W01)", () =>
    Effect.gen(function* () {
      const script: ScriptedServer.Script = [
        ended(nextTimeline("2", "0/1000064")),
        historyOf(2, history),
        started("START_REPLICATION PHYSICAL 0/1000064 TIMELINE 2"),
        send(wal(at, 50)),
        politely
      ]
      const { error, events } = yield* following([script], { until: at + 50n }, collect)
      assert.isUndefined(error)
      assert.deepStrictEqual(spans(events), [
        [1, start, at],
        [2, at, at + 50n]
      ])
      assert.isTrue(areWhole(events))
      const switched = events.find((event) => event._tag === "TimelineSwitched")!
      assert.deepInclude(switched, { from: 1, to: 2, at, resumesAt: at })
      assert.strictEqual(new TextDecoder().decode(switched.history.content), history)
    })
  )

  it.scoped("is followed where there was no copy at all (REP-028)", () =>
    Effect.gen(function* () {
      const script: ScriptedServer.Script = [
        opening({ timeline: 3, between: historyOf(3, "1\t0/1000000\tx\n2\t0/1000000\ty\n") }),
        expect({ _tag: "Query", sql: "START_REPLICATION PHYSICAL 0/1000000 TIMELINE 1" }),
        send(...nextTimeline("2", "0/1000000")),
        historyOf(2, "1\t0/1000000\tx\n"),
        expect({ _tag: "Query", sql: "START_REPLICATION PHYSICAL 0/1000000 TIMELINE 2" }),
        send(...nextTimeline("3", "0/1000000")),
        historyOf(3, "1\t0/1000000\tx\n2\t0/1000000\ty\n"),
        started("START_REPLICATION PHYSICAL 0/1000000 TIMELINE 3"),
        send(wal(start, 10)),
        politely
      ]
      const { error, events } = yield* following([script], { timeline: 1, until: start + 10n }, collect)
      assert.isUndefined(error)
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "TimelineSwitched" ? event.to : event._tag)),
        ["PhysicalOpened", 2, 3, "WalData"]
      )
    })
  )

  it.scoped("is refused where the server contradicts itself (W02)", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [ScriptedServer.Script, RegExp, string]> = [
        [ended(nextTimeline("1", "0/1000064")), /timeline 1 follows timeline 1/, "PgProtocolError"],
        [ended(nextTimeline("2", "0/1000065")), /ends at 0\/1000065/, "PgProtocolError"],
        [ended(nextTimeline("2", "0/1000063")), /ends at 0\/1000063/, "PgProtocolError"],
        [ended(nextTimeline("2", "here")), /next_tli_startpos/, "PgCodecError"],
        [ended(nextTimeline("4294967296", "0/1000064")), /next_tli/, "PgCodecError"],
        [
          [ended(nextTimeline("2", "0/1000064")), historyOf(2, "1\t0/1000000\tx\n")],
          /does not leave timeline 1 at 0\/1000064/,
          "PgProtocolError"
        ],
        [
          [ended(nextTimeline("2", "0/1000064")), historyOf(2, history, "../00000002.history")],
          /must be 00000002\.history/,
          "PgCodecError"
        ]
      ]
      for (const [script, message, tag] of wrong) {
        const { error, events } = yield* following([[script, politely]], {}, collect)
        assert.deepStrictEqual(spans(events), [[1, start, at]])
        assert.strictEqual(error?._tag, tag)
        assert.match(error!.message, message)
      }
    })
  )
})

describe("reports", () => {
  const reporting = <E>(
    options: PhysicalOptions,
    body: (feed: PhysicalFeed, heard: ReadonlyArray<ClientWalMessage>) => Effect.Effect<void, E, Scope.Scope>
  ) => {
    const heard: Array<ClientWalMessage> = []
    const hear = (message: FrontendMessage): ScriptedServer.Script => {
      if (message._tag !== "CopyData") {
        return message._tag === "CopyDone"
          ? [
              send(
                { _tag: "CopyDone" },
                { _tag: "CommandComplete", commandTag: "COPY 0" },
                { _tag: "CommandComplete", commandTag: "START_REPLICATION" },
                readyForQuery()
              )
            ]
          : []
      }
      return [
        run("it is noted", () =>
          Effect.sync(() => heard.push(Either.getOrThrow(WalMessage.decodeClient(message.data))))
        )
      ]
    }
    return Effect.gen(function* () {
      const script = [
        opening(),
        begun,
        send(wal(start, 100)),
        ScriptedServer.repeat(expectAny("anything", hear))
      ]
      yield* following([script], options, (feed) => body(feed, heard))
      return heard
    })
  }

  const positions = (heard: ReadonlyArray<ClientWalMessage>) =>
    heard.flatMap((message) =>
      message._tag === "StandbyStatus" && !message.replyRequested
        ? [[message.written, message.flushed, message.applied]]
        : []
    )

  it.scoped(
    "have written, flushed and applied apart, and only positions that the consumer gave (REP-049, REP-050)",
    () =>
      Effect.gen(function* () {
        const heard = yield* reporting({}, (feed, heard) =>
          Effect.gen(function* () {
            yield* some(feed, 2)
            yield* TestClock.adjust("9999 millis")
            assert.deepStrictEqual(positions(heard), [])
            yield* TestClock.adjust("1 millis")
            yield* feed.acknowledge({ written: start + 90n })
            yield* TestClock.adjust("10 seconds")
            yield* feed.acknowledge({ flushed: start + 50n, applied: start + 10n })
            yield* TestClock.adjust("10 seconds")
            yield* feed.acknowledge({ written: start, flushed: start, applied: start })
            yield* feed.report
          })
        )
        const last = [start + 90n, start + 50n, start + 10n]
        assert.deepStrictEqual(positions(heard), [[0n, 0n, 0n], [start + 90n, 0n, 0n], last, last, last])
      })
  )

  it.scoped("refuse a position that was not given, and count what is flushed as written (REP-050)", () =>
    Effect.gen(function* () {
      yield* reporting({}, (feed) =>
        Effect.gen(function* () {
          yield* some(feed, 2)
          for (const argument of ["written", "flushed", "applied"]) {
            const error = yield* Effect.flip(feed.acknowledge({ [argument]: start + 101n }))
            assert.deepInclude(error, { _tag: "PgUsageError", argument })
            assert.include(
              error.message,
              `at most ${Lsn.toText(start + 100n)}, got ${Lsn.toText(start + 101n)}`
            )
          }
          yield* feed.acknowledge({ flushed: start + 100n })
          assert.deepInclude(yield* feed.progress, {
            written: start + 100n,
            flushed: start + 100n,
            applied: 0n,
            lag: 0n
          })
        })
      )
    })
  )

  it.scoped("carry the transactions that are still needed, where that is asked for (REP-055)", () =>
    Effect.gen(function* () {
      const feedback = { xmin: 700, xminEpoch: 1, catalogXmin: 0, catalogXminEpoch: 0 }
      const heard = yield* reporting({ hotStandbyFeedback: Effect.succeed(feedback) }, () =>
        TestClock.adjust("10 seconds")
      )
      const sent = heard.find((message) => message._tag === "HotStandbyFeedback")!
      assert.deepInclude(sent, feedback)
    })
  )

  it.scoped("are sent at once when the server asks, though the consumer does not read (REP-044)", () =>
    Effect.gen(function* () {
      const script = [
        opening(),
        begun,
        send(keepalive(start, true)),
        expectAny("a report", (message) => (message._tag === "CopyData" ? [] : "no report")),
        politely
      ]
      yield* following([script], {}, () => Effect.yieldNow())
    })
  )
})

describe("a lost connection", () => {
  const lostAt = start + 100n
  const once = Schedule.spaced("1 second")

  it.scoped("is opened again behind the last byte, and what happened is given (REP-056, REP-062)", () =>
    Effect.gen(function* () {
      const scripts = [
        [opening(), begun, send(wal(start, 100)), hangUp],
        [
          reopening(),
          started("START_REPLICATION PHYSICAL 0/1000064 TIMELINE 1"),
          send(wal(lostAt, 50)),
          politely
        ]
      ]
      const events = yield* following(scripts, { reconnect: once, until: lostAt + 50n }, (feed) =>
        Effect.gen(function* () {
          const reading = yield* Effect.fork(collect(feed))
          yield* TestClock.adjust("1 second")
          return (yield* Fiber.join(reading)).events
        })
      )
      assert.deepStrictEqual(spans(events), [
        [1, start, lostAt],
        [1, lostAt, lostAt + 50n]
      ])
      assert.isTrue(areWhole(events))
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["PhysicalOpened", "WalData", "PhysicalLost", "PhysicalResumed", "WalData"]
      )
      assert.deepInclude(events[2], { position: lostAt, timeline: 1 })
    })
  )

  it.scoped("goes on over a promotion meanwhile", () =>
    Effect.gen(function* () {
      const history = "1\t0/1000096\tpromoted\n"
      const scripts = [
        [opening(), begun, send(wal(start, 100)), hangUp],
        [
          reopening({ timeline: 2, between: historyOf(2, history) }),
          started("START_REPLICATION PHYSICAL 0/1000064 TIMELINE 1"),
          send(wal(lostAt, 50), { _tag: "CopyDone" }),
          untilCopyDone(...nextTimeline("2", "0/1000096")),
          historyOf(2, history),
          started("START_REPLICATION PHYSICAL 0/1000096 TIMELINE 2"),
          send(wal(lostAt + 50n, 10)),
          politely
        ]
      ]
      const events = yield* following(scripts, { reconnect: once, until: lostAt + 60n }, (feed) =>
        Effect.gen(function* () {
          const reading = yield* Effect.fork(collect(feed))
          yield* TestClock.adjust("1 second")
          return (yield* Fiber.join(reading)).events
        })
      )
      assert.deepStrictEqual(spans(events).slice(1), [
        [1, lostAt, lostAt + 50n],
        [2, lostAt + 50n, lostAt + 60n]
      ])
    })
  )

  it.scoped("waits for a server that has not got so far, and ends where the history left before", () =>
    Effect.gen(function* () {
      const scripts = [
        [opening(), begun, send(wal(start, 100)), hangUp],
        [reopening({ end: "0/1000000" }), ScriptedServer.goodbye],
        [reopening({ timeline: 2, between: historyOf(2, "1\t0/1000063\tx\n") }), ScriptedServer.goodbye]
      ]
      const { error, events } = yield* following(scripts, { reconnect: once }, (feed) =>
        Effect.gen(function* () {
          const reading = yield* Effect.fork(collect(feed))
          yield* TestClock.adjust("2 seconds")
          return yield* Fiber.join(reading)
        })
      )
      assert.deepInclude(error, { _tag: "PgWalError", reason: "diverged", position: lostAt, timeline: 1 })
      assert.strictEqual(events.at(-1)!._tag, "PhysicalLost")
    })
  )

  it.scoped("ends the feed with its reason when the schedule ends", () =>
    Effect.gen(function* () {
      const scripts = [[opening(), begun, send(wal(start, 100)), hangUp]]
      const { error } = yield* following(scripts, { reconnect: Schedule.stop }, collect)
      assert.strictEqual(error?._tag, "PgClosedError")
    })
  )
})

describe("a feed that cannot begin", () => {
  const refused = (
    script: ScriptedServer.Script,
    options: PhysicalOptions = {},
    others: ReadonlyArray<ScriptedServer.Script> = []
  ) => Effect.flip(following([[script, ScriptedServer.goodbye], ...others], options, () => Effect.void))

  const slotRow = (values: ReadonlyArray<string | null>): ScriptedServer.Script =>
    simpleQuery('READ_REPLICATION_SLOT "s"', [answer(["slot_type", "restart_lsn", "restart_tli"], values)])

  it.scoped("reports where the server's log ends (REP-027, W03)", () =>
    Effect.gen(function* () {
      const error = yield* refused([
        startup(),
        identified(1, "0/FFFFFF"),
        simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], ["16MB"])])
      ])
      assert.deepInclude(error, { _tag: "PgWalError", reason: "beyond-end", position: start })
      assert.match(error.message, /ends at 0\/FFFFFF/)
    })
  )

  it.scoped("reports the timelines of the server (REP-027, W03)", () =>
    Effect.gen(function* () {
      const asked = (timeline: number, history: string) =>
        refused(
          [
            startup(),
            identified(3, "0/2000000"),
            simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], ["16MB"])]),
            historyOf(3, history)
          ],
          { timeline }
        )
      const never = yield* asked(2, "1\t0/1000064\tx\n")
      assert.deepInclude(never, { _tag: "PgWalError", reason: "diverged" })
      assert.match(never.message, /was never on it/)
      const left = yield* asked(1, "1\t0/FFFFFF\tx\n")
      assert.match(left.message, /left it at 0\/FFFFFF/)
      const ahead = yield* asked(4, "1\t0/1000064\tx\n")
      assert.deepInclude(ahead, { _tag: "PgWalError", reason: "diverged" })
    })
  )

  it.scoped("reports that the server has removed its log (REP-027, W03)", () =>
    Effect.gen(function* () {
      const { error } = yield* reading([errorResponse({ code: "58P01" }), readyForQuery()])
      assert.deepInclude(error, { _tag: "PgWalError", reason: "removed", position: start, timeline: 1 })
      assert.match(error!.message, /base backup/)
    })
  )

  it.scoped("reports that the server is of another cluster (REP-083)", () =>
    Effect.gen(function* () {
      const error = yield* refused(
        [
          startup(),
          identified(1, "0/2000000"),
          simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], ["16MB"])])
        ],
        { systemId: "1" }
      )
      assert.deepInclude(error, { _tag: "PgWalError", reason: "other-system" })
    })
  )

  it.scoped("reports what is wrong with its slot (REP-017, REP-027)", () =>
    Effect.gen(function* () {
      const before = [
        startup({ parameters: { server_version: "18.1" } }),
        identified(1, "0/2000000"),
        simpleQuery('SHOW "wal_segment_size"', [answer(["wal_segment_size"], ["16MB"])])
      ]
      const missing = yield* refused([before, slotRow([null, null, null])], { slot: "s" })
      assert.deepInclude(missing, { _tag: "PgSlotError", reason: "missing" })
      const logical = yield* refused(
        [
          before,
          expect({ _tag: "Query", sql: 'READ_REPLICATION_SLOT "s"' }),
          send(errorResponse({ code: "0A000" }), readyForQuery())
        ],
        { slot: "s" }
      )
      assert.deepInclude(logical, { _tag: "PgUsageError", argument: "slot" })
      const inUse = yield* refused(
        [
          before,
          slotRow(["physical", "0/1000000", "1"]),
          simpleQuery('SHOW "wal_sender_timeout"', [answer(["wal_sender_timeout"], ["1min"])]),
          expect({ _tag: "Query", sql: /^START_REPLICATION SLOT "s" PHYSICAL/ }),
          send(errorResponse({ code: "55006" }), readyForQuery())
        ],
        { slot: "s" }
      )
      assert.deepInclude(inUse, { _tag: "PgSlotError", reason: "in-use" })
    })
  )

  it.scoped("is refused before anything is sent when its options do not fit", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [PhysicalOptions, string]> = [
        [{ create: {} }, "create"],
        [{ timeline: 0 }, "timeline"],
        [{ timeline: 1.5 }, "timeline"],
        [{ start: -1n }, "start"],
        [{ until: 2n ** 64n }, "until"]
      ]
      for (const [options, argument] of wrong) {
        const error = yield* Effect.flip(following([], options, () => Effect.void))
        assert.deepInclude(error, { _tag: "PgUsageError", argument })
      }
    })
  )
})

describe("a feed without a position", () => {
  it.scoped("begins at the position of its slot, which is made first if it is missing", () =>
    Effect.gen(function* () {
      const read = (values: ReadonlyArray<string | null>) =>
        simpleQuery('READ_REPLICATION_SLOT "s"', [
          answer(["slot_type", "restart_lsn", "restart_tli"], values)
        ])
      const script: ScriptedServer.Script = [
        opening({
          between: [
            read([null, null, null]),
            simpleQuery('CREATE_REPLICATION_SLOT "s" PHYSICAL (RESERVE_WAL)', [
              answer(["slot_name", "consistent_point"], ["s", "0/0"])
            ]),
            read(["physical", "0/1000028", "1"])
          ]
        }),
        started('START_REPLICATION SLOT "s" PHYSICAL 0/1000028 TIMELINE 1'),
        politely
      ]
      const facts = yield* Effect.flatMap(scripted([script]), (connector) =>
        Effect.scoped(
          Effect.provide(
            Effect.map(physical({ slot: "s", create: {} }), ({ facts }) => facts),
            connector
          )
        )
      )
      assert.deepInclude(facts, { start: 0x1000028n, createdSlot: true, slot: "s" })
    })
  )

  it.scoped("begins at the end of the server's log without one", () =>
    Effect.gen(function* () {
      const script = [opening(), started("START_REPLICATION PHYSICAL 0/2000000 TIMELINE 1"), politely]
      const facts = yield* Effect.flatMap(scripted([script]), (connector) =>
        Effect.scoped(
          Effect.provide(
            Effect.map(physical(), ({ facts }) => facts),
            connector
          )
        )
      )
      assert.strictEqual(facts.start, 0x2000000n)
    })
  )
})
