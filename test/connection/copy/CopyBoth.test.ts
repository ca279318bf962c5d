import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as CopyBoth from "../../../src/connection/copy/CopyBoth.js"
import { SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { FrameRun } from "../../../src/wire/FrameRun.js"
import { bodyEnd } from "../../../src/wire/FrameRun.js"
import type { Harness } from "../core.js"
import {
  columns,
  complete,
  copyData,
  copyDone,
  encode,
  error,
  fatal,
  harness,
  ready,
  row,
  text,
  tick
} from "../core.js"
import * as Inbound from "../../../src/connection/session/Inbound.js"

const both = { _tag: "CopyBothResponse", format: 0, columnFormats: [] } as const
const start = "START_REPLICATION SLOT s LOGICAL 0/0"

const turn = Effect.promise(tick)
const sent = (server: Harness) => Effect.promise(server.sent)

const bodies = (runs: Chunk.Chunk<FrameRun>): ReadonlyArray<string> =>
  Chunk.toReadonlyArray(runs).flatMap((run) =>
    Array.from({ length: run.count }, (_, at) =>
      new TextDecoder().decode(run.bytes.subarray(run.starts[at], bodyEnd(run, at)))
    )
  )

/** Opens a copy in a scope of its own; the server has agreed. */
const opened = (server: Harness, options: CopyBoth.CopyBothOptions = {}) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const fiber = yield* Effect.fork(Scope.extend(CopyBoth.open(server.core, start, options), scope))
    yield* turn
    assert.deepStrictEqual(yield* sent(server), ["Query"])
    server.say(both)
    return { copy: yield* Fiber.join(fiber), scope }
  })

const isUsable = (server: Harness) => {
  assert.isUndefined(server.core.ended)
  assert.isUndefined(server.core.session.owner)
  assert.strictEqual(server.core.cancels, 0)
  assert.isUndefined(server.core.holder)
}

