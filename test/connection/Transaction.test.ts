import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as PgConnection from "../../src/connection/PgConnection.js"
import * as Inbound from "../../src/connection/session/Inbound.js"
import * as Transaction from "../../src/connection/Transaction.js"
import * as Statement from "../../src/model/Statement.js"
import { bound, complete, described, error, fatal, harness, ready, tick } from "./core.js"
import type { Harness } from "./core.js"

const connected = () => {
  const cancels: Array<number> = []
  const self = harness({
    cancelKey: new Uint8Array(4),
    sendCancel: () => Effect.sync(() => void cancels.push(1))
  })
  const run = <A, E>(body: Effect.Effect<A, E>, timeout?: Duration.Duration) =>
    // Apart from the test: an assertion that fails does not wait for the end of a COMMIT.
    Effect.forkDaemon(Transaction.run(self.core, body, {}, timeout))
  return { self, cancels, run, pg: PgConnection.fromState(self.core) }
}

/** Time for fibers to go on, and for writes to leave. */
const turn = Effect.repeatN(Effect.promise(tick), 4)

/** The SQL sent since the last look: the texts of Parse. */
const texts = (self: Harness) =>
  Effect.map(
    Effect.zipRight(
      turn,
      Effect.promise(() => self.messages())
    ),
    (messages) => messages.flatMap((message) => (message._tag === "Parse" ? [message.sql] : []))
  )

/** The server answers a command used for the first time. */
const done = (self: Harness, tag: string, status: "I" | "T" | "E") =>
  Effect.zipRight(
    turn,
    Effect.sync(() => self.say(...described([], []), bound, complete(tag), ready(status)))
  )

/** A transaction whose body has ended and whose COMMIT has left. */
const committing = (timeout?: Duration.Duration) =>
  Effect.gen(function* () {
    const all = connected()
    const fiber = yield* all.run(Effect.succeed("body"), timeout)
    assert.deepStrictEqual(yield* texts(all.self), ["begin"])
    yield* done(all.self, "BEGIN", "T")
    assert.deepStrictEqual(yield* texts(all.self), ["commit"])
    return { ...all, fiber }
  })

const isWaiting = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.map(fiber.poll, Option.isNone)

describe("the outcome of COMMIT", () => {
  it.effect("is that of the body when the server has committed", () =>
    Effect.gen(function* () {
      const { fiber, self } = yield* committing()
      yield* done(self, "COMMIT", "I")
      assert.strictEqual(yield* Fiber.join(fiber), "body")
      assert.deepStrictEqual(yield* texts(self), [])
    })
  )

  it.effect("is unknown when the connection ends after COMMIT has left", () =>
    Effect.gen(function* () {
      const { fiber, self } = yield* committing()
      Inbound.ended(self.core, undefined)
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgCommitUnknownError" })
      assert.deepInclude(failure.cause, { _tag: "PgClosedError", sent: true })
    })
  )

  it.effect("is unknown when the server ends the session instead of an answer", () =>
    Effect.gen(function* () {
      const { fiber, self } = yield* committing()
      self.say(fatal("57P01"))
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgCommitUnknownError" })
    })
  )

  it.effect("is unknown when what comes is no answer to it", () =>
    Effect.gen(function* () {
      const { fiber, self } = yield* committing()
      self.say(complete("COMMIT"))
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgCommitUnknownError" })
      assert.deepInclude(failure.cause, { _tag: "PgProtocolError" })
    })
  )

  it.effect("is unknown when its deadline passes, and then the session takes no other statement", () =>
    Effect.gen(function* () {
      const { cancels, fiber, pg, self } = yield* committing(Duration.seconds(3))
      yield* TestClock.adjust("2999 millis")
      assert.isTrue(yield* isWaiting(fiber))
      yield* TestClock.adjust("1 millis")
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      self.say(error("57014"), ready("I"))
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgCommitUnknownError" })
      assert.deepInclude(failure.cause, { _tag: "PgTimeoutError", deadline: "statement", sent: true })
      assert.strictEqual((yield* pg.status).transaction, "I")
    })
  )

  it.effect("is known when the server refuses it: nothing was stored", () =>
    Effect.gen(function* () {
      const { fiber, pg, self } = yield* committing()
      self.say(...described([], []), bound, error("40001"), ready("I"))
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgServerError", code: "40001" })
      assert.deepInclude(yield* pg.status, { state: "clean", transaction: "I" })
      assert.deepStrictEqual(yield* texts(self), [])
    })
  )

  it.effect("is known when the connection ends before COMMIT has left", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const fiber = yield* run(Effect.zipRight(Effect.sleep("1 minute"), Effect.succeed("body")))
      yield* done(self, "BEGIN", "T")
      yield* turn
      self.say(fatal("57P01"))
      yield* TestClock.adjust("1 minute")
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgClosedError", sent: false })
    })
  )

  it.effect("is a failure when the server answers with ROLLBACK, and the message names the usual cause", () =>
    Effect.gen(function* () {
      const { pg, run, self } = connected()
      const fiber = yield* run(Effect.ignore(pg.query(Statement.make("select 1 / 0"))))
      yield* done(self, "BEGIN", "T")
      yield* turn
      self.say(...described([], []), bound, error("22012"), ready("E"))
      yield* done(self, "ROLLBACK", "I")
      const failure = yield* Effect.flip(Fiber.join(fiber))
      assert.deepInclude(failure, { _tag: "PgServerError", code: "25P02" })
      assert.match(JSON.stringify(failure), /failed statement fails its transaction/)
    })
  )

  it.effect("is waited for by an interruption, and not cancelled, for ten seconds", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self } = yield* committing()
      const interrupting = yield* Effect.forkDaemon(Fiber.interrupt(fiber))
      yield* TestClock.adjust("9999 millis")
      yield* turn
      assert.deepStrictEqual([cancels, yield* isWaiting(interrupting)], [[], true])
      yield* done(self, "COMMIT", "I")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupting)))
      assert.deepStrictEqual([cancels, yield* texts(self)], [[], []])
    })
  )

  it.effect("is not waited for longer: COMMIT is cancelled then", () =>
    Effect.gen(function* () {
      const { cancels, fiber, self } = yield* committing()
      const interrupting = yield* Effect.forkDaemon(Fiber.interrupt(fiber))
      yield* turn
      yield* TestClock.adjust("10 seconds")
      yield* turn
      assert.deepStrictEqual([cancels, yield* isWaiting(interrupting)], [[1], true])
      self.say(error("57014"), ready("I"))
      yield* Fiber.join(interrupting)
      assert.isUndefined(self.core.ended)
    })
  )
})

