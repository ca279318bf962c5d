import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Cancel from "../../../src/connection/session/Cancel.js"
import type { ConnectFacts } from "../../../src/connection/session/ConnectFacts.js"
import type { TransportFailure } from "../../../src/model/PgError.js"
import { answered, error, harness, ready, tick } from "../core.js"

const turn = Effect.repeatN(Effect.promise(tick), 3)

/** A connection with statements on the wire, and how often its server was sent a CancelRequest. */
const session = (
  send: (facts: ConnectFacts) => Effect.Effect<void, TransportFailure>,
  cancelKey: Uint8Array | null = new Uint8Array(4)
) =>
  Effect.promise(async () => {
    let sent = 0
    const self = harness({
      ...(cancelKey === null ? {} : { cancelKey }),
      sendCancel: (facts) =>
        Effect.suspend(() => {
          sent++
          return send(facts)
        })
    })
    await self.know("a")
    const told = self.query("a")
    await self.sent()
    const abandon = Effect.zipLeft(Effect.forkDaemon(Cancel.abandon(self.core, told.request)), turn)
    return { self, told, abandon, cancels: () => sent }
  })

const isOver = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.map(fiber.poll, Option.isSome)

const refused: TransportFailure = {
  _tag: "TransportFailure",
  code: "ECONNREFUSED",
  message: "nobody there"
}

const cancelled = [error("57014"), ready()] as const

describe("a statement that is stopped", () => {
  it.effect("is cancelled again every 250 ms until it ends: one that came too early finds nothing", () =>
    Effect.gen(function* () {
      const { abandon, cancels, self } = yield* session(() => Effect.void)
      const fiber = yield* abandon
      yield* TestClock.adjust("249 millis")
      assert.strictEqual(cancels(), 1)
      yield* TestClock.adjust("1 millis")
      yield* TestClock.adjust("250 millis")
      assert.deepStrictEqual([cancels(), yield* isOver(fiber)], [3, false])
      self.say(...cancelled)
      yield* Fiber.join(fiber)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([cancels(), self.core.ended], [3, undefined])
    })
  )

  it.effect("holds everything back until the server has closed the cancel connection too", () =>
    Effect.gen(function* () {
      const closed = yield* Deferred.make<void>()
      const { abandon, self } = yield* session(() => Deferred.await(closed))
      const fiber = yield* abandon
      const next = self.query("a")
      self.say(...cancelled)
      yield* turn
      assert.deepStrictEqual([yield* isOver(fiber), yield* Effect.promise(() => self.sent())], [false, []])
      yield* Deferred.succeed(closed, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* Effect.promise(() => self.sent()), ["Bind Execute Sync"])
      self.say(...answered(2))
      assert.deepStrictEqual(next.value?.rows, [{ x: 2 }])
    })
  )

  it.effect("is cancelled once, also when it is given up twice", () =>
    Effect.gen(function* () {
      const { abandon, cancels, self } = yield* session(() => Effect.void)
      const first = yield* abandon
      const second = yield* abandon
      assert.deepStrictEqual([cancels(), yield* isOver(second)], [1, false])
      self.say(...cancelled)
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.strictEqual(cancels(), 1)
    })
  )

  it.effect("ends the connection when the cancel request cannot be delivered, and reports why", () =>
    Effect.gen(function* () {
      const { abandon, self, told } = yield* session(() => Effect.fail(refused))
      yield* Fiber.join(yield* abandon)
      assert.deepInclude(self.core.ended, { _tag: "PgClosedError", sent: true, sql: "a" })
      assert.match(self.core.ended!.message, /could be delivered \(nobody there\)/)
      assert.deepInclude(told.request, { cancel: "failed", cancelFailure: "nobody there" })
      assert.strictEqual(self.link.destroyed, 1)
    })
  )

  it.effect("ends the connection when the server gave no key to cancel with", () =>
    Effect.gen(function* () {
      const { abandon, cancels, self, told } = yield* session(() => Effect.void, null)
      yield* Fiber.join(yield* abandon)
      assert.match(self.core.ended!.message, /gave no key to cancel it with/)
      assert.deepStrictEqual([cancels(), told.request.cancel], [0, "failed"])
    })
  )

  it.effect(
    "ends the connection when it does not end within five seconds of a cancel that was delivered",
    () =>
      Effect.gen(function* () {
        const { abandon, self, told } = yield* session(() => Effect.void)
        const fiber = yield* abandon
        yield* TestClock.adjust("4999 millis")
        assert.strictEqual(self.link.destroyed, 0)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(fiber)
        assert.deepInclude(self.core.ended, {
          _tag: "PgTimeoutError",
          deadline: "cancel",
          millis: 5_000,
          cancel: "delivered",
          during: "waiting for the end of a cancelled statement: a"
        })
        assert.isUndefined(told.request.cancelFailure)
      })
  )

  it.effect("ends the connection when the cancel is not delivered within five seconds", () =>
    Effect.gen(function* () {
      const { abandon, self, told } = yield* session(() => Effect.never)
      const fiber = yield* abandon
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(fiber)
      assert.deepInclude(self.core.ended as object, {
        _tag: "PgTimeoutError",
        deadline: "cancel",
        cancel: "failed",
        during: "stopping a statement: a"
      })
      assert.strictEqual(told.request.cancelFailure, "the cancel deadline of 5000 ms passed")
    })
  )

  it.effect("is left to the server, and known as such, while a neighbour on the wire is wanted", () =>
    Effect.gen(function* () {
      const { abandon, cancels, self, told } = yield* session(() => Effect.void)
      const neighbour = self.query("a")
      yield* turn
      yield* Fiber.join(yield* abandon)
      assert.deepStrictEqual([cancels(), told.request.cancel], [0, "deferred"])
      self.say(...answered(1), ...answered(2))
      assert.deepStrictEqual(neighbour.value?.rows, [{ x: 2 }])
      assert.strictEqual(cancels(), 0)
    })
  )
})
