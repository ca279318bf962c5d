import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as DuplexTransport from "../../src/net/DuplexTransport.js"
import type { Address } from "../../src/net/Transport.js"
import { Transport } from "../../src/net/Transport.js"
import { TestDuplex } from "../support/duplex.js"
import { owner, turns } from "../support/peer.js"

const address: Address = { _tag: "Tcp", host: "db", port: 5432 }

class Connecting extends TestDuplex {
  connecting = true
}

describe("DuplexTransport", () => {
  it.scoped("asks for one stream per link and hands over the address", () =>
    Effect.gen(function* () {
      const asked: Array<Address> = []
      const { open } = DuplexTransport.make((wanted) => {
        asked.push(wanted)
        return new TestDuplex()
      })
      const link = yield* open(address)
      yield* open(address)
      assert.deepStrictEqual(asked, [address, address])
      assert.strictEqual(link.address, "db:5432")
    })
  )

  it.effect("a factory that throws or fails fails the attempt", () =>
    Effect.gen(function* () {
      const thrown = DuplexTransport.make(() => {
        throw new Error("no tunnel today")
      })
      const failing = DuplexTransport.make(() => Effect.fail("no tunnel tomorrow"))
      const first = yield* Effect.flip(Effect.scoped(thrown.open(address)))
      const second = yield* Effect.flip(Effect.scoped(failing.open(address)))
      assert.strictEqual(first.message, "no tunnel today")
      assert.include(second.message, "no tunnel tomorrow")
    })
  )

  it.scoped("waits for a stream that is still connecting", () =>
    Effect.gen(function* () {
      const duplex = new Connecting()
      const opening = yield* Effect.fork(DuplexTransport.make(() => duplex).open(address))
      yield* turns(3)
      assert.isTrue(Option.isNone(yield* Fiber.poll(opening)))
      duplex.emit("connect")
      const link = yield* Fiber.join(opening)
      const heard = owner()
      link.listen(heard.handlers)
      duplex.push("hello")
      yield* turns(3)
      assert.strictEqual(heard.received().toString(), "hello")
    })
  )

  it.effect("a stream that fails or closes while connecting fails the attempt and is destroyed", () =>
    Effect.gen(function* () {
      for (const spoil of [
        (duplex: Connecting) => duplex.emit("error", new Error("handshake refused")),
        (duplex: Connecting) => duplex.destroy()
      ]) {
        const duplex = new Connecting()
        const opening = yield* Effect.fork(Effect.scoped(DuplexTransport.make(() => duplex).open(address)))
        yield* turns(3)
        spoil(duplex)
        assert.isTrue(Exit.isFailure(yield* Fiber.await(opening)))
        assert.isTrue(duplex.destroyed)
      }
    })
  )

  it.effect("interrupting an attempt destroys the stream and leaves it no listener but the last (X10)", () =>
    Effect.gen(function* () {
      const duplex = new Connecting()
      const scope = yield* Scope.make()
      const opening = yield* Effect.fork(
        Scope.extend(DuplexTransport.make(() => duplex).open(address), scope)
      )
      yield* turns(3)
      yield* Fiber.interrupt(opening)
      assert.isTrue(duplex.destroyed, "before the scope closes")
      assert.strictEqual(duplex.listenerCount("connect") + duplex.listenerCount("data"), 0)
      assert.strictEqual(duplex.listenerCount("error"), 1)
    })
  )

  it.effect("the scope destroys the stream, and whatever made it is released after", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const duplex = new TestDuplex()
      const layer = DuplexTransport.layer(() =>
        Effect.acquireRelease(Effect.succeed(duplex), () =>
          Effect.sync(() => events.push(duplex.destroyed ? "destroyed first" : "still open"))
        )
      )
      yield* Effect.scoped(Effect.flatMap(Transport, ({ open }) => open(address))).pipe(Effect.provide(layer))
      assert.deepStrictEqual(events, ["destroyed first"])
    })
  )
})