describe("a second BEGIN on one connection", () => {
  const refused = {
    _tag: "PgUsageError",
    operation: "withTransaction",
    sql: "begin",
    nothingSent: true
  } as const

  it.effect("is refused and not sent while the first is on the wire", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const first = yield* run(Effect.succeed(1))
      const second = yield* run(Effect.succeed(2))
      assert.deepInclude(yield* Effect.flip(Fiber.join(second)), refused)
      assert.deepStrictEqual(yield* texts(self), ["begin"])
      yield* done(self, "BEGIN", "T")
      yield* done(self, "COMMIT", "I")
      assert.strictEqual(yield* Fiber.join(first), 1)
    })
  )

  it.effect(
    "is refused and not sent while the first transaction is open or ends, and the first is stored",
    () =>
      Effect.gen(function* () {
        const { run, self } = connected()
        const first = yield* run(Effect.sleep("1 second"))
        yield* done(self, "BEGIN", "T")
        yield* turn
        assert.deepInclude(yield* Effect.flip(Fiber.join(yield* run(Effect.void))), refused)
        yield* TestClock.adjust("1 second")
        assert.deepInclude(yield* Effect.flip(Fiber.join(yield* run(Effect.void))), refused)
        assert.deepStrictEqual(yield* texts(self), ["begin", "commit"])
        yield* done(self, "COMMIT", "I")
        yield* Fiber.join(first)
      })
  )

  it.effect("is refused and not sent in a transaction that a statement has begun, and leaves that open", () =>
    Effect.gen(function* () {
      const { pg, run, self } = connected()
      const begun = yield* Effect.fork(pg.query(Statement.make("begin")))
      yield* done(self, "BEGIN", "T")
      yield* Fiber.join(begun)
      assert.deepInclude(yield* Effect.flip(Fiber.join(yield* run(Effect.void))), refused)
      assert.deepStrictEqual(yield* texts(self), ["begin"])
      assert.strictEqual((yield* pg.status).transaction, "T")
    })
  )

  it.effect("is sent when the first transaction is over, however it ended", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const first = yield* run(Effect.fail("no"))
      yield* done(self, "BEGIN", "T")
      assert.deepStrictEqual(yield* texts(self), ["begin", "rollback"])
      yield* done(self, "ROLLBACK", "I")
      assert.deepStrictEqual(yield* Fiber.await(first), Exit.fail("no"))
      const second = yield* run(Effect.succeed(2))
      yield* turn
      self.say(bound, complete("BEGIN"), ready("T"))
      yield* done(self, "COMMIT", "I")
      assert.strictEqual(yield* Fiber.join(second), 2)
    })
  )
})

describe("ROLLBACK", () => {
  it.effect("follows a body that was interrupted", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const fiber = yield* run(Effect.never)
      yield* done(self, "BEGIN", "T")
      yield* turn
      const interrupting = yield* Effect.forkDaemon(Fiber.interrupt(fiber))
      assert.deepStrictEqual(yield* texts(self), ["begin", "rollback"])
      assert.isTrue(yield* isWaiting(interrupting))
      yield* done(self, "ROLLBACK", "I")
      yield* Fiber.join(interrupting)
    })
  )

  it.effect("follows a BEGIN that was interrupted on the wire, and takes effect all the same", () =>
    Effect.gen(function* () {
      const { cancels, run, self } = connected()
      const before = yield* run(Effect.void)
      yield* done(self, "BEGIN", "T")
      yield* done(self, "COMMIT", "I")
      yield* Fiber.join(before)
      const fiber = yield* run(Effect.die("not to be run"))
      yield* turn
      const interrupting = yield* Effect.forkDaemon(Fiber.interrupt(fiber))
      yield* turn
      assert.deepStrictEqual(cancels, [1])
      // The cancel came too late.
      self.say(bound, complete("BEGIN"), ready("T"))
      assert.deepStrictEqual(yield* texts(self), ["begin", "commit", "rollback"])
      yield* done(self, "ROLLBACK", "I")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interrupting)))
    })
  )

  it.effect("ends the connection when it is not answered in ten seconds, which rolls back too", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const fiber = yield* run(Effect.fail("no"))
      yield* done(self, "BEGIN", "T")
      yield* turn
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(self.core.ended)
      yield* TestClock.adjust("1 millis")
      yield* turn
      self.say(error("57014"), ready("T"))
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("no"))
      assert.isDefined(self.core.ended)
    })
  )

  it.effect("is not sent over a connection that has ended", () =>
    Effect.gen(function* () {
      const { run, self } = connected()
      const fiber = yield* run(Effect.zipRight(Effect.sleep("1 second"), Effect.fail("no")))
      yield* done(self, "BEGIN", "T")
      yield* turn
      Inbound.ended(self.core, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("no"))
      assert.deepStrictEqual(yield* texts(self), ["begin"])
    })
  )
})
