import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgClientError } from "../../src/client/PgClient.js"
import * as Statement from "../../src/model/Statement.js"
import { clientOf, FakeDatabase } from "./fakeDatabase.js"

const texts = [
  "begin",
  "  BEGIN isolation level serializable",
  "start transaction",
  "START\n  TRANSACTION read only"
]

describe("a BEGIN on the pool", () => {
  it.scoped("is refused before anything is sent, with the way to do it", () =>
    Effect.gen(function* () {
      const database = new FakeDatabase()
      const pg = yield* clientOf(database)
      for (const text of texts) {
        const statement = Statement.make(text)
        for (const call of [pg.query(statement), pg.execute(statement), pg.values(statement)].map((each) =>
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
