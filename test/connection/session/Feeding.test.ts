import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Exchange from "../../../src/connection/session/Exchange.js"
import * as Feeding from "../../../src/connection/session/Feeding.js"
import { QueryRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import * as Statement from "../../../src/model/Statement.js"
import { harness } from "../core.js"

const refused = {
  _tag: "PgUsageError",
  operation: "copyFrom",
  argument: "source",
  sql: "select 1",
  nothingSent: true
} as const

describe("the source of a copy", () => {
  it.effect("may not use the connection that it feeds, nor may what it forks, and nothing is sent", () =>
    Effect.gen(function* () {
      const { core, sent } = harness()
      const using = Exchange.run<QueryResult>(
        core,
        (outcome) => new QueryRequest(Statement.make("select 1"), "object", outcome)
      )
      for (const source of [using, Effect.flatten(Effect.flatMap(Effect.fork(using), Fiber.await))]) {
        const error = yield* Effect.flip(Feeding.feeding(core, source))
        assert.deepInclude(error, refused)
        assert.include(error.message, "must not use the connection that it feeds")
      }
      assert.deepInclude(yield* Effect.flip(Feeding.feeding(core, Feeding.guard(core, "select 1"))), refused)
      assert.deepStrictEqual(yield* Effect.promise(sent), [])
    })
  )

  it.effect("may use another connection, also one that a fiber elsewhere feeds", () =>
    Effect.gen(function* () {
      const [one, other] = [harness().core, harness().core]
      const elsewhere = yield* Effect.fork(Feeding.feeding(other, Effect.never))
      yield* Effect.yieldNow()
      yield* Feeding.feeding(one, Feeding.guard(other, "select 1"))
      yield* Fiber.interrupt(elsewhere)
    })
  )

  it.effect("may use it again when the copy has ended, also while another copy is fed", () =>
    Effect.gen(function* () {
      const { core } = harness()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Feeding.begun(core)
          assert.deepInclude(yield* Effect.flip(Feeding.guard(core, "select 1")), refused)
        })
      )
      yield* Feeding.guard(core, "select 1")
      const elsewhere = yield* Effect.fork(Feeding.feeding(core, Effect.never))
      yield* Effect.yieldNow()
      yield* Feeding.guard(core, "select 1")
      yield* Fiber.interrupt(elsewhere)
    })
  )
})
