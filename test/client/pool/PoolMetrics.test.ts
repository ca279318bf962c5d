import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import { fakeConnector } from "./fakeConnector.js"

/** The numbers written for a pool: by name and by the tag that is not the pool's. */
const written = (pool: string) =>
  Effect.map(Metric.snapshot, (pairs) =>
    Object.fromEntries(
      pairs
        .filter(({ metricKey }) => metricKey.tags.some(({ key, value }) => key === "pool" && value === pool))
        .map(({ metricKey, metricState }) => {
          const tags = metricKey.tags.filter(({ key }) => key !== "pool").map(({ value }) => value)
          const { count, value } = metricState as { readonly count?: number; readonly value?: number }
          return [[metricKey.name, ...tags].join(" "), count ?? value]
        })
    )
  )

describe("the metrics of a pool", () => {
  it.effect("follow its numbers every second, and are whole when it closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { connector } = fakeConnector(3)
      const pool = yield* Scope.extend(ConnectionPool.make(connector, { metrics: "shop" }), scope)
      const lease = yield* Scope.make()
      yield* Scope.extend(pool.lease, lease)
      yield* pool.use(() => Effect.void)
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* written("shop"), {
        "postgres_pool_connections idle": 1,
        "postgres_pool_connections in_use": 1,
        "postgres_pool_connections opening": 0,
        postgres_pool_max: 3,
        postgres_pool_waiting: 0,
        "postgres_pool_events_total acquired": 2,
        "postgres_pool_events_total opened": 2
      })
      yield* Scope.close(lease, Exit.void)
      yield* pool.use(() => Effect.void)
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(yield* written("shop"), {
        "postgres_pool_connections idle": 2,
        "postgres_pool_events_total acquired": 3
      })
      yield* Scope.close(scope, Exit.void)
      assert.deepInclude(yield* written("shop"), {
        "postgres_pool_connections idle": 0,
        "postgres_pool_closed_total surplus": 2
      })
    })
  )

  it.scoped("do not exist for a pool without a name", () =>
    Effect.gen(function* () {
      const pool = yield* ConnectionPool.make(fakeConnector(1).connector)
      yield* pool.ping
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* written(""), {})
      assert.deepStrictEqual(yield* written("undefined"), {})
    })
  )
})
