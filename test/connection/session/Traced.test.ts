import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { arrived, traced } from "../../../src/connection/session/Traced.js"

const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)
const spanInside = traced("PgConnection.connect")(Effect.option(Effect.currentSpan))

describe("a span", () => {
  it.effect("is opened where a tracer listens", () =>
    Effect.gen(function* () {
      const opened: Array<string> = []
      const listening = Tracer.make({
        span: (name, ...rest) => {
          opened.push(name)
          return native.span(name, ...rest)
        },
        context: (run) => run()
      })
      const inside = yield* Effect.withTracer(spanInside, listening)
      assert.deepStrictEqual(
        Option.map(inside, ({ name }) => name),
        Option.some("PgConnection.connect")
      )
      assert.deepStrictEqual(opened, ["PgConnection.connect"])
    })
  )

  it.effect("without duration stands for what has come, by itself", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.Span> = []
      const listening = Tracer.make({
        span: (...given) => {
          const span = native.span(...given)
          spans.push(span)
          return span
        },
        context: (run) => run()
      })
      yield* arrived("receive jobs", () => ({ "messaging.destination.name": "jobs" })).pipe(
        Effect.withSpan("around"),
        Effect.withTracer(listening)
      )
      const span = spans.find(({ name }) => name === "receive jobs")!
      assert.strictEqual(span.kind, "consumer")
      assert.isTrue(Option.isNone(span.parent))
      assert.strictEqual(span.status._tag, "Ended")
      assert.deepStrictEqual(Object.fromEntries(span.attributes), {
        "db.system.name": "postgresql",
        "messaging.destination.name": "jobs"
      })
      let asked = 0
      yield* arrived("receive jobs", () => ({ asked: ++asked }))
      assert.strictEqual(asked, 0)
    })
  )

  it.effect("is not opened for Effect's own tracer, which keeps nothing", () =>
    Effect.gen(function* () {
      assert.isTrue(Option.isNone(yield* spanInside))
    })
  )
})