describe("a copy in both directions", () => {
  it.effect("gives data in the messages it came in, while ours goes the other way (FLW-087, FLW-089)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      server.say(copyData("one"), copyData("two"))
      server.say(copyData("three"))
      yield* copy.send(new TextEncoder().encode("status"))
      assert.isFalse(copy.isEmpty())
      assert.deepStrictEqual(bodies(yield* copy.pull), ["one", "two", "three"])
      assert.isTrue(copy.isEmpty())
      assert.deepStrictEqual(yield* Effect.promise(server.messages), [
        { _tag: "CopyData", data: new TextEncoder().encode("status") }
      ])
    })
  )

  it.effect("keeps a run as it was when the framer goes on", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      const bytes = encode(copyData("a longer piece of data"), copyData("b"))
      for (let at = 0; at < bytes.length; at += 3) Inbound.receive(server.core, bytes.slice(at, at + 3))
      server.say(copyData("c"), copyData("d"))
      assert.deepStrictEqual(bodies(yield* copy.pull), ["a longer piece of data", "b", "c", "d"])
    })
  )

  it.effect("shows each run as it comes, also before the stream is read", () =>
    Effect.gen(function* () {
      const server = harness()
      const seen: Array<number> = []
      yield* opened(server, { onData: (run) => seen.push(run.count) })
      server.say(copyData("one"), copyData("two"))
      server.say(copyData("three"))
      assert.deepStrictEqual(seen, [2, 1])
    })
  )

  it.effect("leaves the socket alone while it rests, and not longer", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      for (const cut of [false, true]) {
        const fiber = yield* Effect.fork(copy.rest(Duration.millis(2)))
        yield* turn
        assert.isTrue(server.link.paused)
        yield* TestClock.adjust(1)
        assert.isTrue(server.link.paused)
        if (cut) yield* Fiber.interrupt(fiber)
        else yield* Effect.zipRight(TestClock.adjust(1), Fiber.join(fiber))
        assert.isFalse(server.link.paused)
      }
    })
  )

  it.effect("stops the socket at its bound and still sends (REP-046)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server, { bufferBytes: 10 })
      server.say(copyData("12345"))
      assert.deepStrictEqual([server.link.paused, copy.isBraked()], [false, false])
      server.say(copyData("67890"))
      assert.deepStrictEqual([server.link.paused, copy.isBraked()], [true, true])
      yield* copy.send(Uint8Array.of(1))
      assert.deepStrictEqual(yield* sent(server), ["CopyData"])
      yield* copy.pull
      assert.deepStrictEqual([server.link.paused, copy.isBraked()], [false, false])
    })
  )

  it.effect("waits with sending when the socket takes no more, and goes on when it does", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      server.link.takes = false
      const fiber = yield* Effect.fork(copy.send(Uint8Array.of(1)))
      yield* turn
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      server.core.blocked = false
      server.core.drainWaiters.changed()
      yield* Fiber.join(fiber)
    })
  )

  it.effect("refuses what is no bytes, and goes on", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      for (const data of ["reply", [1, 2], new ArrayBuffer(2), Uint16Array.of(258)]) {
        const refused = yield* Effect.flip(copy.send(data as never))
        assert.deepInclude(refused, {
          _tag: "PgUsageError",
          operation: "CopyBoth.send",
          argument: "data"
        })
      }
      assert.deepStrictEqual(yield* sent(server), [])
      yield* copy.send(Uint8Array.of(7))
      assert.deepStrictEqual(yield* sent(server), ["CopyData"])
    })
  )

  it.effect("ends when both sides have, with the results around it (REP-057, REP-059)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      server.say(copyData("last"), copyDone)
      assert.deepStrictEqual(bodies(yield* copy.pull), ["last"])
      assert.deepStrictEqual(yield* Effect.flip(copy.pull), Option.none())
      const ending = yield* Effect.fork(copy.finish)
      yield* turn
      assert.deepStrictEqual(yield* sent(server), ["CopyDone"])
      server.say(
        columns(text("next_tli")),
        row("2"),
        complete("SELECT"),
        complete("START_REPLICATION"),
        ready()
      )
      const results = yield* Fiber.join(ending)
      assert.deepStrictEqual(
        results.map(({ command, rows }) => [command.text, rows.length]),
        [
          ["SELECT", 1],
          ["START_REPLICATION", 0]
        ]
      )
      isUsable(server)
    })
  )

  it.effect("ended by us throws away what still comes, also behind the server's own end (REP-057)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server, { bufferBytes: 4 })
      server.say(copyData("12345678"))
      assert.isTrue(server.link.paused)
      const ending = yield* Effect.fork(copy.finish)
      yield* turn
      assert.isFalse(server.link.paused)
      server.say(copyData("more"), copyDone, copyData("even more"), complete("COPY 0"))
      server.say(complete("START_REPLICATION"), ready())
      assert.deepStrictEqual(
        (yield* Fiber.join(ending)).map(({ command }) => command.text),
        ["COPY 0", "START_REPLICATION"]
      )
      const late = yield* Effect.flip(copy.send(Uint8Array.of(1)))
      assert.deepInclude(late, { _tag: "PgClosedError", reason: "the copy has ended", nothingSent: true })
      isUsable(server)
    })
  )

  it.effect("that the server never opens ends with the results alone (REP-028)", () =>
    Effect.gen(function* () {
      const server = harness()
      const fiber = yield* Effect.fork(Effect.scoped(CopyBoth.open(server.core, start)))
      yield* turn
      server.say(columns(text("next_tli")), row("2"), complete("START_REPLICATION"), ready())
      const copy = yield* Fiber.join(fiber)
      assert.isFalse(copy.isOpen)
      assert.deepStrictEqual(yield* Effect.flip(copy.pull), Option.none())
      assert.deepStrictEqual((yield* copy.finish)[0]!.rows, [{ next_tli: "2" }])
      assert.strictEqual((yield* Effect.flip(copy.send(Uint8Array.of(1))))._tag, "PgClosedError")
    })
  )

  it.effect("that the server ends at once, without CopyDone, is over (REP-039, REP-054)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      server.say(complete("COPY 0"), complete("START_REPLICATION"), ready())
      assert.deepStrictEqual(yield* Effect.flip(copy.pull), Option.none())
      assert.lengthOf(yield* copy.finish, 2)
      isUsable(server)
    })
  )

  it.effect("refused before it opens fails with the refusal, and the session is usable", () =>
    Effect.gen(function* () {
      const server = harness()
      const fiber = yield* Effect.fork(Effect.flip(Effect.scoped(CopyBoth.open(server.core, start))))
      yield* turn
      server.say(error("42704"), ready())
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "PgServerError", code: "42704", sql: start })
      isUsable(server)
    })
  )

  it.effect("refused amid data fails behind what came before (FLW-088)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy, scope } = yield* opened(server)
      server.say(copyData("one"), error("58P01"))
      assert.deepStrictEqual(bodies(yield* copy.pull), ["one"])
      const failure = yield* Effect.flip(copy.pull)
      assert.deepInclude(Option.getOrThrow(failure), { _tag: "PgServerError", code: "58P01" })
      assert.strictEqual((yield* Effect.flip(copy.send(Uint8Array.of(1))))._tag, "PgServerError")
      assert.deepStrictEqual(yield* sent(server), [])
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      server.say(ready())
      yield* Fiber.join(closing)
      isUsable(server)
    })
  )

  it.effect("that loses its connection fails with what is known (REP-062)", () =>
    Effect.gen(function* () {
      const server = harness()
      const { copy } = yield* opened(server)
      server.say(fatal("57P01"))
      assert.deepInclude(Option.getOrThrow(yield* Effect.flip(copy.pull)), { code: "57P01" })
      const other = harness()
      const second = yield* opened(other)
      Inbound.ended(other.core, undefined)
      assert.deepInclude(Option.getOrThrow(yield* Effect.flip(second.copy.pull)), { _tag: "PgClosedError" })
      assert.strictEqual((yield* Effect.flip(second.copy.finish))._tag, "PgClosedError")
    })
  )

  it.effect("left early is ended politely: CopyDone, and no cancel request", () =>
    Effect.gen(function* () {
      const server = harness({
        cancelKey: Uint8Array.of(1),
        sendCancel: () => Effect.die("a cancel was sent")
      })
      const { scope } = yield* opened(server)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* turn
      assert.deepStrictEqual(yield* sent(server), ["CopyDone"])
      server.say(copyData("late"), copyDone, complete("COPY 0"), complete("START_REPLICATION"), ready())
      yield* Fiber.join(closing)
      isUsable(server)
    })
  )

  it.effect("that does not end in time costs the connection, by its scope and by our wish", () =>
    Effect.gen(function* () {
      for (const way of ["scope", "finish"]) {
        const server = harness()
        const { copy, scope } = yield* opened(server)
        const closing = yield* Effect.fork(
          way === "scope" ? Scope.close(scope, Exit.void) : Effect.flip(copy.finish)
        )
        yield* turn
        yield* TestClock.adjust("4999 millis")
        assert.strictEqual(server.link.destroyed, 0)
        yield* TestClock.adjust("1 milli")
        const outcome = yield* Fiber.join(closing)
        if (way === "finish") assert.propertyVal(outcome, "_tag", "PgTimeoutError")
        assert.strictEqual(server.core.ended?._tag, "PgTimeoutError")
        assert.strictEqual(server.link.destroyed, 1)
      }
    })
  )

  it.effect("interrupted before the server agrees is ended as soon as it does", () =>
    Effect.gen(function* () {
      const server = harness({ cancelKey: Uint8Array.of(1) })
      const fiber = yield* Effect.fork(Effect.scoped(CopyBoth.open(server.core, start)))
      yield* turn
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* turn
      yield* sent(server)
      server.say(both, copyData("x"))
      assert.deepStrictEqual(yield* sent(server), ["CopyDone"])
      server.say(copyDone, complete("COPY 0"), complete("START_REPLICATION"), ready())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(interrupting)
      isUsable(server)
    })
  )
})

it("asked for as a query it is refused, and the session goes on", async () => {
  const server = harness()
  const told = server.submit((outcome) => new SimpleRequest(start, "object", outcome))
  await server.sent()
  server.say(both, copyData("x"))
  assert.deepStrictEqual(await server.sent(), ["CopyDone"])
  server.say(copyDone, complete("COPY 0"), complete("START_REPLICATION"), ready())
  assert.strictEqual(told.failure?._tag, "PgUsageError")
  assert.include(told.failure?.message, "copyBoth")
  isUsable(server)
})
