import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { describe } from "vitest"
import * as Leases from "../../src/client/Leases.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import type { ConnectionStatus, PgConnection } from "../../src/connection/PgConnection.js"
import type { PgConnector } from "../../src/connection/PgConnector.js"
import { lossless } from "../../src/types/Registry.js"

/** A connector whose sessions have a state that a test can set. */
const fake = (maxConnections: number) => {
  const states = new Map<PgConnection, ConnectionStatus["state"]>()
  const connector: PgConnector["Type"] = {
    config: Either.getOrThrow(PgConfig.make({ maxConnections })),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: () =>
      Effect.sync(() => {
        const connection = {
          status: Effect.sync(() => ({ state: states.get(connection), inFlight: 0, transaction: "I" }))
        } as unknown as PgConnection
        states.set(connection, "clean")
        return connection
      })
  }
  return { connector, states }
}

describe("a lease", () => {
  it.scopedLive(
    "replaces a connection that broke while nobody used it, also when the pool has no other",
    () =>
      Effect.gen(function* () {
        const { connector, states } = fake(1)
        const { lease } = yield* Leases.make(connector, "1 second")
        const first = yield* Effect.scoped(lease)
        states.set(first, "broken")
        const second = yield* Effect.timeout(Effect.scoped(lease), "1 second")
        expect(second).not.toBe(first)
        expect(states.size).toBe(2)
        expect(yield* Effect.scoped(lease)).toBe(second)
      })
  )

  it.scopedLive("does not lend a broken connection again after its user has gone", () =>
    Effect.gen(function* () {
      const { connector, states } = fake(2)
      const { lease } = yield* Leases.make(connector, "1 second")
      const first = yield* Effect.scoped(Effect.tap(lease, (held) => states.set(held, "broken")))
      expect(yield* Effect.timeout(Effect.scoped(lease), "1 second")).not.toBe(first)
    })
  )
})
