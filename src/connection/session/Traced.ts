/** Spans, only when there is a tracer: an unused span costs as much as a round trip. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as TracedFacts from "./TracedFacts.js"

/** Effect's own tracer, which keeps nothing. */
export const silent = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Whether spans of this tracer go anywhere. */
export const isHeard = (tracer: Tracer.Tracer): boolean => tracer !== silent

type Attributes = Readonly<Record<string, unknown>>

const system: Attributes = { "db.system.name": "postgresql" }

/** Names the failure of the effect in the span that it runs in. `errorOf`: where errors are wrapped, what is in them. */
export const naming = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  errorOf: (error: E) => unknown = identity
): Effect.Effect<A, E, R> =>
  Effect.onExit(effect, (exit) =>
    Effect.withFiberRuntime<void>(({ currentSpan }) => {
      if (currentSpan !== undefined)
        TracedFacts.annotate(currentSpan, TracedFacts.failureOf(Exit.mapError(exit, errorOf)))
      return Effect.void
    })
  )

/** Adds attributes to the span that the effect runs in, when a tracer is configured. */
export const annotated = (attributes: () => Attributes): Effect.Effect<void> =>
  Effect.withFiberRuntime<void>(({ currentSpan, currentTracer }) => {
    if (currentSpan !== undefined && currentTracer !== undefined && isHeard(currentTracer))
      TracedFacts.annotate(currentSpan, attributes())
    return Effect.void
  })

/** Runs in a span of this name when a tracer is configured. A failure is named in it. No stack is captured. */
export const traced =
  <E0 = unknown>(name: string, attributes?: () => Attributes, errorOf?: (error: E0) => unknown) =>
  <A, E extends E0, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tracerWith((tracer) =>
      isHeard(tracer)
        ? Effect.withSpan(naming(effect, errorOf), name, {
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
          TracedFacts.annotate(span, { ...system, ...attributes() })
          span.end(now, Exit.void)
        })
      : Effect.void
  )
