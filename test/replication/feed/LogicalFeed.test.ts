import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Lsn } from "../../../src/model/Lsn.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import type { LogicalFeed } from "../../../src/replication/feed/LogicalFeed.js"
import * as CatalogSession from "../../../src/replication/feed/CatalogSession.js"
import * as SpillStore from "../../../src/replication/feed/SpillStore.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { errorResponse, readyForQuery, refuse } from "../../../src/testing/ScriptedServer.js"
import type { BackendMessage } from "../../../src/wire/BackendMessage.js"
import type { PgOutputMessage } from "../../../src/wire/replication/PgOutput.js"
import { hurrying, turnsDuring } from "../../support/turns.js"
import type { FeedServer, FeedServerOptions } from "../feedServer.js"
import * as FeedServers from "../feedServer.js"
import {
  abort,
  begin,
  commit,
  insert,
  payload,
  relation,
  start,
  stop,
  streamCommit,
  text
} from "../payloads.js"

/** Lets everything happen that waits for nothing but its turn. */
const settle = Effect.promise(async () => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
})

const opened = (options: FeedServerOptions & { readonly feed?: Parameters<FeedServer["open"]>[0] } = {}) =>
  Effect.gen(function* () {
    const server = yield* FeedServers.make(options)
    const scope = yield* Scope.fork(yield* Effect.scope, (yield* Effect.scope).strategy)
    const feed = yield* Scope.extend(server.open(options.feed), scope)
    yield* settle
    return { server, feed, scope }
  })

const table = relation(1, [{ name: "id", typeOid: 23, key: true }, { name: "name" }])

/** One transaction of one row; it ends eight behind `lsn`. */
const transaction = (id: number, lsn: Lsn): ReadonlyArray<readonly [PgOutputMessage, Lsn]> => [
  [begin(id, lsn), lsn],
  [insert(1, [text(String(id)), text("x")]), lsn - 4n],
  [commit(lsn), lsn + 8n]
]

/** A transaction of one row, sent in a chunk and committed afterwards. */
const streamOne = (server: FeedServer): void => {
  server.stream(
    [start(10), 0n],
    [{ ...table, xid: 10 }, 0n],
    [insert(1, [text("1"), text("x")], 10), 0n],
    [stop, 0n]
  )
  server.stream([streamCommit(10, 0x1700n), 0x1708n])
}

const taken = (feed: LogicalFeed, count: number) =>
  Effect.map(Stream.runCollect(Stream.take(feed.changes, count)), Chunk.toReadonlyArray)

const show = (event: LogicalEvent): unknown => (event._tag === "Insert" ? event.new["id"] : event._tag)

/** Runs the changes into a list, and the failure that ends them. */
const following = (feed: LogicalFeed) =>
  Effect.gen(function* () {
    const seen: Array<LogicalEvent> = []
    const fiber = yield* Effect.fork(
      Effect.either(Stream.runForEach(feed.changes, (event) => Effect.sync(() => seen.push(event))))
    )
    return { seen, fiber }
  })

const flushed = (server: FeedServer) => server.statuses().map((status) => status.flushed)

