import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Chunk from "effect/Chunk"
import * as PgClient from "../../../src/client/PgClient.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as Oid from "../../../src/model/Oid.js"
import * as Statement from "../../../src/model/Statement.js"
import * as Sql from "../../../src/Sql.js"
import { configOf } from "../connection/sessions.js"

const { sql } = Sql

const client = (options: PgClient.PgClientOptions) =>
  Effect.map(Layer.build(PgClient.layer(configOf({ config: { maxConnections: 2 } }), options)), (context) =>
    Context.get(context, PgClient.PgClient)
  )

const camel = { names: PgClient.camelCase, jsonNames: true, undefinedAs: "null" } as const

const Person = Schema.Struct({ userId: PgSchema.Int4, firstName: Schema.NullOr(Schema.String) })

const people = (pg: PgClient.PgClientService) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const name = Sql.identifier(`people_${process.pid}_${Date.now()}`)
      yield* pg.execute(
        sql`create table ${name} (user_id int4 primary key, first_name text, home_address jsonb, line_2 text)`
      )
      return name
    }),
    (name) => Effect.orDie(pg.execute(sql`drop table ${name}`))
  )

describe("a client that maps names", () => {
  it.scoped("writes keys of helpers as columns, and gives columns as keys, JSON too", () =>
    Effect.gen(function* () {
      const pg = yield* client(camel)
      const name = yield* people(pg)
      const ada = {
        userId: 1,
        firstName: "Ada",
        homeAddress: { streetName: "Main", zipCodes: [{ zipCode: 1 }] },
        line_2: "x"
      }
      yield* pg.execute(sql`insert into ${name} ${Sql.insert(ada)}`)
      assert.deepStrictEqual(yield* pg.one(sql`select * from ${name}`), ada)
      assert.deepStrictEqual(
        yield* pg.one(
          sql`select home_address::text, user_id from ${name} where ${Sql.and([Sql.in("userId", [1, 2])])}`
        ),
        { homeAddress: '{"zip_codes": [{"zip_code": 1}], "street_name": "Main"}', userId: 1 }
      )
      yield* pg.execute(sql`update ${name} set ${Sql.update({ firstName: undefined })} where user_id = ${1}`)
      const more = [
        { userId: 2, firstName: "Grace" },
        { userId: 3, firstName: undefined }
      ]
      yield* pg.execute(
        sql`insert into ${name} (user_id, first_name) select * from ${Sql.unnest(more, { userId: "int4", firstName: "text" })}`
      )
      const all = sql`select user_id, first_name from ${name} order by user_id`
      const expected = [
        { userId: 1, firstName: null },
        { userId: 2, firstName: "Grace" },
        { userId: 3, firstName: null }
      ]
      assert.deepStrictEqual(yield* pg.query(all, Person), expected)
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Stream.runCollect(pg.stream(all))), expected)
      assert.deepStrictEqual(
        yield* pg.withTransaction(
          Effect.map(Stream.runCollect(pg.stream(all, Person)), Chunk.toReadonlyArray)
        ),
        expected
      )
      const { columns } = yield* pg.execute(all)
      assert.deepStrictEqual(
        columns.map((column) => column.name),
        ["userId", "firstName"]
      )
    })
  )

  it.scoped(
    "does so on its connection, in pipelines, batches and named statements, and leaves others alone",
    () =>
      Effect.gen(function* () {
        const pg = yield* client(camel)
        const name = yield* people(pg)
        yield* pg.batch(
          [1, 2],
          (userId) => sql`insert into ${name} ${Sql.insert({ userId, firstName: undefined })}`
        )
        const connection = yield* pg.connection
        const first = sql`select user_id from ${name} order by 1 limit 1`
        const { steps } = yield* connection.pipeline([
          first,
          sql`select user_id as x_y from ${name} where ${Sql.in("userId", [2])}`
        ])
        assert.deepStrictEqual(
          steps.map((step) => step._tag === "Completed" && step.result.rows),
          [[{ userId: 1 }], [{ xY: 2 }]]
        )
        const described = yield* connection.describe(first)
        assert.deepStrictEqual(described.columns[0]?.name, "userId")
        const mine = Statement.named(sql`select user_id from ${name} where ${Sql.in("userId", [1])}`, "mine")
        assert.deepStrictEqual(yield* connection.one(mine), { userId: 1 })
        assert.deepStrictEqual(yield* connection.one(mine), { userId: 1 })
        assert.deepStrictEqual((yield* connection.simple("select 1 as a_b"))[0]?.rows, [{ a_b: 1 }])
        assert.strictEqual(connection.types.lookup(Oid.int4)?.name, "int4")
        const plain = yield* client({})
        assert.deepStrictEqual(yield* plain.one(first), { user_id: 1 })
        const refused = yield* Effect.flip(
          plain.execute(sql`insert into ${name} ${Sql.insert({ user_id: undefined })}`)
        )
        assert.strictEqual(refused._tag, "PgUsageError")
      })
  )

  it.scoped("sends undefined as NULL where it is asked to", () =>
    Effect.gen(function* () {
      const pg = yield* client({ undefinedAs: "null" })
      const nothing: string | undefined = undefined
      assert.deepStrictEqual(yield* pg.one(sql`select ${nothing}::text as x_y`), { x_y: null })
      const plain = yield* client({})
      assert.strictEqual(
        (yield* Effect.flip(plain.one(sql`select ${nothing}::text as x`)))._tag,
        "PgCodecError"
      )
    })
  )
})
