import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as DeadlineOf from "../../../src/connection/session/Deadline.js"
import * as PgConnection from "../../../src/connection/PgConnection.js"
import * as Statement from "../../../src/model/Statement.js"
import {
  bound,
  complete,
  copyData,
  copyDone,
  copyIn,
  copyOut,
  described,
  error,
  harness,
  int4,
  ready,
  row,
  suspended,
  tick
} from "../core.js"
import type { Harness } from "../core.js"

const deadline = Duration.seconds(10)
const statement = Statement.make("select x from t")
const timedOut = { _tag: "PgTimeoutError", deadline: "statement", millis: 10_000 } as const

const connected = (options: Parameters<typeof harness>[0] = {}) => {
  const cancels: Array<number> = []
  const self = harness({
    cancelKey: new Uint8Array(4),
    sendCancel: () => Effect.sync(() => void cancels.push(1)),
    statementTimeout: deadline,
    ...options
  })
  return { self, cancels, pg: PgConnection.fromState(self.core) }
}

const turn = Effect.promise(tick)

/** The server's answer to the cancel, without which no caller is released. */
const cancelled = (self: Harness) =>
  Effect.zipRight(
    turn,
    Effect.sync(() => self.say(error("57014"), ready()))
  )

const isWaiting = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.map(fiber.poll, Option.isNone)

const utf8 = (bytes: string) => new TextEncoder().encode(bytes)

describe("the deadline of a stream", () => {
  it.effect("is for each wait: neither the whole nor the consumer's time counts", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const seen: Array<unknown> = []
      const consumer = yield* Effect.fork(
        Stream.runForEach(pg.stream(statement), (one) =>
          Effect.zipRight(
            Effect.sync(() => seen.push(one)),
            Effect.sleep("1 hour")
          )
        )
      )
      yield* turn
      yield* TestClock.adjust("9 seconds")
      self.say(...described([], [int4("x")]), bound, row(1))
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("9 seconds")
      self.say(row(2))
      yield* TestClock.adjust("1 hour")
      yield* TestClock.adjust("9 seconds")
      self.say(complete("SELECT 2"), ready())
      yield* Fiber.join(consumer)
      assert.deepStrictEqual(seen, [{ x: 1 }, { x: 2 }])
      assert.deepStrictEqual(cancels, [])
    })
  )

  it.effect("stops the statement on the server, and then fails", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const failed = yield* Effect.fork(Effect.flip(Stream.runDrain(pg.stream(statement))))
      yield* turn
      self.say(...described([], [int4("x")]), bound, row(1))
      yield* turn
      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(cancels, [])
      yield* TestClock.adjust("1 millis")
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      assert.isTrue(yield* isWaiting(failed))
      yield* cancelled(self)
      const failure = yield* Fiber.join(failed)
      assert.deepInclude(failure, { ...timedOut, sent: true, during: statement.sql })
      assert.strictEqual((yield* pg.status).state, "clean")
    })
  )

  it.effect("is for each batch of a portal", () =>
    Effect.gen(function* () {
      const { pg, self } = connected()
      const begin = yield* Effect.fork(pg.query(Statement.make("begin")))
      yield* turn
      self.say(...described([], []), bound, complete("BEGIN"), ready("T"))
      yield* Fiber.join(begin)
      const inTransaction = yield* Effect.fork(
        Effect.flip(Stream.runDrain(pg.stream(statement, { fetchSize: 1, timeout: "5 seconds" })))
      )
      yield* turn
      self.say(...described([], [int4("x")]), bound, row(1), suspended, ready("T"))
      yield* TestClock.adjust("4 seconds")
      self.say(row(2), suspended, ready("T"))
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(yield* isWaiting(inTransaction))
      yield* TestClock.adjust("1 second")
      yield* turn
      self.say(error("57014"), ready("E"))
      assert.deepInclude(yield* Fiber.join(inTransaction), { ...timedOut, millis: 5000 })
    })
  )
})

describe("the deadline of a copy out", () => {
  it.effect("is for each wait for data", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const copy = yield* Effect.fork(Effect.flip(Stream.runDrain(pg.copyTo("copy t to stdout"))))
      yield* turn
      yield* TestClock.adjust("9 seconds")
      self.say(copyOut, copyData("1\n"))
      yield* turn
      yield* TestClock.adjust("9 seconds")
      self.say(copyData("2\n"))
      yield* turn
      assert.isTrue(yield* isWaiting(copy))
      yield* TestClock.adjust("10 seconds")
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      self.say(copyDone, complete("COPY 2"), ready())
      assert.deepInclude(yield* Fiber.join(copy), { ...timedOut, during: "copy t to stdout" })
    })
  )
})