describe("a feed", () => {
  it.scoped(
    "takes no table of another cluster for one of its own when its address leads to another server",
    () =>
      Effect.gen(function* () {
        const { server, feed } = yield* opened({
          others: [
            [
              ScriptedServer.startup(),
              ...ScriptedServer.extendedQuery({
                sql: CatalogSession.systemQuery,
                columns: [ScriptedServer.column("id")],
                rows: [["7000000000000000001"]]
              }),
              ScriptedServer.repeat(ScriptedServer.expectAny("anything", () => []))
            ]
          ]
        })
        server.stream([table, 0n], ...transaction(1, 0x1500n))
        const { fiber, seen } = yield* following(feed)
        const outcome = yield* Fiber.join(fiber)
        const error = outcome._tag === "Left" ? outcome.left : undefined
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged" })
        assert.include(error?.message, "another cluster: 7000000000000000001")
        assert.deepStrictEqual(
          seen.filter(({ _tag }) => _tag === "Insert"),
          []
        )
      })
  )

  it.scoped("goes on as text when the refusal of a binary value comes with the copy's beginning", () =>
    Effect.gen(function* () {
      const texts: Array<string> = []
      const server = yield* FeedServers.make({
        atOnce: [
          errorResponse({ code: "42883", text: "no binary output function available for type aclitem" }),
          readyForQuery()
        ],
        others: [
          [
            ScriptedServer.startup(),
            FeedServers.identified,
            ScriptedServer.repeat(
              ScriptedServer.expectAny("anything", (message) => {
                if (message._tag === "CopyDone") return [ScriptedServer.send(...FeedServers.farewell)]
                if (message._tag === "Query") texts.push(message.sql)
                return message._tag !== "Query" || !message.sql.startsWith("START_REPLICATION")
                  ? []
                  : [
                      ScriptedServer.send(
                        { _tag: "CopyBothResponse", format: 0, columnFormats: [] },
                        ...[[table, 0n] as const, ...transaction(1, 0x1500n)].map(
                          ([message, lsn]): BackendMessage => ({
                            _tag: "CopyData",
                            data: payload(message, lsn)
                          })
                        )
                      )
                    ]
              })
            )
          ]
        ]
      })
      const feed = yield* server.open()
      assert.deepStrictEqual((yield* taken(feed, 3)).map(show), ["Begin", 1, "Commit"])
      assert.deepStrictEqual([...new Set(texts)].length, 1)
      assert.match(texts[0]!, /^START_REPLICATION SLOT "s" LOGICAL /)
      assert.notInclude(texts[0]!, "binary")
    })
  )

  it.scoped("goes on as text, and gives nothing twice, when a binary value is refused in a transaction", () =>
    Effect.gen(function* () {
      const commands = new Set<string>()
      const again = ScriptedServer.repeat(
        ScriptedServer.expectAny("anything", (message) => {
          if (message._tag === "CopyDone") return [ScriptedServer.send(...FeedServers.farewell)]
          if (message._tag !== "Query") return []
          commands.add(message.sql)
          return [
            ScriptedServer.send(
              { _tag: "CopyBothResponse", format: 0, columnFormats: [] },
              ...[[table, 0n] as const, ...transaction(2, 0x1600n), ...transaction(3, 0x1700n)].map(
                ([message, lsn]): BackendMessage => ({ _tag: "CopyData", data: payload(message, lsn) })
              )
            )
          ]
        })
      )
      const { feed, server } = yield* opened({ again: [again] })
      const { fiber, seen } = yield* following(feed)
      server.stream([table, 0n], ...transaction(1, 0x1500n), ...transaction(2, 0x1600n).slice(0, 2))
      yield* settle
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit", "Begin", 2])
      server.say(
        errorResponse({ code: "42883", text: "no binary output function available for type aclitem" }),
        readyForQuery()
      )
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      assert.deepStrictEqual(seen.slice(5).map(show), ["Commit", "Begin", 3, "Commit"])
      assert.deepStrictEqual(
        [...commands],
        [
          // Behind the last transaction that was handed out whole, and without binary.
          `START_REPLICATION SLOT "s" LOGICAL 0/1508 ("proto_version" '4', "publication_names" '"p"')`
        ]
      )
      yield* Fiber.interrupt(fiber)
    })
  )

  it.scoped("fails with any other refusal, and with that of a binary value when values come as text", () =>
    Effect.gen(function* () {
      for (const [binary, code] of [
        [true, "42704"],
        [false, "42883"]
      ] as const) {
        const { feed, server } = yield* opened({ feed: { binary } })
        const { fiber, seen } = yield* following(feed)
        server.stream([table, 0n], ...transaction(1, 0x1500n))
        server.say(errorResponse({ code, text: "refused" }), readyForQuery())
        yield* settle
        const exit = yield* Fiber.poll(fiber)
        const outcome = Option.isSome(exit) && Exit.isSuccess(exit.value) ? exit.value.value : undefined
        assert.deepInclude(outcome?._tag === "Left" ? outcome.left : {}, { _tag: "PgServerError", code })
        assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit"])
      }
    })
  )

  it.scoped("ends its session when it has failed and all that it gave is acknowledged", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened()
      const { fiber, seen } = yield* following(feed)
      server.stream(
        [table, 0n],
        ...transaction(1, 0x1500n),
        [begin(2, 0x1600n), 0x1600n],
        [insert(1, [text("none"), text("x")]), 0x15f0n]
      )
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : {}, { _tag: "PgChangeRowError" })
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit", "Begin"])
      yield* settle
      assert.notInclude(server.heard(), "CopyDone")
      yield* feed.acknowledge(0x1508n)
      yield* settle
      assert.deepStrictEqual(server.heard().slice(-2), ["StandbyStatus", "CopyDone"])
      assert.strictEqual(flushed(server).at(-1), 0x1508n)
    })
  )

  it.scoped("gives what came before a publication was passed over, and nothing behind (LOG-003)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened()
      const data = (
        messages: ReadonlyArray<readonly [PgOutputMessage, Lsn]>
      ): ReadonlyArray<BackendMessage> =>
        messages.map(([message, lsn]) => ({ _tag: "CopyData", data: payload(message, lsn) }))
      const warning = (routine: string): BackendMessage => ({
        _tag: "NoticeResponse",
        fields: ServerFields.make({ severity: "WARNING", code: "55000", text: "übergehe", routine })
      })
      server.say(
        ...data([[table, 0n], ...transaction(1, 0x1500n)]),
        warning("SomethingElse"),
        ...data(transaction(2, 0x1600n)),
        warning("LoadPublications"),
        ...data(transaction(3, 0x1700n))
      )
      server.keepalive(0x1800n, true)
      const { fiber, seen } = yield* following(feed)
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : {}, { code: "42704", text: "übergehe" })
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit", "Begin", 2, "Commit"])
      assert.strictEqual((yield* feed.progress).received, 0x1608n)
      yield* feed.acknowledge(0x1608n)
      yield* feed.report
      yield* settle
      assert.strictEqual(flushed(server).at(-1), 0x1608n)
    }).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None)))
  )

  it.scoped(
    "begins where the slot stands, by commands that go one by one, and asks a third of the server's patience between reports (REP-005, REP-045)",
    () =>
      Effect.gen(function* () {
        const { server, feed } = yield* opened({ walSenderTimeout: "3s" })
        assert.deepInclude(feed.facts, {
          systemId: "7000000000000000000",
          timeline: 1,
          start: FeedServers.confirmed
        })
        yield* TestClock.adjust("999 millis")
        yield* settle
        assert.deepStrictEqual(server.heard(), [])
        yield* TestClock.adjust("1 milli")
        yield* settle
        assert.deepStrictEqual(flushed(server), [FeedServers.confirmed])
      })
  )

  it.scoped("answers a keepalive that asks, at once and before the consumer reads it (REP-044)", () =>
    Effect.gen(function* () {
      const { server } = yield* opened()
      server.keepalive(0x1500n, false)
      yield* settle
      assert.deepStrictEqual(server.heard(), [])
      server.keepalive(0x1500n, true)
      yield* settle
      // Not the position of the keepalive: it has not been read, and something may lie before it.
      assert.deepStrictEqual(flushed(server), [FeedServers.confirmed])
    })
  )

  it.scoped(
    "reports the position of a keepalive once it has been read, if no transaction is open (REP-052, LOG-060)",
    () =>
      Effect.gen(function* () {
        const { server, feed } = yield* opened()
        yield* following(feed)
        server.keepalive(0x1500n, true)
        yield* settle
        assert.strictEqual(flushed(server).at(-1), 0x1500n)
        server.stream([table, 0n], ...transaction(1, 0x1600n))
        server.keepalive(0x1700n, true)
        yield* settle
        assert.strictEqual(flushed(server).at(-1), 0x1500n)
        yield* feed.acknowledge(0x1608n)
        yield* feed.report
        yield* settle
        assert.strictEqual(flushed(server).at(-1), 0x1700n)
      })
  )

  it.scoped("reports on its timer alone while reading is stopped at the bound (REP-046)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({ feed: { bufferBytes: 64 } })
      server.stream([table, 0n], ...transaction(1, 0x1600n))
      yield* server.end().untilPaused(true)
      server.keepalive(0x1700n, true)
      yield* settle
      assert.deepStrictEqual(server.heard(), [])
      for (let report = 1; report <= 5; report++) {
        yield* TestClock.adjust("10 seconds")
        yield* settle
        assert.lengthOf(server.statuses(), report)
      }
      assert.deepStrictEqual((yield* taken(feed, 3)).map(show), ["Begin", 1, "Commit"])
      yield* settle
      // Reading goes on, and what was asked meanwhile is answered.
      assert.lengthOf(server.statuses(), 6)
    })
  )

  it.scoped("never reports a position that goes back, or one inside a transaction (LOG-054, TRP-106)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened()
      yield* following(feed)
      server.stream(
        [table, 0n],
        ...transaction(1, 0x1600n),
        [begin(2, 0x1800n), 0n],
        [insert(1, [text("2"), text("y")]), 0x100n]
      )
      yield* settle
      yield* feed.acknowledge(0x1700n).pipe(Effect.flip)
      yield* feed.acknowledge(0x1608n)
      for (const position of [0x1300n, 0n]) yield* feed.acknowledge(position)
      server.keepalive(0x1900n, true)
      yield* feed.report
      yield* settle
      assert.deepStrictEqual(flushed(server), [0x1608n, 0x1608n])
    })
  )

  it.scoped("sends a last report, and then ends the copy (REP-057, REP-058, TRP-104)", () =>
    Effect.gen(function* () {
      const { server, feed, scope } = yield* opened()
      server.stream([table, 0n], ...transaction(1, 0x1600n))
      yield* taken(feed, 3)
      yield* feed.acknowledge(0x1608n)
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.deepStrictEqual(server.heard(), ["StandbyStatus", "CopyDone"])
      assert.deepInclude(server.statuses()[0], { written: 0x1608n, flushed: 0x1608n, applied: 0x1608n })
    })
  )

  it.scoped("leaves a server that does not end", () =>
    Effect.gen(function* () {
      const { server, scope } = yield* opened()
      server.end().hangUp()
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(server.end().client(), "destroyed")
    })
  )

  it.scoped("gives up on a server that is silent though asked (REP-047)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({
        feed: { silenceLimit: "20 seconds" }
      })
      const { fiber } = yield* following(feed)
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.deepStrictEqual(server.statuses().filter((status) => status.replyRequested).length, 1)
      server.keepalive(0x1500n, false)
      yield* settle
      yield* TestClock.adjust("20 seconds")
      yield* settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust("10 seconds")
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : {}, {
        _tag: "PgTimeoutError",
        deadline: "silence"
      })
      assert.strictEqual(server.end().client(), "destroyed")
    })
  )

  it.scoped(
    "tolerates a server that is silent for hours, while it decodes what it does not send, and can be reached",
    () =>
      Effect.gen(function* () {
        const { feed, server } = yield* opened()
        const { fiber, seen } = yield* following(feed)
        for (let minutes = 0; minutes < 10; minutes++) {
          yield* TestClock.adjust("1 minute")
          yield* settle
        }
        assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
        // Asked for a word, and looked for by a second connection, twice a minute.
        assert.isAtLeast(server.statuses().filter((status) => status.replyRequested).length, 19)
        assert.isAtLeast(server.connections(), 20)
        server.stream([table, 0n], ...transaction(1, 0x1600n))
        yield* settle
        assert.lengthOf(seen, 3)
        yield* Fiber.interrupt(fiber)
      })
  )

  it.scoped("ends within 45 seconds when the server is silent and cannot be reached", () =>
    Effect.gen(function* () {
      const { feed, server } = yield* opened({ others: [refuse(), refuse(), refuse()] })
      const { fiber } = yield* following(feed)
      yield* TestClock.adjust("45 seconds")
      yield* settle
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : {}, {
        _tag: "PgTimeoutError",
        deadline: "silence",
        millis: 30_000
      })
      assert.strictEqual(server.end().client(), "destroyed")
    })
  )

  it.scoped("gives the event loop its turn while a consumer takes many changes that have come", () =>
    Effect.gen(function* () {
      const changes = Array.from(
        { length: 256 * 40 },
        () => [insert(1, [text("1"), text("x")]), 0x1600n] as const
      )
      const hours = { seen: 0 }
      for (const read of ["changes", "messages"] as const) {
        const { feed, server } = yield* opened().pipe(Effect.withClock(hurrying(1)))
        const count = Stream.runForEach(
          Stream.take(feed[read] as Stream.Stream<unknown, unknown>, 256 * 40),
          () => Effect.sync(() => hours.seen++)
        )
        server.stream([table, 0n], [begin(1, 0x1700n), 0x1700n], ...changes)
        yield* settle
        // A turn in about five pieces of 256.
        assert.isAtLeast(yield* turnsDuring(count), 6)
      }
      assert.strictEqual(hours.seen, 2 * 256 * 40)
    })
  )

  it.scoped("takes the padded positions of later servers for what they are (REP-008, TRP-117)", () =>
    Effect.gen(function* () {
      const { feed } = yield* opened({
        slot: { confirmed_flush_lsn: "0/00001000", restart_lsn: "00000000/00000FF0" },
        feed: { start: FeedServers.confirmed }
      })
      assert.strictEqual(feed.facts.start, FeedServers.confirmed)
    })
  )

  it.scoped("waits for its first change as long as the server gives signs of life (REP-036)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened()
      const { seen } = yield* following(feed)
      for (let minutes = 0; minutes < 20; minutes++) {
        yield* TestClock.adjust("50 seconds")
        server.keepalive(FeedServers.confirmed, false)
        yield* settle
      }
      server.stream([table, 0n], ...transaction(1, 0x1600n))
      yield* settle
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit"])
    })
  )

  it.scoped("sends only data, the end of the copy and Terminate, for every use of it (REP-043)", () =>
    Effect.gen(function* () {
      const { server, feed, scope } = yield* opened()
      const { fiber } = yield* following(feed)
      server.stream([table, 0n], ...transaction(1, 0x1600n))
      server.keepalive(0x1608n, true)
      yield* settle
      yield* feed.acknowledge(0x1608n)
      yield* feed.report
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(fiber)
      yield* Scope.close(scope, Exit.void)
      yield* settle
      const usual = ["StandbyStatus", "Terminate"]
      assert.deepStrictEqual(
        server.heard().filter((name) => !usual.includes(name)),
        ["CopyDone"]
      )
    })
  )

  it.scoped("does not hand out more than may be unacknowledged, and goes on when there is room", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({ feed: { maxUnacknowledged: 2 } })
      const { seen } = yield* following(feed)
      server.stream(
        [table, 0n],
        ...transaction(1, 0x1600n),
        ...transaction(2, 0x1700n),
        ...transaction(3, 0x1800n)
      )
      yield* settle
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit", "Begin", 2, "Commit"])
      yield* feed.acknowledge(0x1608n)
      yield* settle
      assert.deepStrictEqual(seen.slice(6).map(show), ["Begin", 3, "Commit"])
    })
  )

  it.scoped("ends behind the transaction that reaches its until position (REP-086)", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({ feed: { until: 0x1700n } })
      const { seen, fiber } = yield* following(feed)
      server.stream(
        [table, 0n],
        ...transaction(1, 0x1600n),
        ...transaction(2, 0x1700n),
        ...transaction(3, 0x1800n)
      )
      assert.isTrue((yield* Fiber.join(fiber))._tag === "Right")
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit", "Begin", 2, "Commit"])
    })
  )

  it.scoped("ends at a keepalive when nothing more comes before the position", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({ feed: { until: 0x1700n } })
      const { fiber } = yield* following(feed)
      server.keepalive(0x16ffn, false)
      yield* settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      server.keepalive(0x1700n, false)
      assert.isTrue((yield* Fiber.join(fiber))._tag === "Right")
    })
  )
})

