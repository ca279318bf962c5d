import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as PgClient from "../../src/client/PgClient.js"
import * as Sql from "../../src/client/Sql.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as PgConnector from "../../src/connection/PgConnector.js"
import type { Link } from "../../src/net/Transport.js"
import { Transport } from "../../src/net/Transport.js"
import { Host, MemoryTransport, ScriptedServer, SimulatedNetwork, Simulation } from "../../src/Testing.js"

const address = { _tag: "Tcp", host: "db", port: 5432 } as const

/** A server that sends back what it gets until its client has gone, and how its clients went. */
const echo = Effect.gen(function* () {
  const gone: Array<string> = []
  const transport = yield* MemoryTransport.transport(() =>
    Effect.succeed((server) => {
      const loop: Effect.Effect<void> = Effect.flatMap(server.take, (bytes) => {
        if (bytes === undefined) {
          gone.push(server.client())
          return Effect.sync(server.hangUp)
        }
        server.send(bytes)
        return loop
      })
      return loop
    })
  )
  return { transport, gone }
})

/** What a client of a link has got. */
const listen = (link: Link) =>
  Effect.gen(function* () {
    const ended = yield* Deferred.make<string>()
    const chunks: Array<Uint8Array> = []
    link.listen({
      onData: (chunk) => chunks.push(chunk),
      onEnd: (failure) => Deferred.unsafeDone(ended, Exit.succeed(failure?.code ?? "end")),
      onDrain: () => {}
    })
    const text = () => chunks.map((chunk) => String.fromCharCode(...chunk)).join("")
    return { chunks, ended: Deferred.await(ended), text }
  })

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0))
const settle = Effect.repeatN(Effect.yieldNow(), 50)

