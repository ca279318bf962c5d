import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { PgConnector } from "../../../src/connection/PgConnector.js"
import type { Statement } from "../../../src/model/Statement.js"
import * as CatalogSession from "../../../src/replication/feed/CatalogSession.js"

/** A server behind the connector: its cluster, whether it reports itself as a standby, and how far that has the log. */
interface Server {
  systemId: string
  parameter: "on" | "off" | undefined
  replayed: string | null
}

/** A catalogue session over servers, the one of each moment; what they were asked; and what the feed has read through it. */
const reading = (server: Server) =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const connection = {
      parameter: () => Effect.sync(() => server.parameter),
      status: Effect.succeed({ state: "clean" }),
      query: ({ sql }: Statement) =>
        Effect.sync(() => {
          const isSystem = sql === CatalogSession.systemQuery
          asked.push(isSystem ? "system" : "replayed")
          return [isSystem ? { id: server.systemId } : { replayed: server.replayed }]
        })
    }
    const connector = { open: () => Effect.succeed(connection) } as unknown as PgConnector["Type"]
    const catalog = yield* Effect.provideService(
      CatalogSession.make(() => ({ slot: "s", systemId: "1" })),
      PgConnector,
      connector
    )
    const read = catalog.use(() => Effect.sync(() => asked.push("read")))
    return { asked, catalog, read }
  })

describe("a catalogue that is read for a feed", () => {
  it.scoped("is not that of another cluster, and is asked once", () =>
    Effect.gen(function* () {
      const { asked, read } = yield* reading({ systemId: "1", parameter: "off", replayed: null })
      yield* read
      yield* read
      assert.deepStrictEqual(asked, ["system", "read", "read"])
      const other = yield* reading({ systemId: "2", parameter: "off", replayed: null })
      const error = yield* Effect.flip(other.read)
      assert.deepInclude(error, { _tag: "PgSlotError", reason: "diverged", slot: "s" })
      assert.deepStrictEqual(other.asked, ["system"])
    })
  )

  it.scoped("of a standby is read once that has the log up to what is required", () =>
    Effect.gen(function* () {
      const server: Server = { systemId: "1", parameter: "on", replayed: "0/10" }
      const { asked, catalog, read } = yield* reading(server)
      yield* read
      catalog.require(0x20n)
      catalog.require(0x18n)
      const waiting = yield* Effect.fork(read)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.poll(waiting))._tag, "None")
      server.replayed = "0/1F"
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.poll(waiting))._tag, "None")
      server.replayed = "0/30"
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(asked.slice(-2), ["replayed", "read"])
      // It is known to be that far.
      const { length } = asked
      catalog.require(0x30n)
      yield* read
      assert.deepStrictEqual(asked.slice(length), ["read"])
    })
  )

  it.scoped("of a server that is no standby is not waited for, whether it reports that or is asked", () =>
    Effect.gen(function* () {
      for (const [parameter, expected] of [
        ["off", ["system", "read", "read"]],
        [undefined, ["system", "replayed", "read", "read"]]
      ] as const) {
        const { asked, catalog, read } = yield* reading({ systemId: "1", parameter, replayed: null })
        catalog.require(0x20n)
        yield* read
        catalog.require(0x40n)
        yield* read
        assert.deepStrictEqual(asked, [...expected])
      }
    })
  )
})
