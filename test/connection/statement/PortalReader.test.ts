import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Portal from "../../../src/connection/statement/Portal.js"
import * as Statement from "../../../src/model/Statement.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import { bound, closed, complete, described, error, harness, ready, row, suspended, tick } from "../core.js"

/** A stream of `select x` in a transaction, pulled piece by piece. */
const opened = async () => {
  const self = harness({ cancelKey: new Uint8Array(4) })
  self.query("begin")
  self.say(...described([], []), bound, complete("BEGIN"), ready("T"))
  await self.sent()
  const scope = Effect.runSync(Scope.make())
  const stream = Portal.rows(self.core, Statement.make("select x"), {}, "array")
  const pull = Effect.runSync(Effect.withClock(Scope.extend(Stream.toPull(stream), scope), still))
  const asked = async () =>
    (await self.messages()).flatMap((message): ReadonlyArray<number | string> =>
      message._tag === "Execute" ? [message.maxRows] : message._tag === "Close" ? ["close"] : []
    )
  return {
    ...self,
    asked,
    pull: () => Effect.runFork(Effect.withClock(Effect.either(pull), still)),
    close: () => Effect.runFork(Scope.close(scope, Exit.void))
  }
}

/** A clock by which no batch is slow, however busy the machine is. */
const still: Clock.Clock = Object.create(Clock.make(), { unsafeCurrentTimeMillis: { value: () => 0 } })

const batch = (from: number, count: number): ReadonlyArray<Message> =>
  Array.from({ length: count }, (_, at) => row(from + at))

const got = async (fiber: Fiber.RuntimeFiber<unknown, never>) => {
  const outcome = await Effect.runPromise(Fiber.join(fiber) as Effect.Effect<never>)
  return outcome as { readonly _tag: string; readonly left?: Option.Option<unknown> }
}

describe("a stream through a portal in a transaction", () => {
  it("asks for little first, then for more, and ahead of its consumer from the third batch on", async () => {
    const self = await opened()
    let pulling = self.pull()
    await tick()
    self.say(...described([]))
    assert.deepStrictEqual(await self.asked(), [16])
    self.say(bound, ...batch(0, 16), suspended, ready("T"))
    assert.strictEqual((await got(pulling))._tag, "Right")
    // Nothing is asked for until the consumer wants more.
    assert.deepStrictEqual(await self.asked(), [])
    pulling = self.pull()
    assert.deepStrictEqual(await self.asked(), [128])
    self.say(...batch(16, 128), suspended, ready("T"))
    await got(pulling)
    assert.deepStrictEqual(await self.asked(), [1024, 1024])
    pulling = self.pull()
    self.say(...batch(144, 3), complete("SELECT 3"), ready("T"))
    await got(pulling)
    self.say(complete("SELECT 0"), ready("T"))
    const end = await got(self.pull())
    assert.deepStrictEqual([end._tag, end.left], ["Left", Option.none()])
    self.close()
    assert.deepStrictEqual(await self.asked(), ["close"])
  })

  it("left early throws away what is on the way and closes its portal", async () => {
    const self = await opened()
    const pulling = self.pull()
    await tick()
    self.say(...described([]))
    // A part of the batch has come.
    self.say(bound, ...batch(0, 3))
    await got(pulling)
    assert.deepStrictEqual(await self.asked(), [16])
    const leaving = self.close()
    assert.deepStrictEqual(await self.asked(), ["close"])
    self.say(...batch(3, 13), suspended, ready("T"), closed, ready("T"))
    await Effect.runPromise(Fiber.join(leaving))
    assert.strictEqual(self.core.session.status, "T")
    assert.strictEqual(self.core.cancels, 0)
  })

  it("gives the rows before an error, and then the first of the errors", async () => {
    const self = await opened()
    const pulling = self.pull()
    await tick()
    self.say(...described([]))
    self.say(bound, ...batch(0, 3), error("22012"), ready("E"))
    assert.strictEqual((await got(pulling))._tag, "Right")
    const end = await got(self.pull())
    assert.strictEqual(end._tag, "Left")
    assert.deepInclude(Option.getOrThrow(end.left!), { _tag: "PgServerError", code: "22012" })
    self.close()
    assert.deepStrictEqual(await self.asked(), [16])
  })
})
