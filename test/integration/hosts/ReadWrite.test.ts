/** A client for reading and one for writing over a primary and its standby, and over a promotion. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgPool } from "../../../src/client/pool/PgPool.js"
import * as Statement from "../../../src/model/Statement.js"
import { configOf } from "../connection/sessions.js"
import { hostsOf, pair } from "../replication/pair.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"

const s = (sql: string, parameters: ReadonlyArray<unknown> = []) => Statement.make(sql, parameters)

const portOf = (pg: PgClient.PgClientService) =>
  Effect.map(pg.values(s("select inet_server_port()")), ([row]) => row?.[0])

describe("reading and writing over a primary and a standby", () => {
  it.scopedLive("reads from the standby, writes to the primary, and goes on behind a promotion (X07)", () =>
    Effect.gen(function* () {
      const both = yield* pair()
      const { primary, standby } = both
      yield* rawRows(primary, "create table written (id int)")
      // A write is not answered before the standby has it.
      yield* rawRows(primary, "alter system set synchronous_standby_names = '*'")
      yield* rawRows(primary, "select pg_reload_conf()")
      const layer = PgClient.layerReadWrite(configOf({ target: primary, config: hostsOf(both) }), {
        read: { max: 2 },
        write: { max: 4 },
        retry: Schedule.spaced("50 millis")
      })
      const context = yield* Layer.build(layer)
      const write = Context.get(context, PgClient.PgClient)
      const read = Context.get(context, PgClient.PgReadClient)
      const { statistics } = Context.get(context, PgPool)
      assert.deepStrictEqual([yield* portOf(write), yield* portOf(read)], [primary.port, standby.port])
      assert.deepInclude(yield* Effect.flip(read.query(s("insert into written values (0)"))), {
        code: "25006"
      })
      yield* write.query(s("insert into written values (0)"))
      yield* eventually(read.values(s("select count(*)::int4 from written")), ([row]) => row?.[0] === 1)
      // After the refused write the pool has asked the role again, and the session is on the standby still.
      assert.strictEqual(yield* portOf(read), standby.port)

      let next = 0
      let isOver = false
      const written: Array<number> = [0]
      const unknown: Array<number> = []
      const writer = Effect.suspend(() => {
        const id = ++next
        return Effect.map(
          Effect.either(write.query(s("insert into written values ($1)", [id]))),
          (outcome) => {
            if (outcome._tag === "Right") written.push(id)
            else if (!outcome.left.nothingSent) unknown.push(id)
          }
        )
      }).pipe(Effect.repeat({ schedule: Schedule.spaced("5 millis"), while: () => !isOver }))
      const writers = yield* Effect.forEach([1, 2, 3, 4], () => Effect.fork(writer))
      yield* eventually(
        Effect.sync(() => written.length),
        (count) => count > 20
      )
      yield* primary.stop("fast")
      yield* rawRows(standby, "select pg_promote(true, 60)")
      const before = written.length
      yield* eventually(
        Effect.sync(() => written.length),
        (count) => count > before + 20
      )
      isOver = true
      yield* Fiber.joinAll(writers)

      assert.strictEqual(yield* portOf(write), standby.port)
      const stored = (yield* rawRows(standby, "select id::text from written order by id")).map(([id]) =>
        Number(id)
      )
      assert.strictEqual(new Set(stored).size, stored.length, "a write is stored twice")
      const lost = written.filter((id) => !stored.includes(id))
      assert.deepStrictEqual(lost, [], "writes that were reported as stored")
      const known = new Set([...written, ...unknown])
      assert.deepStrictEqual(
        stored.filter((id) => !known.has(id)),
        [],
        "writes whose failure was reported as safe to repeat"
      )
      // There is no standby any more: the primary serves reading too.
      assert.strictEqual(yield* eventually(portOf(read), (port) => port === standby.port), standby.port)
      assert.deepStrictEqual(yield* read.values(s("select pg_is_in_recovery()")), [[false]])
      assert.deepInclude(yield* eventually(statistics, ({ idle, size }) => idle === size), {
        inUse: 0,
        waiting: 0
      })
    }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
  )
})