describe("a stream that goes wrong", () => {
  const failure = (say: (server: FeedServer) => void) =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened()
      const { seen, fiber } = yield* following(feed)
      server.stream([table, 0n], ...transaction(1, 0x1600n))
      say(server)
      const outcome = yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen.map(show).slice(0, 3), ["Begin", 1, "Commit"])
      return { error: outcome._tag === "Left" ? outcome.left : undefined, server, seen }
    })

  it.scoped("with a value that cannot be read names its column, behind what was before it", () =>
    Effect.gen(function* () {
      const { error, seen } = yield* failure((server) =>
        server.stream([begin(2, 0x1700n), 0x1700n], [insert(1, [text("no number"), text("x")]), 0x1700n])
      )
      assert.deepInclude(error, { _tag: "PgChangeRowError", column: "id", type: "int4" })
      assert.include(
        error?.message,
        'column "id" of type int4 cannot be read in the new row of an insert into public.t, in transaction 2 committed at 0/1700'
      )
      assert.lengthOf(seen, 4)
    })
  )

  it.scoped("with a message that cannot be read ends the connection (REP-040, LOG-009)", () =>
    Effect.gen(function* () {
      const { error, server } = yield* failure((server) =>
        server.say({ _tag: "CopyData", data: Uint8Array.of(0x7a) })
      )
      assert.deepInclude(error, { _tag: "PgProtocolError", state: "LogicalFeed" })
      assert.strictEqual(server.end().client(), "destroyed")
    })
  )

  it.scoped("with a change of an unknown table ends the connection (LOG-016)", () =>
    Effect.gen(function* () {
      const { error, server } = yield* failure((server) =>
        server.stream([begin(2, 0x1700n), 0x1700n], [insert(9, [text("1")]), 0x1700n])
      )
      assert.deepInclude(error, { _tag: "PgProtocolError", tag: "UnknownRelation" })
      assert.strictEqual(server.end().client(), "destroyed")
    })
  )

  it.scoped(
    "by the server's error fails with that error, such as a missing publication (LOG-003, TRP-113)",
    () =>
      Effect.gen(function* () {
        const { error } = yield* failure((server) =>
          server.say(errorResponse({ code: "42704" }), readyForQuery())
        )
        assert.deepInclude(error, { _tag: "PgServerError", code: "42704" })
      })
  )

  it.scoped("without an answer fails with a lost connection (REP-062)", () =>
    Effect.gen(function* () {
      const { error } = yield* failure((server) => server.end().hangUp())
      assert.strictEqual(error?._tag, "PgClosedError")
    })
  )

  it.scoped("by the server's CopyDone is a plain end (REP-060)", () =>
    Effect.gen(function* () {
      const { error } = yield* failure((server) => server.say({ _tag: "CopyDone" }))
      assert.isUndefined(error)
    })
  )
})

