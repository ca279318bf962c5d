/** What every transport promises, run over a real socket. */
import type { Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Transport } from "../../src/net/Transport.js"
import { closedPort, listen, once, owner, pattern, pump, turns, until } from "./peer.js"

/** Far more than the kernel keeps for a socket that is not read. */
const plenty = 64 * 1024 * 1024

export const linkContract = (
  name: string,
  transport: Transport["Type"],
  facts: { readonly slowsThePeer: boolean }
): void => {
  describe(name, () => {
    const connected = Effect.gen(function* () {
      const peer = yield* listen()
      const link = yield* transport.open(peer.address)
      const socket = yield* peer.accept
      return { link, socket, peer }
    })

    it.scoped("carries bytes both ways, in order, however they are cut", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const sent = pattern(3_000_000)
        const sender = { drained: () => {} }
        const heard = owner()
        link.listen({ ...heard.handlers, onDrain: () => sender.drained() })
        socket.on("data", (chunk) => socket.write(chunk))
        socket.resume()
        yield* pump(link, sender, sent, 10_007)
        yield* until(() => heard.size() >= sent.length)
        assert.isTrue(sent.equals(heard.received()))
        assert.strictEqual(link.address, `127.0.0.1:${socket.localPort}`)
      })
    )

    it.scoped("loses nothing that arrived before the owner listened", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const sent = pattern(100_000)
        socket.end(sent)
        yield* once(socket, "finish")
        yield* turns(20)
        const heard = owner()
        link.listen(heard.handlers)
        assert.strictEqual(heard.size(), 0, "an owner is not called from inside listen")
        assert.isUndefined(yield* heard.end)
        assert.isTrue(sent.equals(heard.received()))
      })
    )

    if (facts.slowsThePeer) {
      /** Sends without end and answers with how much had left when the peer stood still for many turns. */
      const pushUntilItStands = (socket: Socket) =>
        Effect.gen(function* () {
          const piece = pattern(65_536)
          let sent = 0
          const send = (): void => {
            if (sent >= plenty) return
            sent += piece.length
            socket.write(piece, send)
          }
          send()
          let stood = -1
          while (stood !== sent) {
            stood = sent
            yield* turns(200)
          }
          return sent
        })

      it.scoped("the brake stops the peer, and letting go loses nothing (GEN-006)", () =>
        Effect.gen(function* () {
          const { link, socket } = yield* connected
          const heard = owner()
          link.listen(heard.handlers)
          link.pause()
          link.pause()
          assert.isBelow(yield* pushUntilItStands(socket), plenty)
          assert.strictEqual(heard.size(), 0)
          link.resume()
          yield* until(() => heard.size() >= plenty)
          assert.strictEqual(heard.size(), plenty)
        })
      )

      it.scoped("the peer is stopped too as long as no owner listens (GEN-006)", () =>
        Effect.gen(function* () {
          const { link, socket } = yield* connected
          assert.isBelow(yield* pushUntilItStands(socket), plenty)
          const heard = owner()
          link.listen(heard.handlers)
          yield* until(() => heard.size() >= plenty)
        })
      )
    }

    it.scoped("the brake may be pulled in the middle of a delivery, chunk after chunk (GEN-006)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const sent = pattern(2_000_000)
        let braked = false
        let broken = 0
        const heard = owner(() => {
          if (braked) broken++
          braked = true
          link.pause()
          setImmediate(() => {
            braked = false
            link.resume()
          })
        })
        link.listen(heard.handlers)
        socket.end(sent)
        assert.isUndefined(yield* heard.end)
        assert.strictEqual(broken, 0)
        assert.isTrue(sent.equals(heard.received()))
      })
    )

    it.scoped("write answers false when the peer does not read, and calls when it does again (GEN-006)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        const piece = pattern(65_536)
        let written = 0
        let accepted = true
        while (accepted || written < 4 * 1024 * 1024) {
          accepted = link.write(piece)
          written += piece.length
          if (accepted) yield* turns(1)
          assert.isBelow(written, plenty)
        }
        assert.isFalse(accepted)
        const drainsBefore = heard.drains()
        let read = 0
        socket.on("data", (chunk) => (read += chunk.length))
        socket.resume()
        yield* until(() => heard.drains() > drainsBefore && read >= written)
        assert.strictEqual(read, written)
      })
    )

    it.scoped("reading goes on while a write waits (GEN-006)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        while (link.write(pattern(1_000_000))) yield* turns(1)
        socket.write("still here")
        yield* until(() => heard.size() === 10)
        assert.strictEqual(heard.received().toString(), "still here")
      })
    )

    it.scoped("the peer's end of stream is an orderly end, behind all it sent (X01)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        socket.end("goodbye")
        assert.isUndefined(yield* heard.end)
        assert.strictEqual(heard.received().toString(), "goodbye")
        assert.isTrue(link.write(pattern(10)), "nothing to wait for any more")
      })
    )

    it.scoped("a reset is a failure (X01, CON-134)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        socket.write("half a mess")
        yield* until(() => heard.size() === 11)
        socket.resetAndDestroy()
        const failure = yield* heard.end
        assert.strictEqual(failure?._tag, "TransportFailure")
        assert.strictEqual(failure?.code, "ECONNRESET")
        assert.include(failure?.message, "connection reset by the other side")
      })
    )

    it.scoped("writing to a peer that has gone is a failure and no exception (CON-134)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        link.pause() // so that the write is what finds out
        socket.resetAndDestroy()
        yield* turns(20)
        for (let round = 0; round < 5; round++) {
          link.write(pattern(1000))
          yield* turns(5)
        }
        link.resume()
        const failure = yield* heard.end
        assert.include(["EPIPE", "ECONNRESET"], failure?.code)
      })
    )

    it.scoped("end sends what is buffered, then the end of the stream (CON-132)", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        const sent = pattern(5_000_000)
        link.write(sent)
        link.end()
        link.end()
        assert.isTrue(link.write(pattern(10)), "bytes after the end go nowhere")
        const read: Array<Buffer> = []
        socket.on("data", (chunk) => read.push(chunk))
        socket.resume()
        yield* once(socket, "end")
        assert.isTrue(sent.equals(Buffer.concat(read)))
        socket.end("the last word")
        assert.isUndefined(yield* heard.end)
        assert.strictEqual(heard.received().toString(), "the last word")
      })
    )

    it.scoped("destroy closes at once and calls no handler of this side", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const heard = owner()
        link.listen(heard.handlers)
        link.write(pattern(100))
        socket.resume()
        const closed = yield* Effect.fork(Effect.race(once(socket, "end"), once(socket, "close")))
        yield* turns(1)
        link.destroy()
        link.destroy()
        yield* Fiber.await(closed)
        socket.write("into the void")
        link.write(pattern(100))
        link.pause()
        link.resume()
        link.listen(heard.handlers)
        link.end()
        yield* turns(20)
        assert.isFalse(heard.ended())
        assert.strictEqual(heard.size(), 0)
      })
    )

    it.scoped("closing the scope destroys the link (GEN-006, X10)", () =>
      Effect.gen(function* () {
        const peer = yield* listen()
        const scope = yield* Scope.make()
        const link = yield* Scope.extend(transport.open(peer.address), scope)
        const socket = yield* peer.accept
        const heard = owner()
        link.listen(heard.handlers)
        socket.resume()
        const closed = yield* Effect.fork(Effect.race(once(socket, "end"), once(socket, "close")))
        yield* turns(1)
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.await(closed)
        assert.isFalse(heard.ended())
      })
    )

    it.scoped("another owner takes over between two chunks, and receives an end that came before", () =>
      Effect.gen(function* () {
        const { link, socket } = yield* connected
        const second = owner()
        const first = owner(() => link.listen(second.handlers))
        link.listen(first.handlers)
        socket.write("one")
        yield* until(() => first.size() === 3)
        socket.end("two")
        yield* second.end
        assert.strictEqual(first.received().toString(), "one")
        assert.strictEqual(second.received().toString(), "two")
        const third = owner()
        link.listen(third.handlers)
        assert.isUndefined(yield* third.end)
        assert.isFalse(first.ended())
      })
    )

    it.effect("a refused connection is a failure a person can read", () =>
      Effect.gen(function* () {
        const address = yield* closedPort
        const failure = yield* Effect.flip(Effect.scoped(transport.open(address)))
        assert.deepStrictEqual(failure, {
          _tag: "TransportFailure",
          code: "ECONNREFUSED",
          message: "connection refused (ECONNREFUSED)"
        })
      })
    )

    it.scoped("an attempt that is interrupted leaves nothing open (X10)", () =>
      Effect.gen(function* () {
        const peer = yield* listen()
        for (let round = 0; round < 50; round++) {
          const attempt = yield* Effect.fork(Effect.scoped(transport.open(peer.address)))
          for (let step = 0; step < round % 5; step++) yield* Effect.yieldNow()
          yield* Fiber.interrupt(attempt)
        }
        // Those that got through before they were cut are seen as ended from here.
        yield* Effect.forkScoped(
          Effect.forever(
            Effect.map(peer.accept, (socket) => {
              socket.on("end", () => socket.destroy())
              socket.resume()
            })
          )
        )
        const open = Effect.async<number>((resume) => {
          peer.server.getConnections((_, count) => resume(Effect.succeed(count)))
        })
        yield* turns(20)
        while ((yield* open) > 0) yield* turns(1)
      })
    )
  })
}
