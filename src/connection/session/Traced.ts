/** Spans only where somebody listens: one that nobody takes costs as much as a round trip. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/** Effect's own tracer, which keeps nothing. */
export const silent = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Whether spans of this tracer go anywhere. */
export const isHeard = (tracer: Tracer.Tracer): boolean => tracer !== silent

type Attributes = Readonly<Record<string, unknown>>

const system: Attributes = { "db.system.name": "postgresql" }

/** Runs in a span of this name when a tracer is configured. No stack is captured. */
export const traced =
  (name: string, attributes?: () => Attributes) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tracerWith((tracer) =>
      isHeard(tracer)
        ? Effect.withSpan(effect, name, {
            captureStackTrace: false,
            attributes: { ...system, ...attributes?.() }
          })
        : effect
    )

/** Something that has come, as a span without duration, when a tracer is configured. */
export const arrived = (name: string, attributes: () => Attributes): Effect.Effect<void> =>
  Effect.tracerWith((tracer) =>
    isHeard(tracer)
      ? Effect.map(Clock.currentTimeNanos, (now) => {
          const span = tracer.span(name, Option.none(), Context.empty(), [], now, "consumer")
          for (const [key, value] of Object.entries({ ...system, ...attributes() }))
            span.attribute(key, value)
          span.end(now, Exit.void)
        })
      : Effect.void
  )
