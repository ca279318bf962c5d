import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Statement from "../../../src/model/Statement.js"
import { eventually } from "../support/eventually.js"
import { hostsOf, pair } from "../replication/pair.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { configOf } from "../connection/sessions.js"

const s = (sql: string, parameters: ReadonlyArray<unknown> = []) => Statement.make(sql, parameters)

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

  it.scopedLive("goes on with a standby that was promoted, and lends no session of before", () =>
    Effect.gen(function* () {
      const both = yield* pair()
      const { primary, standby } = both
      const settings = { ...hostsOf(both), targetSessionAttrs: "read-write", maxConnections: 2 } as const
      const context = yield* Layer.build(
        PgClient.layer(configOf({ target: primary, config: settings }), {
          retry: Schedule.spaced("50 millis")
        })
      )
      const pg = Context.get(context, PgClient.PgClient)
      const port = Effect.map(pg.values(s("select inet_server_port()")), ([row]) => row?.[0])
      yield* pg.query(s("create table written (id int)"))
      yield* Effect.scoped(Effect.all([pg.connection, pg.connection]))
      assert.strictEqual(yield* port, primary.port)
      // The standby has what was committed before it is promoted.
      yield* eventually(
        rawRows(standby, "select to_regclass('written') is not null"),
        ([row]) => row?.[0] === "t"
      )
      yield* primary.stop("fast")
      yield* rawRows(standby, "select pg_promote(true, 60)")
      const write = (id: number) => Effect.either(pg.query(s("insert into written values ($1)", [id])))
      // Each loss is reported, and what was reported as written is there.
      let id = 0
      const written: Array<number> = []
      yield* eventually(
        Effect.map(
          Effect.suspend(() => write(++id)),
          (outcome) => {
            if (outcome._tag === "Right") written.push(id)
            return written.length
          }
        ),
        (count) => count === 3
      )
      assert.strictEqual(yield* port, standby.port)
      const stored = yield* rawRows(standby, "select id::text from written order by id::int")
      assert.deepStrictEqual(
        stored,
        written.map((each) => [String(each)])
      )
    })
  )
})
