import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Cancel from "../../../src/connection/session/Cancel.js"
import type { Request } from "../../../src/connection/session/ConnectionState.js"
import { answered, error, fatal, harness, ready, tick } from "../core.js"

const key = new Uint8Array([1, 2, 3, 4])

/** A connection with two known statements, and how many CancelRequests it has sent. */
const session = async () => {
  let sent = 0
  const self = harness({
    cancelKey: key,
    sendCancel: () =>
      Effect.sync(() => {
        sent++
      })
  })
  await self.know("a")
  await self.know("b")
  await self.know("c")
  return { ...self, cancels: () => sent }
}

const abandon = (self: Awaited<ReturnType<typeof session>>, told: { readonly request: Request }) =>
  Effect.runFork(Cancel.abandon(self.core, told.request))

const isOver = (fiber: Fiber.RuntimeFiber<void>): boolean => fiber.unsafePoll() !== null

describe("interrupted statements of one connection", () => {
  it("are all cancelled, one after another, until the wire is empty", async () => {
    const self = await session()
    const [a, b] = [self.query("a"), self.query("b")]
    await self.sent()
    const first = abandon(self, a)
    await tick()
    // Another statement is wanted still: the fiber goes on, and no cancel request is sent.
    assert.deepStrictEqual([isOver(first), self.cancels()], [true, 0])
    const second = abandon(self, b)
    await tick()
    assert.deepStrictEqual([isOver(second), self.cancels()], [false, 1])
    const c = self.query("c")
    self.say(error("57014"), ready())
    await tick()
    assert.deepStrictEqual([isOver(second), self.cancels(), await self.sent()], [false, 2, []])
    self.say(error("57014"), ready())
    await tick()
    assert.isTrue(isOver(second))
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(3))
    assert.deepStrictEqual(c.value?.rows, [{ x: 3 }])
    assert.strictEqual(self.cancels(), 2)
  })

  it("are left alone when they have been answered meanwhile", async () => {
    const self = await session()
    const [a, b] = [self.query("a"), self.query("b")]
    await self.sent()
    self.say(...answered(1))
    const fiber = abandon(self, a)
    await tick()
    assert.deepStrictEqual([isOver(fiber), a.request.cancel, self.core.hasUnwanted], [true, undefined, false])
    self.say(...answered(2))
    assert.deepStrictEqual([b.value?.rows, self.cancels()], [[{ x: 2 }], 0])
  })

  it("are cancelled as soon as the wanted one before them is answered, and what waits is written then", async () => {
    const self = await session()
    const [a, b] = [self.query("a"), self.query("b")]
    await self.sent()
    const fiber = abandon(self, b)
    await tick()
    assert.deepStrictEqual([isOver(fiber), self.cancels()], [true, 0])
    self.say(...answered(1))
    const c = self.query("c")
    await tick()
    assert.deepStrictEqual(a.value?.rows, [{ x: 1 }])
    assert.deepStrictEqual([self.cancels(), await self.sent()], [1, []])
    self.say(error("57014"), ready())
    await tick()
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(3))
    assert.deepStrictEqual([c.value?.rows, b.count, self.cancels()], [[{ x: 3 }], 1, 1])
  })

  it("are left to the server while a statement behind them is wanted", async () => {
    const self = await session()
    const [a, b, c] = [self.query("a"), self.query("b"), self.query("c")]
    await self.sent()
    abandon(self, a)
    abandon(self, b)
    self.say(...answered(1), ...answered(2))
    await tick()
    assert.strictEqual(self.cancels(), 0)
    self.say(...answered(3))
    await tick()
    assert.deepStrictEqual([c.value?.rows, self.cancels()], [[{ x: 3 }], 0])
    assert.isFalse(self.core.hasUnwanted)
  })

  it("end with the connection, and no fiber waits for them", async () => {
    const self = await session()
    const [a, b] = [self.query("a"), self.query("b")]
    await self.sent()
    abandon(self, a)
    const fiber = abandon(self, b)
    await tick()
    self.say(error("57014"), ready(), fatal("57P01"))
    await tick()
    assert.isTrue(isOver(fiber))
    assert.isDefined(self.core.ended)
  })

  it("that answer by themselves are not cancelled", async () => {
    const self = await session()
    const [a, b] = [self.query("a"), self.query("b")]
    await self.sent()
    abandon(self, b)
    self.say(...answered(1), ...answered(2))
    await tick()
    assert.deepStrictEqual([a.value?.rows, b.count, self.cancels()], [[{ x: 1 }], 1, 0])
  })
})
