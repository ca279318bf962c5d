/** Spans only where somebody listens: one that nobody takes costs as much as a round trip. */
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** Effect's own tracer, which keeps nothing. */
const deaf = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/** Runs in a span of this name when a tracer is configured. No stack is captured. */
export const traced =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tracerWith((tracer) =>
      tracer === deaf ? effect : Effect.withSpan(effect, name, { captureStackTrace: false })
    )
