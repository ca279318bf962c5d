import * as Socket from "@effect/platform/Socket"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as SocketTransport from "../../src/net/SocketTransport.js"
import type { Address } from "../../src/net/Transport.js"
import * as FakeSocket from "../support/fakeSocket.js"
import { owner, turns } from "../support/peer.js"

const address: Address = { _tag: "Tcp", host: "db", port: 443 }

/** An open link over a fake socket. */
const open = (options?: SocketTransport.Options) =>
  Effect.gen(function* () {
    const fake = FakeSocket.make()
    fake.open()
    const link = yield* SocketTransport.make(() => fake.socket, options).open(address)
    return { fake, link }
  })

const generic = (reason: "Open" | "Read" | "Write", cause: unknown) =>
  new Socket.SocketGenericError({ reason, cause })

describe("SocketTransport", () => {
  it.scoped("keeps what arrives under the brake, and delivers it in order after (GEN-006)", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open()
      fake.arrive(Buffer.from("early "))
      const heard = owner()
      link.listen(heard.handlers)
      yield* turns(2)
      link.pause()
      fake.arrive(Buffer.from("held "))
      fake.arrive(Buffer.from("back "))
      yield* turns(2)
      assert.strictEqual(heard.received().toString(), "early ")
      link.resume()
      fake.arrive(Buffer.from("at last"))
      yield* turns(2)
      assert.strictEqual(heard.received().toString(), "early held back at last")
    })
  )

  it.scoped("ends the link when more arrives under the brake than the bound (F15, M01)", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open({ bufferBytes: 10 })
      const heard = owner()
      link.listen(heard.handlers)
      link.pause()
      fake.arrive(new Uint8Array(10))
      yield* turns(2)
      assert.isFalse(heard.ended(), "the bound itself is allowed")
      fake.arrive(new Uint8Array(1))
      const failure = yield* heard.end
      assert.strictEqual(failure?.code, "EFFECT_POSTGRES_BUFFER")
      assert.include(failure?.message, "more than 10 bytes")
      assert.include(failure?.message, "bufferBytes")
      yield* turns(5)
      assert.include(fake.events, "close 1000")
      assert.include(fake.events, "read loop ended")
      fake.arrive(new Uint8Array(100))
      link.resume()
      yield* turns(2)
      assert.strictEqual(heard.size(), 0)
    })
  )

  it.scoped("what is delivered no longer counts towards the bound", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open({ bufferBytes: 10 })
      const heard = owner()
      link.listen(heard.handlers)
      for (let round = 0; round < 5; round++) {
        link.pause()
        fake.arrive(new Uint8Array(9))
        link.resume()
        yield* turns(1)
      }
      fake.arrive(new Uint8Array(1000))
      assert.isFalse(heard.ended())
      assert.strictEqual(heard.size(), 1045)
    })
  )

  it.scoped("bytes before the first owner are bounded too (F15)", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open({ bufferBytes: 10 })
      fake.arrive(new Uint8Array(11))
      const heard = owner()
      link.listen(heard.handlers)
      assert.strictEqual((yield* heard.end)?.code, SocketTransport.bufferExceeded)
    })
  )

  it.scoped("writes in order, one at a time, and answers false at its bound (GEN-006, GEN-007)", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open({ sendBytes: 5 })
      const heard = owner()
      link.listen(heard.handlers)
      const gate = yield* Effect.makeSemaphore(0)
      fake.write = Effect.asVoid(gate.take(1))
      assert.isTrue(link.write(Buffer.from("ab")))
      assert.isTrue(link.write(Buffer.from("cd")))
      assert.isFalse(link.write(Buffer.from("e")))
      yield* turns(2)
      assert.strictEqual(fake.written.length, 1)
      assert.strictEqual(heard.drains(), 0)
      yield* gate.release(1)
      yield* turns(3)
      assert.deepStrictEqual(fake.written.map(String), ["ab", "cd"])
      assert.strictEqual(heard.drains(), 0, "not before all has left")
      yield* gate.release(2)
      yield* turns(3)
      assert.deepStrictEqual(fake.written.map(String), ["ab", "cd", "e"])
      assert.strictEqual(heard.drains(), 1)
    })
  )

  it.scoped("end closes the writing side behind what was written", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open()
      link.write(Buffer.from("bye"))
      link.end()
      link.write(Buffer.from("too late"))
      yield* turns(3)
      assert.deepStrictEqual(fake.written.map(String), ["bye"])
      assert.deepStrictEqual(fake.events, ["writer ended"])
    })
  )

  it.scoped("an orderly end of the socket is an orderly end of the link", () =>
    Effect.gen(function* () {
      const { fake, link } = yield* open()
      const heard = owner()
      link.listen(heard.handlers)
      fake.arrive(Buffer.from("x"))
      fake.finish(Effect.void)
      assert.isUndefined(yield* heard.end)
      assert.strictEqual(heard.size(), 1)
    })
  )

  it.scoped("a close with a code, an error and a failed write are failures with words (X01)", () =>
    Effect.gen(function* () {
      const failures: Array<string> = []
      for (const end of [
        Effect.fail(new Socket.SocketCloseError({ reason: "Close", code: 1011, closeReason: "tunnel gone" })),
        Effect.fail(generic("Read", Object.assign(new Error("read"), { code: "ECONNRESET" }))),
        Effect.fail(generic("Read", { type: "error" }))
      ]) {
        const { fake, link } = yield* open()
        const heard = owner()
        link.listen(heard.handlers)
        fake.finish(end)
        failures.push((yield* heard.end)?.message ?? "")
      }
      const { fake, link } = yield* open()
      const heard = owner()
      link.listen(heard.handlers)
      fake.write = Effect.fail(generic("Write", Object.assign(new Error("write"), { code: "EPIPE" })))
      link.write(Buffer.from("x"))
      failures.push((yield* heard.end)?.message ?? "")
      assert.deepStrictEqual(failures, [
        "the socket was closed with code 1011: tunnel gone",
        "connection reset by the other side (ECONNRESET)",
        "the socket failed: An error occurred during Read",
        "the other side has closed the connection (EPIPE)"
      ])
    })
  )

  it.effect("a socket that does not open fails the attempt", () =>
    Effect.gen(function* () {
      const fake = FakeSocket.make()
      fake.open()
      fake.finish(Effect.fail(generic("Open", Object.assign(new Error("dial"), { code: "ECONNREFUSED" }))))
      const { open } = SocketTransport.make(() => ({
        ...fake.socket,
        run: (onData) => fake.socket.run(onData) // never reports that it is open
      }))
      const failure = yield* Effect.flip(Effect.scoped(open(address)))
      assert.strictEqual(failure.code, "ECONNREFUSED")
      const none = SocketTransport.make(() => Effect.fail("no socket today"))
      assert.include((yield* Effect.flip(Effect.scoped(none.open(address)))).message, "no socket today")
    })
  )

  it.effect("interrupting an attempt ends the read loop before the scope does (X10)", () =>
    Effect.gen(function* () {
      const fake = FakeSocket.make()
      const scope = yield* Scope.make()
      const opening = yield* Effect.fork(
        Scope.extend(SocketTransport.make(() => fake.socket).open(address), scope)
      )
      yield* turns(2)
      yield* Fiber.interrupt(opening)
      assert.deepStrictEqual(fake.events, ["read loop ended"])
    })
  )

  it.effect(
    "the scope closes the socket even when the link was opened where nothing may interrupt (X10)",
    () =>
      Effect.gen(function* () {
        const fake = FakeSocket.make()
        fake.open()
        const scope = yield* Scope.make()
        const link = yield* Effect.uninterruptible(
          Scope.extend(SocketTransport.make(() => fake.socket).open(address), scope)
        )
        fake.write = Effect.never
        const heard = owner()
        link.listen(heard.handlers)
        link.write(Buffer.from("stuck"))
        yield* turns(2)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(fake.events[0], "close 1000")
        assert.include(fake.events, "read loop ended")
        assert.isFalse(heard.ended())
      })
  )
})