describe("transactions in chunks", () => {
  it.scoped("wait in the store and come whole, in the order of their ends (LOG-042, LOG-044, LOG-047)", () =>
    Effect.gen(function* () {
      const kept: Array<number> = []
      const memory = SpillStore.inMemory()
      const store: SpillStore.SpillStore = {
        ...memory,
        append: (xid, block) =>
          Effect.zipRight(
            Effect.sync(() => kept.push(xid)),
            memory.append(xid, block)
          )
      }
      const { server, feed } = yield* opened({ feed: { streaming: "on", store } })
      const { seen } = yield* following(feed)
      const chunk = (xid: number, ids: ReadonlyArray<number>, first: boolean, part = xid) =>
        server.stream(
          [start(xid, first), 0n],
          ...(first ? [[{ ...table, xid }, 0n] as const] : []),
          ...ids.map((id) => [insert(1, [text(String(id)), text("x")], part), 0x1500n] as const),
          [stop, 0n]
        )
      chunk(10, [1], true)
      chunk(20, [2], true)
      chunk(10, [3], false)
      chunk(10, [4], false, 11)
      server.stream([abort(10, 11), 0n])
      yield* settle
      assert.deepStrictEqual(seen, [])
      assert.strictEqual((yield* feed.progress).outstanding, 0)
      server.stream(
        [table, 0n],
        ...transaction(5, 0x1600n),
        [abort(20), 0n],
        [streamCommit(10, 0x1700n), 0x1708n]
      )
      yield* settle
      assert.deepStrictEqual(seen.map(show), ["Begin", 5, "Commit", "Begin", 1, 3, "Commit"])
      assert.includeMembers(kept, [10, 20])
      yield* feed.acknowledge(0x1708n)
      assert.deepStrictEqual(yield* feed.progress, {
        received: 0x1708n,
        written: 0x1708n,
        flushed: 0x1708n,
        applied: 0x1708n,
        outstanding: 0
      })
    })
  )

  it.scoped(
    "hold the position back from the moment in which their end has come until they are handed out (LOG-055)",
    () =>
      Effect.gen(function* () {
        const gate = yield* Effect.makeSemaphore(0)
        const memory = SpillStore.inMemory()
        const store: SpillStore.SpillStore = {
          ...memory,
          append: (xid, block) => Effect.zipRight(gate.take(1), memory.append(xid, block)),
          read: (xid) => Stream.unwrap(Effect.as(gate.take(1), memory.read(xid)))
        }
        const { server, feed } = yield* opened({ feed: { streaming: "on", store } })
        const { seen } = yield* following(feed)
        streamOne(server)
        for (const _ of ["the last block is being kept", "the first is being read"]) {
          yield* settle
          assert.deepStrictEqual(yield* feed.progress, {
            received: 0x1708n,
            written: FeedServers.confirmed,
            flushed: FeedServers.confirmed,
            applied: FeedServers.confirmed,
            outstanding: 1
          })
          yield* feed.acknowledge(0x1708n)
          assert.strictEqual((yield* feed.progress).flushed, FeedServers.confirmed)
          yield* gate.release(1)
        }
        yield* settle
        assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit"])
        yield* feed.acknowledge(0x1708n)
        assert.deepStrictEqual(yield* feed.progress, {
          received: 0x1708n,
          written: 0x1708n,
          flushed: 0x1708n,
          applied: 0x1708n,
          outstanding: 0
        })
      })
  )

  it.scoped(
    "that were not asked for may be taken back, as 18 does with large ones it never sent (LOG-045)",
    () =>
      Effect.gen(function* () {
        const { server, feed } = yield* opened()
        const { seen } = yield* following(feed)
        server.stream([abort(10), 0n], [abort(10, 11), 0n], [table, 0n], ...transaction(5, 0x1600n))
        yield* settle
        assert.deepStrictEqual(seen.map(show), ["Begin", 5, "Commit"])
      })
  )

  it.scoped("of an earlier feed are void, and the next finds none of ours (LOG-043)", () =>
    Effect.gen(function* () {
      const store = SpillStore.inMemory()
      yield* store.append(10, Uint8Array.of(1))
      const { server, feed, scope } = yield* opened({ feed: { streaming: "on", store } })
      const { seen } = yield* following(feed)
      streamOne(server)
      yield* settle
      assert.deepStrictEqual(seen.map(show), ["Begin", 1, "Commit"])
      yield* store.append(20, Uint8Array.of(1))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Stream.runCount(store.read(20)), 0)
    })
  )

  it.scoped("that the store has no room for fail the feed", () =>
    Effect.gen(function* () {
      const { server, feed } = yield* opened({ feed: { streaming: "on", store: SpillStore.inMemory(0) } })
      const { fiber } = yield* following(feed)
      server.stream(
        [start(10), 0n],
        [{ ...table, xid: 10 }, 0n],
        [insert(1, [text("1"), text("x")], 10), 0n],
        [stop, 0n]
      )
      server.stream([streamCommit(10, 0x1700n), 0x1708n])
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : {}, {
        _tag: "PgLimitError",
        limit: "memoryBytes"
      })
    })
  )
})
