/** A client behind PgBouncer in transaction mode, with the statement cache off. */
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import type { PoolOptions } from "../../../src/client/pool/PoolOptions.js"
import { configOf, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { describePgBouncer, start } from "../support/pgBouncer.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

const modes: Readonly<Record<string, PoolOptions>> = {
  "a connection for each call": {},
  "shared connections": { multiplex: { depth: 8 } }
}

describePgBouncer("a client behind PgBouncer in transaction mode", () => {
  for (const [name, options] of Object.entries(modes)) {
    it.scopedLive(`answers, stores, streams and cancels as it does without: ${name} (X08)`, () =>
      Effect.gen(function* () {
        const target = yield* start({ target: shared })
        const layer = PgClient.layer(configOf({ target, config: { statementCacheSize: 0 } }), {
          max: 4,
          reset: "none",
          ...options
        })
        const pg = Context.get(yield* Layer.build(layer), PgClient.PgClient)
        const kept = yield* table("n int4 primary key")
        const N = Schema.Struct({ n: Schema.Number })
        const numbers = Array.from({ length: 60 }, (_, n) => n)
        const answers = yield* Effect.forEach(
          numbers,
          (n) => Effect.map(pg.query(s("select $1::int4 as n", [n]), N), ([row]) => row?.n),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(answers, numbers)
        const store = (n: number) =>
          pg.withTransaction(
            Effect.gen(function* () {
              yield* pg.query(s(`insert into ${kept} values ($1)`, [n]))
              const again = pg.query(s(`insert into ${kept} values ($1)`, [n]))
              assert.deepInclude(yield* Effect.flip(pg.withTransaction(again)), { code: "23505" })
              const rows = pg.stream(s("select generate_series(1, 20) as n"), { fetchSize: 7 })
              assert.strictEqual(Chunk.size(yield* Stream.runCollect(rows)), 20)
              if (n % 3 === 0) return yield* Effect.fail("undone")
            })
          )
        yield* Effect.forEach(numbers.slice(0, 12), (n) => Effect.ignore(store(n)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          yield* pg.values(s(`select n from ${kept} order by n`)),
          [1, 2, 4, 5, 7, 8, 10, 11].map((n) => [n])
        )
        const running = Effect.map(
          rawRows(
            shared,
            `select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${kept} asleep%'`
          ),
          ({ length }) => length
        )
        const asleep = yield* Effect.fork(pg.query(s(`select '${kept} asleep', pg_sleep(600)`)))
        yield* eventually(running, (count) => count === 1)
        yield* Fiber.interrupt(asleep)
        yield* eventually(running, (count) => count === 0)
        yield* pg.ping
      })
    )
  }
})
