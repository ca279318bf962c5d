/** An address that leads to another cluster later, which has other types under the same OIDs. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { PgRange } from "../../../src/model/PgRange.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { rawRows } from "../support/rawSession.js"
import { isolated } from "../support/server.js"
import { configOf, s } from "./sessions.js"

describe("the types that a connector has found", () => {
  it.scopedLive(
    "are looked up again once a session was lost, because another cluster may answer by then",
    () =>
      Effect.gen(function* () {
        const first = yield* isolated({ listen: "tcp" })
        const second = yield* isolated({ listen: "tcp" })
        yield* rawRows(first, "create type made as range (subtype = int)")
        yield* rawRows(second, "create type made as range (subtype = text)")
        const oid = "select 'made'::regtype::oid"
        assert.deepStrictEqual(yield* rawRows(first, oid), yield* rawRows(second, oid))
        const proxy = yield* FaultProxy.make({ target: first })
        const values = yield* Effect.gen(function* () {
          const connector = yield* PgConnector.PgConnector
          const read = Effect.flatMap(connector.open(), (pg) => pg.query(s("select '[a,c)'::made as made")))
          const before = yield* Effect.scoped(
            Effect.gen(function* () {
              const pg = yield* connector.open()
              const rows = yield* pg.query(s("select '[1,3)'::made as made"))
              yield* proxy.retarget(second)
              yield* rawRows(first, `select pg_terminate_backend(${pg.facts.processId ?? 0})`)
              yield* pg.ended
              return rows
            })
          )
          return [...before, ...(yield* Effect.scoped(read))]
        }).pipe(Effect.provide(PgConnector.layer(configOf({ target: proxy }))))
        assert.deepStrictEqual(values, [{ made: PgRange.make(1, 3) }, { made: PgRange.make("a", "c") }])
      })
  )
})
