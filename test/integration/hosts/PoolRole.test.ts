import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgPool } from "../../../src/client/pool/PgPool.js"
import * as Statement from "../../../src/model/Statement.js"
import { eventually } from "../support/eventually.js"
import { hostsOf, pair } from "../replication/pair.js"
import { rawRows } from "../support/rawSession.js"
import { describePgBouncer, start } from "../support/pgBouncer.js"
import { isolated, shared } from "../support/server.js"
import { configOf, open } from "../connection/sessions.js"

const s = (sql: string, parameters: ReadonlyArray<unknown> = []) => Statement.make(sql, parameters)

describe("a pool that wants sessions of a role", () => {
  it.scopedLive("does not lend a session again that its server has reported as read-only", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      const pid = Effect.map(pg.values(s("select pg_backend_pid()")), (rows) => rows[0]?.[0])
      const first = yield* pid
      assert.strictEqual(yield* pid, first)
      // As a server does that is made read-only: the change is reported, and the session does not fit any more.
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

describePgBouncer(
  "a pool whose sessions lead through a pooler, which reports the role that its server had",
  () => {
    it.scopedLive(
      "shows one refused write, then lends none of its other sessions, and goes on with another host",
      () =>
        Effect.gen(function* () {
          const server = yield* isolated()
          const pooler = yield* start({ target: server, poolMode: "session", poolSize: 10 })
          yield* rawRows(server, "create table written (id int)")
          const config = {
            host: undefined,
            port: undefined,
            hosts: [pooler, shared].map(({ host, port }) => ({ host, port })),
            targetSessionAttrs: "read-write",
            maxConnections: 4
          } as const
          const context = yield* Layer.build(PgClient.layer(configOf({ target: pooler, config })))
          const pg = Context.get(context, PgClient.PgClient)
          const { statistics } = Context.get(context, PgPool)
          const lease = Effect.map(pg.connection, ({ facts }) => facts.address)
          const leads = yield* Effect.scoped(Effect.all([lease, lease, lease, lease]))
          assert.deepStrictEqual(
            leads.map((address) => "port" in address && address.port),
            Array.from({ length: 4 }, () => pooler.port)
          )
          // What they were leased for is reset behind the lease: a reset too would show that the server has changed.
          yield* eventually(statistics, ({ idle }) => idle === 4)
          yield* rawRows(server, "alter system set default_transaction_read_only = on")
          yield* rawRows(server, "select pg_reload_conf()")
          const write = Effect.either(pg.query(s("create temporary table written (id int)")))
          // Each session reads the new setting at its next statement, once the server has sent the signal to all of them, which it does before it starts this one.
          yield* eventually(rawRows(server, "show transaction_read_only"), ([row]) => row?.[0] === "on")
          const first = yield* write
          assert.isTrue(
            first._tag === "Left" && first.left._tag === "PgServerError" && first.left.code === "25006"
          )
          for (let round = 0; round < 8; round++) {
            assert.deepStrictEqual(yield* pg.values(s("select inet_server_port()")), [[shared.port]])
            yield* pg.query(s("create temporary table if not exists written (id int)"))
          }
        })
    )

    it.scopedLive("opens new sessions there by what the pooler reports, until its RECONNECT", () =>
      Effect.gen(function* () {
        const server = yield* isolated()
        const pooler = yield* start({
          target: server,
          poolMode: "session",
          settings: { admin_users: "postgres" }
        })
        const reported = Effect.scoped(
          Effect.flatMap(open({ target: pooler }), ({ parameter }) =>
            parameter("default_transaction_read_only")
          )
        )
        assert.strictEqual(yield* reported, "off")
        yield* rawRows(server, "alter system set default_transaction_read_only = on")
        yield* rawRows(server, "select pg_reload_conf()")
        yield* eventually(rawRows(pooler, "show transaction_read_only"), ([row]) => row?.[0] === "on")
        assert.strictEqual(yield* reported, "off")
        yield* rawRows(pooler, "reconnect", { database: "pgbouncer" })
        assert.strictEqual(yield* reported, "on")
      })
    )
  }
)