describe("a simulated network", () => {
  it.scoped("delivers bytes after its latency, by the clock", () =>
    Effect.gen(function* () {
      const { transport } = yield* echo
      const network = yield* SimulatedNetwork.make(transport, { latency: "40 millis" })
      const link = yield* network.transport.open(address)
      const heard = yield* listen(link)
      link.write(bytes("hello"))
      yield* TestClock.adjust("79 millis")
      assert.strictEqual(heard.text(), "")
      yield* TestClock.adjust("1 millis")
      yield* settle
      assert.strictEqual(heard.text(), "hello")
    })
  )

  it.live("keeps bytes and their order, whatever the slices and the latencies", () => {
    const sent = Array.from({ length: 30 }, (_, n) => `${n};`.repeat(1 + (n % 5)))
    const program = Effect.scoped(
      Effect.gen(function* () {
        const { transport } = yield* echo
        const seed = yield* Clock.currentTimeMillis
        const network = yield* SimulatedNetwork.make(transport, {
          seed,
          latency: "50 millis",
          minLatency: 0,
          slice: 3,
          stall: 0.1,
          stallTime: "5 seconds"
        })
        const link = yield* network.transport.open(address)
        const heard = yield* listen(link)
        for (const text of sent) link.write(bytes(text))
        yield* Effect.iterate(undefined, {
          while: () => heard.text().length < sent.join("").length,
          body: () => Effect.asVoid(Effect.sleep("100 millis"))
        })
        assert.strictEqual(heard.text(), sent.join(""))
        assert.isTrue(heard.chunks.every((chunk) => chunk.length <= 3))
      })
    )
    return Simulation.explore(program, { runs: 50 })
  })

  it.scoped("cuts, resets and drops connections when it is asked to", () =>
    Effect.gen(function* () {
      const { gone, transport } = yield* echo
      const network = yield* SimulatedNetwork.make(transport)
      const open = Effect.flatMap(network.transport.open(address), listen)
      const [first, second] = yield* Effect.all([open, open])
      yield* network.cutAll
      assert.deepStrictEqual([yield* first.ended, yield* second.ended], ["end", "end"])
      const third = yield* open
      yield* network.resetAll
      assert.strictEqual(yield* third.ended, "ECONNRESET")
      yield* settle
      assert.deepStrictEqual(gone, ["destroyed", "destroyed", "destroyed"])

      const scope = yield* Scope.make()
      const link = yield* Scope.extend(network.transport.open(address), scope)
      const last = yield* listen(link)
      yield* network.dropAll
      link.write(bytes("lost"))
      const waiting = yield* Effect.fork(last.ended)
      yield* TestClock.adjust("1 hour")
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      // Neither side of a half-open connection receives anything any more.
      assert.deepStrictEqual([last.text(), gone.length], ["", 3])
      yield* Fiber.interrupt(waiting)
    })
  )

  it.scoped("refuses openings and leaves them unanswered by chance", () =>
    Effect.gen(function* () {
      const { transport } = yield* echo
      const network = yield* SimulatedNetwork.make(transport, { refuse: 1 })
      assert.deepInclude(yield* Effect.flip(network.transport.open(address)), { code: "ECONNREFUSED" })
      yield* network.setConditions({ unreachable: 1 })
      const waiting = yield* Effect.fork(network.transport.open(address))
      yield* TestClock.adjust("1 hour")
      assert.isTrue(Option.isNone(yield* Fiber.poll(waiting)))
      yield* network.setConditions({})
      yield* network.transport.open(address)
      assert.deepStrictEqual([yield* network.openings, yield* network.open], [3, 1])
    })
  )

  it.live("has the same events for the same seed", () => {
    const story = Effect.scoped(
      Effect.gen(function* () {
        const { transport } = yield* echo
        const network = yield* SimulatedNetwork.make(transport, {
          seed: 11,
          latency: "30 millis",
          minLatency: 1,
          slice: 4,
          cut: 0.03,
          reset: 0.03
        })
        const ends: Array<string> = []
        for (let n = 0; n < 20; n++) {
          const link = yield* network.transport.open(address)
          const heard = yield* listen(link)
          for (let m = 0; m < 10; m++) link.write(bytes(`${m}-----`))
          const ended = yield* Effect.timeoutOption(heard.ended, "1 minute")
          ends.push(
            `${Option.getOrElse(ended, () => "open")} ${heard.text()} ${yield* Clock.currentTimeMillis}`
          )
        }
        return ends
      })
    )
    return Effect.gen(function* () {
      const first = yield* Simulation.simulate(story, { seed: 4 })
      assert.deepStrictEqual(yield* Simulation.simulate(story, { seed: 4 }), first)
      const kinds = new Set(first.map((each) => each.split(" ")[0]))
      assert.deepStrictEqual([...kinds].sort(), ["ECONNRESET", "end", "open"])
    })
  })

  it.live("stands between a client and a scripted server, and no order of fibers loses a message", () => {
    const columns = [ScriptedServer.column("name")]
    const program = Effect.scoped(
      Effect.gen(function* () {
        const server = yield* ScriptedServer.make([
          [
            ScriptedServer.startup(),
            ScriptedServer.extendedQuery({ columns, rows: [["Ada"]] }),
            ScriptedServer.goodbye
          ]
        ])
        const network = yield* SimulatedNetwork.make(server.transport, {
          latency: "1 second",
          slice: 20
        })
        const config = Either.getOrThrow(PgConfig.make({ host: "db", user: "app", sslMode: "disable" }))
        const rows = yield* Effect.flatMap(PgClient.PgClient, (pg) =>
          pg.query(Sql.sql`select name from people`)
        ).pipe(
          Effect.provide(PgClient.layerFromConnector()),
          Effect.provide(PgConnector.layerWith(config)),
          Effect.provide(Layer.merge(Host.layerTest(), Layer.succeed(Transport, network.transport)))
        )
        assert.deepStrictEqual(rows, [{ name: "Ada" }])
        yield* Effect.sleep("1 minute")
        yield* server.done
        assert.isAtLeast(yield* Clock.currentTimeMillis, 4000)
      })
    )
    return Simulation.explore(program, { runs: 150 })
  })
})
