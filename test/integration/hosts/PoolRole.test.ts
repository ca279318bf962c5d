import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Statement from "../../../src/model/Statement.js"
import { eventually } from "../support/Eventually.js"
import { shared } from "../support/Server.js"
import { configOf } from "../connection/sessions.js"

const s = (sql: string) => Statement.make(sql)

describe("a pool that wants sessions of a role", () => {
  it.scopedLive("does not lend a session again that its server has reported as read-only", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      const pid = Effect.map(pg.values(s("select pg_backend_pid()")), (rows) => rows[0]?.[0])
      const first = yield* pid
      assert.strictEqual(yield* pid, first)
      // As a server does that is told to take no writes: the change is reported, and the session does not fit any more.
      yield* pg.query(s("set default_transaction_read_only = on"))
      const second = yield* eventually(pid, (now) => now !== first)
      assert.notStrictEqual(second, first)
      yield* pg.query(s("create temporary table written (id int)"))
    }).pipe(
      Effect.provide(
        PgClient.layer(
          configOf({ target: shared, config: { targetSessionAttrs: "read-write", maxConnections: 1 } })
        )
      )
    )
  )
})
