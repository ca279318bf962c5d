import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import * as TlsEnd from "../../src/net/TlsEnd.js"
import { TestDuplex } from "../support/duplex.js"

const turn = Effect.promise(() => new Promise(setImmediate))

/** A link that has written something which is not through yet. */
const busy = () => {
  const duplex = new TestDuplex()
  duplex.hold = true
  const link = TlsEnd.linkOver(duplex, "db:5432")
  const heard: Array<string> = []
  link.listen({
    onData: (chunk) => void heard.push(Buffer.from(chunk).toString("latin1")),
    onDrain: () => {},
    onEnd: () => void heard.push("end")
  })
  link.write(Buffer.from("X"))
  return { duplex, heard, link }
}

describe("a link by TLS that is let go", () => {
  it.effect("after it was ended sends all it has to send before it is destroyed (CON-037)", () =>
    Effect.gen(function* () {
      const { duplex, heard, link } = busy()
      link.end()
      link.destroy()
      const leaving = yield* Effect.fork(TlsEnd.leave(duplex))
      duplex.push(Buffer.from("late"))
      yield* turn
      assert.isFalse(duplex.destroyed)
      duplex.release?.()
      yield* Fiber.join(leaving)
      assert.isTrue(duplex.ended)
      assert.isTrue(duplex.destroyed)
      assert.isEmpty(heard)
    })
  )

  it.effect("waits no longer than a second for a peer that does not read", () =>
    Effect.gen(function* () {
      const { duplex, link } = busy()
      link.end()
      link.destroy()
      const leaving = yield* Effect.fork(Effect.uninterruptible(TlsEnd.leave(duplex)))
      yield* TestClock.adjust("999 millis")
      assert.isFalse(duplex.destroyed)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(leaving)
      assert.isTrue(duplex.destroyed)
      assert.strictEqual(duplex.listenerCount("finish"), 0)
    })
  )

  it.effect("without having been ended is destroyed at once", () =>
    Effect.gen(function* () {
      const byLink = busy()
      byLink.link.destroy()
      assert.isTrue(byLink.duplex.destroyed)
      const byScope = busy()
      yield* TlsEnd.leave(byScope.duplex)
      assert.isTrue(byScope.duplex.destroyed)
    })
  )
})
