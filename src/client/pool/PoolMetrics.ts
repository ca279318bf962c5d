/** The numbers of a pool as metrics of Effect, for whatever exports those. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Telemetry } from "../telemetry/Telemetry.js"
import type { PoolStatistics } from "./PoolStatistics.js"

const connections = Metric.gauge("postgres_pool_connections", {
  description: "Connections of the pool, by state: idle, in_use, opening"
})
const limit = Metric.gauge("postgres_pool_max", { description: "The most connections of the pool" })
const waiting = Metric.gauge("postgres_pool_waiting", { description: "Calls that wait for a connection" })
const events = Metric.counter("postgres_pool_events_total", {
  description:
    "What the pool has done, by event: acquired, shared, opened, opening_failed, reset, timed_out, refused",
  incremental: true
})
const closed = Metric.counter("postgres_pool_closed_total", {
  description: "Connections that the pool has closed, by reason",
  incremental: true
})

const eventsOf = (pool: PoolStatistics): Readonly<Record<string, number>> => ({
  acquired: pool.acquired,
  shared: pool.shared,
  opened: pool.opened,
  opening_failed: pool.openingsFailed,
  reset: pool.resets,
  timed_out: pool.timedOut,
  refused: pool.refused
})

/** Writes the numbers of a pool of this name; counters count on from the last writing. */
const writer = (name: string): ((pool: PoolStatistics) => Effect.Effect<void>) => {
  const written = new Map<string, number>()
  const tagged = <A extends Metric.Metric<unknown, number, unknown>>(metric: A) =>
    Metric.tagged(metric as Metric.Metric<unknown, number, unknown>, "pool", name)
  const set = (gauge: typeof waiting, value: number, state?: string) => {
    const mine = tagged(gauge as never)
    return Metric.update(state === undefined ? mine : Metric.tagged(mine, "state", state), value)
  }
  const count = (counter: typeof events, key: string, value: string, total: number) => {
    const id = `${key} ${value}`
    const more = total - (written.get(id) ?? 0)
    written.set(id, total)
    return more <= 0 ? Effect.void : Metric.update(Metric.tagged(tagged(counter as never), key, value), more)
  }
  return (pool) =>
    Effect.suspend(() =>
      Effect.all(
        [
          set(connections, pool.idle, "idle"),
          set(connections, pool.inUse, "in_use"),
          set(connections, pool.opening, "opening"),
          set(limit, pool.max),
          set(waiting, pool.waiting),
          ...Object.entries(eventsOf(pool)).map(([event, total]) => count(events, "event", event, total)),
          ...Object.entries(pool.closed).map(([reason, total]) => count(closed, "reason", reason, total))
        ],
        { discard: true }
      )
    )
}

const named = (name: string, description: string, unit: string) =>
  Metric.tagged(Metric.gauge(name, { description }), "unit", unit)

const count = named(
  "db.client.connection.count",
  "The number of connections that are currently in the state.",
  "{connection}"
)
const most = named(
  "db.client.connection.max",
  "The maximum number of open connections allowed.",
  "{connection}"
)
const pending = named(
  "db.client.connection.pending_requests",
  "The number of current pending requests for an open connection.",
  "{request}"
)
const timeouts = Metric.tagged(
  Metric.counter("db.client.connection.timeouts", {
    description:
      "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
    incremental: true
  }),
  "unit",
  "{timeout}"
)

/** Writes the numbers of the pool by OpenTelemetry's names. */
const conventional = ({ pool: names }: Telemetry): ((pool: PoolStatistics) => Effect.Effect<void>) => {
  const [[key, name]] = Object.entries(names) as unknown as [[string, string]]
  let timedOut = 0
  return (pool) =>
    Effect.suspend(() => {
      const more = pool.timedOut - timedOut
      timedOut = pool.timedOut
      const mine = Metric.tagged(count, key, name)
      return Effect.all(
        [
          Metric.set(Metric.tagged(mine, "db.client.connection.state", "idle"), pool.idle),
          Metric.set(Metric.tagged(mine, "db.client.connection.state", "used"), pool.inUse),
          Metric.set(Metric.tagged(most, key, name), pool.max),
          Metric.set(Metric.tagged(pending, key, name), pool.waiting),
          more > 0 ? Metric.update(Metric.tagged(timeouts, key, name), more) : Effect.void
        ],
        { discard: true }
      )
    })
}

/** Writes the numbers of a pool under the names that are asked for; `undefined` when none are. */
export const writerFor = (
  name: string | undefined,
  telemetry: Telemetry
): ((pool: PoolStatistics) => Effect.Effect<void>) | undefined => {
  const own = name === undefined ? undefined : writer(name)
  const other = telemetry.countsConnections ? conventional(telemetry) : undefined
  if (own === undefined || other === undefined) return own ?? other
  return (pool) => Effect.zipRight(own(pool), other(pool))
}
