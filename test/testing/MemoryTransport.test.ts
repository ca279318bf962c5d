import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Deferred from "effect/Deferred"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import type { TransportFailure } from "../../src/model/PgError.js"
import type { Link, LinkHandlers } from "../../src/net/Transport.js"
import { Transport } from "../../src/net/Transport.js"
import * as MemoryTransport from "../../src/testing/MemoryTransport.js"

const bytes = (...values: ReadonlyArray<number>): Uint8Array => Uint8Array.from(values)

/** What an owner received, in order. */
const recorder = () => {
  const chunks: Array<ReadonlyArray<number>> = []
  const ends: Array<string> = []
  let drains = 0
  const handlers: LinkHandlers = {
    onData: (chunk) => void chunks.push([...chunk]),
    onEnd: (failure) => void ends.push(failure === undefined ? "end" : failure.code),
    onDrain: () => void drains++
  }
  return { handlers, chunks, ends, drains: () => drains }
}

const microtasks = Effect.promise(async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
})

describe("MemoryTransport", () => {
  it.effect("hands over segments as the server cut them, in order (TRP-128)", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const heard = recorder()
      client.listen(heard.handlers)
      server.send(bytes(1, 2, 3))
      server.sendSliced(bytes(4, 5, 6, 7, 8), 2)
      assert.deepStrictEqual(heard.chunks, [], "nothing arrives in the middle of the sender's own turn")
      yield* server.delivered
      assert.deepStrictEqual(heard.chunks, [[1, 2, 3], [4, 5], [6, 7], [8]])
      assert.deepInclude(server.counts(), { segments: 4, delivered: 8, undelivered: 0 })
    })
  )

  it.effect("keeps what was sent before the client listened", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const heard = recorder()
      server.send(bytes(1))
      server.hangUp()
      yield* microtasks
      client.listen(heard.handlers)
      yield* microtasks
      assert.deepStrictEqual(heard.chunks, [[1]])
      assert.deepStrictEqual(heard.ends, ["end"])
    })
  )

  it.effect("delivers nothing while the brake is on, and everything after (GEN-006)", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const heard = recorder()
      client.listen({
        ...heard.handlers,
        onData: (chunk) => {
          heard.handlers.onData(chunk)
          client.pause() // the brake may be pulled in the middle of a delivery
        }
      })
      server.sendSliced(bytes(1, 2, 3), 1)
      server.hangUp()
      yield* server.untilPaused(true)
      yield* microtasks
      assert.deepStrictEqual(heard.chunks, [[1]])
      assert.isTrue(server.paused())
      assert.strictEqual(server.counts().undelivered, 2)
      client.resume()
      yield* server.untilPaused(true)
      client.resume()
      yield* server.delivered
      assert.deepStrictEqual(heard.chunks, [[1], [2], [3]])
      assert.deepStrictEqual(heard.ends, [])
      client.resume()
      yield* microtasks
      assert.deepStrictEqual(heard.ends, ["end"])
      assert.strictEqual(server.counts().pauses, 3)
    })
  )

  it.effect("answers false at the bound of the send buffer and calls when it is empty (GEN-006)", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make({ sendBuffer: 4 })
      const heard = recorder()
      client.listen(heard.handlers)
      assert.isTrue(client.write(bytes(1, 2)))
      assert.isFalse(client.write(bytes(3, 4)))
      assert.isFalse(client.write(bytes(5)), "taken all the same")
      yield* server.take
      yield* server.take
      yield* microtasks
      assert.strictEqual(heard.drains(), 0)
      assert.deepStrictEqual(yield* server.take, bytes(5))
      yield* microtasks
      assert.strictEqual(heard.drains(), 1)
      assert.deepInclude(server.counts(), { writes: 3, written: 5, untaken: 0 })
    })
  )

  it.effect("take waits for a write, and answers undefined once the client has ended", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const waiting = yield* Effect.fork(server.take)
      yield* Effect.yieldNow()
      client.write(bytes(7))
      assert.deepStrictEqual(yield* Fiber.join(waiting), bytes(7))
      const next = yield* Effect.fork(Effect.all([server.take, server.take]))
      client.write(bytes(8))
      client.end()
      assert.deepStrictEqual(yield* Fiber.join(next), [bytes(8), undefined])
      assert.strictEqual(server.client(), "ended")
      assert.isTrue(client.write(bytes(9)), "nothing to wait for: the bytes go nowhere")
      assert.isUndefined(yield* server.take)
    })
  )

  it.effect("an interrupted take leaves the bytes to the next", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const first = yield* Effect.fork(server.take)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      client.write(bytes(1))
      assert.deepStrictEqual(yield* server.take, bytes(1))
    })
  )

  it.effect("a reset comes behind what was sent, once", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const heard = recorder()
      client.listen(heard.handlers)
      server.send(bytes(1))
      server.reset()
      server.hangUp()
      server.send(bytes(2))
      yield* microtasks
      assert.deepStrictEqual(heard.chunks, [[1]])
      assert.deepStrictEqual(heard.ends, ["ECONNRESET"])
    })
  )

  it.effect("after destroy nothing is received any more", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const heard = recorder()
      client.listen(heard.handlers)
      server.send(bytes(1))
      client.destroy()
      client.destroy()
      server.send(bytes(2))
      server.reset()
      yield* server.ended
      yield* microtasks
      assert.deepStrictEqual([heard.chunks, heard.ends], [[], []])
      assert.strictEqual(server.client(), "destroyed")
      assert.isUndefined(yield* server.take)
    })
  )

  it.effect("a second owner receives what comes from then on, and an end that came before", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      const first = recorder()
      const second = recorder()
      const third = recorder()
      client.listen({
        ...first.handlers,
        onData: (chunk) => {
          first.handlers.onData(chunk)
          client.listen(second.handlers)
        }
      })
      server.sendSliced(bytes(1, 2), 1)
      server.hangUp()
      yield* microtasks
      client.listen(third.handlers)
      yield* microtasks
      assert.deepStrictEqual([first.chunks, first.ends], [[[1]], []])
      assert.deepStrictEqual([second.chunks, second.ends], [[[2]], ["end"]])
      assert.deepStrictEqual([third.chunks, third.ends], [[], ["end"]])
    })
  )

  it.effect.prop(
    "however the server cuts and the client brakes, every byte arrives once and in order",
    [
      fc.uint8Array({ maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.boolean(), { maxLength: 30 })
    ],
    ([sent, size, brakes]) =>
      Effect.gen(function* () {
        const { client, server } = MemoryTransport.make()
        const got: Array<number> = []
        let at = 0
        let ended = false
        client.listen({
          onData: (chunk) => {
            got.push(...chunk)
            if (brakes[at++] === true) {
              client.pause()
              queueMicrotask(() => queueMicrotask(client.resume))
            }
          },
          onEnd: () => {
            ended = true
          },
          onDrain: () => {}
        })
        server.sendSliced(sent, size)
        server.hangUp()
        yield* server.delivered
        yield* microtasks
        assert.deepStrictEqual(got, [...sent])
        assert.isTrue(ended)
      })
  )

  const refused: TransportFailure = {
    _tag: "TransportFailure",
    code: "ECONNREFUSED",
    message: "connection refused"
  }
  const echo: MemoryTransport.Serve = (server) =>
    Effect.gen(function* () {
      for (let got = yield* server.take; got !== undefined; got = yield* server.take) server.send(got)
    })
  const transport = MemoryTransport.layer((address) =>
    address._tag === "Unix" ? Effect.fail(refused) : Effect.succeed(echo)
  )
  const address = { _tag: "Tcp", host: "::1", port: 5432 } as const

  /** Fails when the effect cannot come to an end: it is given many turns, and nothing here waits for anything else. */
  const closing = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDaemon(effect)
      for (let turn = 0; turn < 500; turn++) yield* Effect.yieldNow()
      assert.isTrue(Option.isSome(yield* Fiber.poll(fiber)), "it does not close")
      return yield* Fiber.join(fiber)
    })

  it.effect("as a transport it opens one pair after the other and destroys them with their scope", () =>
    Effect.gen(function* () {
      const { open } = yield* Transport
      let kept: Link | undefined
      const heard = recorder()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const link = (kept = yield* open(address))
          assert.strictEqual(link.address, "[::1]:5432")
          link.listen(heard.handlers)
          link.write(bytes(1, 2))
          yield* microtasks
          assert.deepStrictEqual(heard.chunks, [[1, 2]])
        })
      )
      kept?.write(bytes(3))
      yield* microtasks
      assert.deepStrictEqual(heard.chunks, [[1, 2]])
      assert.deepStrictEqual(heard.ends, [])
    }).pipe(Effect.provide(transport))
  )

  it.effect("as a transport its servers are interrupted when its scope closes, however it was opened", () =>
    Effect.gen(function* () {
      const ends: Array<string> = []
      const serve: MemoryTransport.Serve = () =>
        Effect.onInterrupt(Effect.never, () => Effect.sync(() => ends.push("interrupted")))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { open } = yield* MemoryTransport.transport(() => Effect.succeed(serve))
          yield* Effect.scoped(open(address))
          yield* Effect.uninterruptible(Effect.scoped(open(address)))
          yield* Effect.yieldNow()
        })
      ).pipe(closing)
      assert.deepStrictEqual(ends, ["interrupted", "interrupted"])
    })
  )

  it.effect("as a transport its servers may set themselves a deadline", () =>
    Effect.gen(function* () {
      const ended = yield* Deferred.make<string>()
      const serve: MemoryTransport.Serve = () =>
        Effect.never.pipe(
          Effect.timeoutTo({ duration: "5 seconds", onTimeout: () => "late", onSuccess: () => "never" }),
          Effect.flatMap((how) => Deferred.succeed(ended, how))
        )
      const scope = yield* Scope.make()
      const { open } = yield* Scope.extend(
        MemoryTransport.transport(() => Effect.succeed(serve)),
        scope
      )
      yield* Scope.extend(open(address), scope)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Deferred.poll(ended).pipe(Effect.map(Option.isSome)), true)
      assert.strictEqual(yield* Deferred.await(ended), "late")
      yield* closing(Scope.close(scope, Exit.void))
    })
  )

  it.scoped("as a transport it can refuse", () =>
    Effect.gen(function* () {
      const { open } = yield* Transport
      assert.deepStrictEqual(yield* Effect.exit(open({ _tag: "Unix", path: "/x" })), Exit.fail(refused))
    }).pipe(Effect.provide(transport))
  )
})