describe("the deadline of a copy in", () => {
  const sql = "copy t from stdin"

  it.effect("does not count what the source takes for itself", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const source = Stream.make("1\n", "2\n").pipe(
        Stream.map(utf8),
        Stream.tap(() => Effect.sleep("1 hour"))
      )
      const copy = yield* Effect.fork(pg.copyFrom(sql, source))
      yield* turn
      self.say(copyIn)
      yield* turn
      yield* TestClock.adjust("2 hours")
      yield* turn
      self.say(complete("COPY 2"), ready())
      assert.strictEqual((yield* Fiber.join(copy)).rows, 2n)
      assert.deepStrictEqual(cancels, [])
    })
  )

  it.effect("ends the wait for the server's consent", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const copy = yield* Effect.fork(Effect.flip(pg.copyFrom(sql, Stream.never)))
      yield* turn
      yield* TestClock.adjust("10 seconds")
      yield* cancelled(self)
      assert.deepInclude(yield* Fiber.join(copy), { ...timedOut, sent: true, during: sql })
      assert.deepStrictEqual(cancels, [1])
    })
  )

  it.effect("ends the wait for room on the socket, with CopyFail", () =>
    Effect.gen(function* () {
      const { pg, self } = connected()
      const copy = yield* Effect.fork(Effect.flip(pg.copyFrom(sql, Stream.make(utf8("1\n"), utf8("2\n")))))
      yield* turn
      self.link.takes = false
      self.say(copyIn)
      yield* turn
      yield* TestClock.adjust("10 seconds")
      yield* turn
      const last = (yield* Effect.promise(self.messages)).at(-1)
      assert.strictEqual(last?._tag, "CopyFail")
      self.say(error("57014"), ready())
      assert.deepInclude(yield* Fiber.join(copy), { ...timedOut, sent: true })
    })
  )

  it.effect("ends the wait for the result", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected()
      const copy = yield* Effect.fork(Effect.flip(pg.copyFrom(sql, Stream.empty, { timeout: "1 second" })))
      yield* turn
      self.say(copyIn)
      yield* turn
      yield* TestClock.adjust("1 second")
      yield* cancelled(self)
      assert.deepInclude(yield* Fiber.join(copy), { ...timedOut, millis: 1000 })
      assert.deepStrictEqual(cancels, [1])
    })
  )

  it.effect("ends the wait after a refusal too, with the refusal, and closes the connection", () =>
    Effect.gen(function* () {
      const { pg, self } = connected()
      const copy = yield* Effect.fork(Effect.flip(pg.copyFrom(sql, Stream.never)))
      yield* turn
      self.say(copyIn, error("22P04"))
      yield* turn
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* Fiber.join(copy), { _tag: "PgServerError", code: "22P04" })
      assert.strictEqual((yield* pg.status).state, "broken")
    })
  )
})

describe("a deadline that passes before the statement's turn", () => {
  it.effect("reports that nothing was sent, and sends nothing", () =>
    Effect.gen(function* () {
      const { cancels, pg, self } = connected({ pipelineDepth: 1 })
      const first = yield* Effect.fork(pg.query(Statement.make("select 1 as x"), { timeout: "1 hour" }))
      yield* turn
      const second = yield* Effect.fork(Effect.flip(pg.query(statement)))
      const third = yield* Effect.fork(Effect.flip(Stream.runDrain(pg.stream(statement))))
      yield* turn
      yield* TestClock.adjust("10 seconds")
      for (const failure of [yield* Fiber.join(second), yield* Fiber.join(third)]) {
        assert.deepInclude(failure, { ...timedOut, sent: false, nothingSent: true })
      }
      self.say(...described([], [int4("x")]), bound, row(1), complete("SELECT 1"), ready())
      assert.deepStrictEqual(yield* Fiber.join(first), [{ x: 1 }])
      assert.deepStrictEqual(cancels, [])
    })
  )
})

describe("a deadline over a dead link", () => {
  it.effect("fails a second late at the most, inside a transaction too, and cancels in the background", () =>
    Effect.gen(function* () {
      for (const inTransaction of [false, true]) {
        const told: Array<string> = []
        const { pg, self } = connected({
          sendCancel: () =>
            Effect.zipRight(
              Effect.sync(() => told.push("asked")),
              Effect.onInterrupt(Effect.never, () => Effect.sync(() => told.push("given up")))
            )
        })
        const waiting = yield* Effect.fork(
          Effect.flip(inTransaction ? pg.withTransaction(pg.query(statement)) : pg.query(statement))
        )
        yield* turn
        if (inTransaction) {
          self.say(...described([], []), bound, complete("BEGIN"), ready("T"))
          yield* turn
        }
        yield* TestClock.adjust("10 seconds")
        yield* turn
        assert.deepStrictEqual(told, ["asked"])
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust("1 second")
        assert.deepInclude(yield* Fiber.join(waiting), { ...timedOut, during: statement.sql })
        assert.strictEqual((yield* pg.status).state, "broken")
        yield* turn
        assert.deepStrictEqual(told, ["asked", "given up", "asked"])
      }
    })
  )

  it("without an end costs nothing: the wait is what it was", () => {
    const wait = Effect.succeed(1)
    for (const timeout of [undefined, Duration.infinity, Number.POSITIVE_INFINITY]) {
      assert.strictEqual(
        DeadlineOf.within(
          wait,
          timeout,
          () => undefined,
          (error) => error
        ),
        wait
      )
    }
  })
})

describe("a deadline over a wait that has no request yet", () => {
  it.effect("reports that nothing was sent", () =>
    Effect.gen(function* () {
      const waiting = yield* Effect.fork(
        DeadlineOf.within(
          Effect.never,
          deadline,
          () => undefined,
          (error) => error
        )
      )
      yield* TestClock.adjust(deadline)
      const error = yield* Effect.flip(Fiber.join(waiting))
      assert.deepInclude(error, { ...timedOut, sent: false, during: "" })
    })
  )
})
