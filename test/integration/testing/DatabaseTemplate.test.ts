import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import { DatabaseTemplate } from "../../../src/testing/clients/DatabaseTemplate.js"
import { EmbeddedPostgres } from "../../../src/testing/clients/EmbeddedClient.js"

const prepare = Effect.flatMap(PgClient.PgClient, (pg) =>
  Effect.gen(function* () {
    yield* pg.query(sql`create table people (name text primary key)`)
    yield* pg.query(sql`insert into people values ('Ada')`)
  })
)

const names = Effect.flatMap(PgClient.PgClient, (pg) => pg.values(sql`select name from people order by 1`))

const add = (name: string) =>
  Effect.flatMap(PgClient.PgClient, (pg) => pg.query(sql`insert into people values (${name})`))

layer(DatabaseTemplate.layer(prepare).pipe(Layer.provideMerge(EmbeddedPostgres.client())), {
  timeout: "2 minutes"
})("a copy of a database", (it) => {
  for (const name of ["Grace", "Edsger"])
    it.effect(`has what was prepared, and nothing of another test: ${name}`, () =>
      Effect.gen(function* () {
        yield* add(name)
        assert.deepStrictEqual(yield* names, [["Ada"], [name]].sort())
      }).pipe(Effect.provide(DatabaseTemplate.client()))
    )

  it.effect("is made for several tests at a time, and dropped behind them", () =>
    Effect.gen(function* () {
      const seen = yield* Effect.forEach(
        ["a", "b", "c"],
        (name) => Effect.zipRight(add(name), names).pipe(Effect.provide(DatabaseTemplate.client({ max: 2 }))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        seen.map((rows) => rows.length),
        [2, 2, 2]
      )
      const pg = yield* PgClient.PgClient
      const [count] = yield* pg.values(
        sql`select count(*)::int4 from pg_database where datname like '%copy%'`
      )
      assert.deepStrictEqual(count, [0])
    })
  )
})

describe("a client by a URI", () => {
  it.live("reaches the database that it names", () =>
    Effect.gen(function* () {
      const { uri } = yield* EmbeddedPostgres
      const query = Effect.flatMap(PgClient.PgClient, (pg) => pg.values(sql`select current_user::text`))
      const rows = yield* Effect.provide(query, PgClient.layerUri(uri, { max: 1 }))
      assert.deepStrictEqual(rows, [["postgres"]])
    }).pipe(Effect.provide(EmbeddedPostgres.client({ password: "secret" })))
  )

  it.effect("fails for what is no URI, without its password", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        Effect.scoped(Layer.build(PgClient.layerUri("postgres://a:secret@[::1")))
      )
      assert.strictEqual(error._tag, "PgConfigError")
      assert.notInclude(error.message, "secret")
    })
  )
})
