import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PgClientError } from "../../src/client/PgClient.js"
import * as Statement from "../../src/model/Statement.js"
import { clientOf, FakeDatabase } from "./fakeDatabase.js"

const texts = [
  "begin",
  "  BEGIN isolation level serializable",
  "start transaction",
  "START\n  TRANSACTION read only",
  "/* ours /* too */ */ begin",
  "-- first\nbegin",
  "; begin",
  "select 1; begin"
]

describe("a BEGIN on the pool", () => {
  it.scoped("is refused before anything is sent, with the way to do it", () =>
    Effect.gen(function* () {
      const database = new FakeDatabase()
      const pg = yield* clientOf(database)
      for (const text of texts) {
        const statement = Statement.make(text)
        const calls = [
          pg.query(statement),
          pg.execute(statement),
          pg.values(statement),
          Stream.runDrain(pg.stream(statement)),
          pg.query(statement, Schema.Struct({})),
          pg.execute(statement, Schema.Struct({})),
          Stream.runDrain(pg.stream(statement, Schema.Struct({})))
        ]
        for (const call of calls.map((each) =>
          Effect.asVoid(each as Effect.Effect<unknown, PgClientError>)
        )) {
          const error = yield* Effect.flip(call)
          assert.deepInclude(error, { _tag: "PgUsageError", sql: text })
          assert.match(error.message, /withTransaction/)
        }
      }
      assert.deepStrictEqual(database.log, [])
    })
  )

  it.scoped("is no other text, and no text inside a transaction", () =>
    Effect.gen(function* () {
      const database = new FakeDatabase()
      const pg = yield* clientOf(database)
      yield* pg.query(Statement.make("beginning"))
      yield* pg.withTransaction(pg.query(Statement.make("begin work")))
      const texts = database.log.map((each) => each.slice(each.indexOf(" ") + 1))
      assert.deepStrictEqual(texts, ["beginning", "begin", "begin work", "commit"])
    })
  )
})
