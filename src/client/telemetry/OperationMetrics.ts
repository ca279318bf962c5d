/** Durations of operations and waits as histograms of Effect, by OpenTelemetry's names. */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { Attributes } from "../../connection/session/TracedFacts.js"

/** OpenTelemetry's boundaries for durations of databases, in seconds. */
const boundaries = MetricBoundaries.fromIterable([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])

type Histogram = ReturnType<typeof Metric.histogram>

/** Sets of attributes that are kept; beyond them the histogram of a set is made for each value. */
const maxKept = 2000

/** A histogram of seconds, by attributes. */
export class DurationMetric {
  private readonly histogram: Histogram
  private readonly byAttributes = new Map<string, Histogram>()

  constructor(name: string, description: string) {
    this.histogram = Metric.tagged(Metric.histogram(name, boundaries, description), "unit", "s")
  }

  record(seconds: number, attributes: Attributes): void {
    const key = JSON.stringify(attributes)
    const known = this.byAttributes.get(key)
    const histogram = known ?? this.tagged(attributes)
    if (known === undefined && this.byAttributes.size < maxKept) this.byAttributes.set(key, histogram)
    histogram.unsafeUpdate(seconds, [])
  }

  private tagged(attributes: Attributes): Histogram {
    let histogram = this.histogram
    for (const [name, value] of Object.entries(attributes))
      histogram = Metric.tagged(histogram, name, String(value))
    return histogram
  }
}

export const operationDuration = new DurationMetric(
  "db.client.operation.duration",
  "Duration of database client operations."
)
export const connectionWait = new DurationMetric(
  "db.client.connection.wait_time",
  "The time it took to obtain an open connection from the pool."
)
export const connectionCreation = new DurationMetric(
  "db.client.connection.create_time",
  "The time it took to create a new connection."
)
export const connectionUse = new DurationMetric(
  "db.client.connection.use_time",
  "The time between borrowing a connection and returning it to the pool."
)
