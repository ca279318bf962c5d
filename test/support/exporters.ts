/** OpenTelemetry's SDK with exporters in memory. */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"

/** The data points of one metric. */
export interface MetricPoint {
  readonly unit: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly value: unknown
}

/** Exporters and the layer that fills them. */
export const make = () => {
  const spans = new InMemorySpanExporter()
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
  const layer = NodeSdk.layer(() => ({
    resource: { serviceName: "test" },
    spanProcessor: new SimpleSpanProcessor(spans),
    metricReader: reader
  }))
  return {
    layer,
    spans: (): ReadonlyArray<ReadableSpan> => spans.getFinishedSpans(),
    reset: (): void => spans.reset(),
    /** The points of a metric as the reader collects them now. */
    points: (name: string): Effect.Effect<ReadonlyArray<MetricPoint>> =>
      Effect.map(
        Effect.promise(() => reader.collect()),
        ({ resourceMetrics }) =>
          resourceMetrics.scopeMetrics
            .flatMap((scope) => scope.metrics)
            .filter(({ descriptor }) => descriptor.name === name)
            .flatMap(({ dataPoints, descriptor }) =>
              dataPoints.map(({ attributes, value }) => ({ attributes, value, unit: descriptor.unit }))
            )
      )
  }
}
