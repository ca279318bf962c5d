/** `@effect/sql-drizzle` and `@effect/sql-kysely` on our client. */
import * as PgDrizzle from "@effect/sql-drizzle/Pg"
import * as PgKysely from "@effect/sql-kysely/Pg"
import { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as D from "drizzle-orm/pg-core"
import { eq } from "drizzle-orm"
import type { PgRemoteDatabase } from "drizzle-orm/pg-proxy"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { PgSqlError } from "../../../src/nodepg/DatabaseError.js"
import { layerOf, onOwnDatabase } from "./drivers.js"

const people = D.pgTable("people", {
  id: D.serial("id").primaryKey(),
  name: D.text("name").notNull().unique(),
  born: D.timestamp("born", { withTimezone: true }),
  tags: D.text("tags").array(),
  body: D.jsonb("body")
})

const made = Effect.flatMap(
  SqlClient,
  (sql) =>
    sql`create table people (id serial primary key, name text not null unique, born timestamptz, tags text[], body jsonb)`
)

/** A query of drizzle as the effect that `@effect/sql-drizzle` makes of it: the two packages' types are those of another module format. */
const run = <A>(query: PromiseLike<A>): Effect.Effect<A, SqlError> => query as never

const drizzle = Effect.map(PgDrizzle.PgDrizzle, (db) => db as unknown as PgRemoteDatabase)

describe("drizzle", () => {
  const layer = Layer.provideMerge(PgDrizzle.layer, onOwnDatabase())

  it.scopedLive("inserts, selects, updates and deletes as effects", () =>
    Effect.gen(function* () {
      yield* made
      const db = yield* drizzle
      const born = new Date("1815-12-10T00:00:00Z")
      const ada = { name: "Ada", born, tags: ["a b", 'c"d'], body: { deep: [1] } }
      assert.deepStrictEqual(yield* run(db.insert(people).values(ada).returning()), [{ id: 1, ...ada }])
      yield* run(db.update(people).set({ name: "Grace" }).where(eq(people.id, 1)))
      const found = db.select({ name: people.name, born: people.born }).from(people)
      assert.deepStrictEqual(yield* run(found), [{ name: "Grace", born }])
      yield* run(db.delete(people))
      assert.deepStrictEqual(yield* run(db.select().from(people)), [])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("fails with an SqlError that has the server's fields", () =>
    Effect.gen(function* () {
      yield* made
      const db = yield* drizzle
      yield* run(db.insert(people).values({ name: "Ada" }))
      const error = yield* Effect.flip(run(db.insert(people).values({ name: "Ada" })))
      assert.instanceOf(error, SqlError)
      const causes = [error.cause, (error.cause as { readonly cause?: unknown }).cause]
      assert.isTrue(
        causes.some((cause) => cause instanceof PgSqlError && cause.constraint === "people_name_key")
      )
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("inserts and selects as promises, and logs nothing when one fails", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      yield* Effect.gen(function* () {
        yield* made
        const db = yield* drizzle
        yield* Effect.promise(() => db.insert(people).values({ name: "Ada" }))
        const names = db.select({ name: people.name }).from(people)
        assert.deepStrictEqual(yield* Effect.promise(() => names), [{ name: "Ada" }])
        yield* Effect.flip(run(db.insert(people).values({ name: "Ada" })))
        assert.isTrue(
          Exit.isFailure(yield* Effect.exit(Effect.promise(() => db.insert(people).values({ name: "Ada" }))))
        )
      }).pipe(
        Effect.provide(layer),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
        Logger.withMinimumLogLevel(LogLevel.Debug)
      )
      assert.deepStrictEqual(logged, [])
    })
  )

  it.scopedLive("is in the transaction of SqlClient", () =>
    Effect.gen(function* () {
      yield* made
      const sql = yield* SqlClient
      const db = yield* drizzle
      const failed = sql.withTransaction(
        Effect.gen(function* () {
          yield* run(db.insert(people).values({ name: "Ada" }))
          assert.strictEqual((yield* run(db.select().from(people))).length, 1)
          return yield* Effect.fail("no")
        })
      )
      assert.strictEqual(yield* Effect.flip(failed), "no")
      assert.deepStrictEqual(yield* run(db.select().from(people)), [])
    }).pipe(Effect.provide(layer))
  )

  it.scopedLive("queries by relations, as effects and as promises", () =>
    Effect.gen(function* () {
      yield* made
      const db = (yield* PgDrizzle.make({
        schema: { people: people as never }
      })) as unknown as PgRemoteDatabase<{
        readonly people: typeof people
      }>
      yield* run(db.insert(people).values([{ name: "Ada" }, { name: "Grace" }]))
      const found = () => db.query.people.findMany({ columns: { name: true }, orderBy: people.name })
      const expected = [{ name: "Ada" }, { name: "Grace" }]
      assert.deepStrictEqual(yield* run(found()), expected)
      assert.deepStrictEqual(yield* Effect.promise(() => found()), expected)
    }).pipe(Effect.provide(onOwnDatabase()))
  )
})

interface Database {
  readonly [name: string]: { id: number; name: string | null }
}

describe("kysely", () => {
  it.scopedLive("inserts, selects, updates and deletes as effects, and joins a transaction", () =>
    Effect.gen(function* () {
      const db = yield* PgKysely.make<Database>()
      const name = `kysely_${process.pid}`
      yield* db.schema.createTable(name).addColumn("id", "int4").addColumn("name", "text")
      yield* Effect.addFinalizer(() => Effect.ignore(db.schema.dropTable(name)))
      yield* db.insertInto(name).values([
        { id: 1, name: "Ada" },
        { id: 2, name: "Grace" }
      ])
      assert.deepStrictEqual(yield* db.selectFrom(name).selectAll().where("id", "=", 2), [
        { id: 2, name: "Grace" }
      ])
      const failed = db.withTransaction(
        Effect.zipRight(db.updateTable(name).set({ name: "x" }), Effect.fail("no"))
      )
      assert.strictEqual(yield* Effect.flip(failed), "no")
      assert.deepStrictEqual(
        yield* db.updateTable(name).set({ name: "Lovelace" }).where("id", "=", 1).returning("name"),
        [{ name: "Lovelace" }]
      )
      assert.deepStrictEqual(yield* db.deleteFrom(name).where("id", "=", 2).returningAll(), [
        { id: 2, name: "Grace" }
      ])
      yield* db.deleteFrom(name)
      assert.deepStrictEqual(yield* db.selectFrom(name).selectAll(), [])
    }).pipe(Effect.provide(layerOf()))
  )
})
