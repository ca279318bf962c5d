/** The modules of `@effect/sql` on our client. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as Migrator from "@effect/sql/Migrator"
import * as Model from "@effect/sql/Model"
import { SqlClient } from "@effect/sql/SqlClient"
import * as SqlResolver from "@effect/sql/SqlResolver"
import * as SqlSchema from "@effect/sql/SqlSchema"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { eventually } from "../support/eventually.js"
import { onOwnDatabase } from "./drivers.js"

const Person = Schema.Struct({ id: Schema.Number, name: Schema.String })

const people = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* sql`create table people (id int4 primary key, name text not null)`
  return sql
})

describe("the migrator", () => {
  const migrate = Migrator.make({})
  const loader = Migrator.fromRecord({
    "1_people": people,
    "2_more": Effect.flatMap(
      SqlClient,
      (sql) => sql`create table one (a int4); create table two (b int4); insert into one values (1)`
    )
  })

  it.scopedLive("runs each migration once, and those that are new the next time", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient
      assert.deepStrictEqual(yield* migrate({ loader }), [
        [1, "people"],
        [2, "more"]
      ])
      assert.deepStrictEqual(yield* sql`select a from one`, [{ a: 1 }])
      assert.deepStrictEqual(yield* migrate({ loader }), [])
      const third = Migrator.fromRecord({
        "3_last": Effect.flatMap(SqlClient, (sql) => sql`insert into one values (3)`)
      })
      assert.deepStrictEqual(
        yield* migrate({ loader: Effect.zipWith(loader, third, (a, b) => [...a, ...b]) }),
        [[3, "last"]]
      )
      const [row] = yield* sql`select created_at from effect_sql_migrations where migration_id = 3`
      assert.instanceOf(row!["created_at"], Date)
    }).pipe(Effect.provide(onOwnDatabase()))
  )

  it.scopedLive("leaves nothing of migrations that fail", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient
      const failing = Migrator.fromRecord({
        "1_fine": Effect.flatMap(SqlClient, (sql) => sql`create table fine (a int4)`),
        "2_fails": Effect.flatMap(SqlClient, (sql) => sql`create table people (a nonsense)`)
      })
      assert.isTrue((yield* Effect.exit(migrate({ loader: failing })))._tag === "Failure")
      assert.deepStrictEqual(yield* sql`select to_regclass('fine') as t`, [{ t: null }])
      assert.deepStrictEqual(yield* migrate({ loader }), [
        [1, "people"],
        [2, "more"]
      ])
    }).pipe(Effect.provide(onOwnDatabase()))
  )

  it.scopedLive("runs once when two begin together", () =>
    Effect.gen(function* () {
      const runs = yield* Effect.all(
        [migrate({ loader }), migrate({ loader }), migrate({ loader })].map(Effect.either),
        {
          concurrency: "unbounded"
        }
      )
      const done = runs.flatMap((run) => (run._tag === "Right" ? run.right : []))
      assert.deepStrictEqual(done, [
        [1, "people"],
        [2, "more"]
      ])
    }).pipe(Effect.provide(onOwnDatabase()))
  )
})

describe("schemas and resolvers", () => {
  it.scopedLive("decode rows of queries", () =>
    Effect.gen(function* () {
      const sql = yield* people
      const add = SqlSchema.void({
        Request: Schema.Array(Person),
        execute: (rows) => sql`insert into people ${sql.insert(rows)}`
      })
      const find = SqlSchema.findOne({
        Request: Schema.Number,
        Result: Person,
        execute: (id) => sql`select * from people where id = ${id}`
      })
      const all = SqlSchema.findAll({
        Request: Schema.Void,
        Result: Person,
        execute: () => sql`select * from people order by id`
      })
      const ada = { id: 1, name: "Ada" }
      const grace = { id: 2, name: "Grace" }
      yield* add([ada, grace])
      assert.deepStrictEqual(yield* find(2), Option.some(grace))
      assert.deepStrictEqual(yield* find(3), Option.none())
      assert.deepStrictEqual(yield* all(undefined), [ada, grace])
    }).pipe(Effect.provide(onOwnDatabase()))
  )

  it.scopedLive("batch requests, and see what their transaction has changed", () =>
    Effect.gen(function* () {
      const sql = yield* people
      const statements: Array<string> = []
      const insert = yield* SqlResolver.ordered("InsertPerson", {
        Request: Person,
        Result: Person,
        execute: (rows) => sql`insert into people ${sql.insert(rows).returning("*")}`
      })
      const byId = yield* SqlResolver.findById("PersonById", {
        Id: Schema.Number,
        Result: Person,
        ResultId: ({ id }) => id,
        execute: (ids) => {
          statements.push(ids.join())
          return sql`select * from people where ${sql.in("id", ids)}`
        }
      })
      const grouped = yield* SqlResolver.grouped("PeopleByName", {
        Request: Schema.String,
        RequestGroupKey: (name) => name,
        Result: Person,
        ResultGroupKey: ({ name }) => name,
        execute: (names) => sql`select * from people where ${sql.in("name", names)} order by id`
      })
      const found = (ids: ReadonlyArray<number>) =>
        Effect.map(
          Effect.forEach(ids, (id) => byId.execute(id), { batching: true }),
          (rows) => rows.map(Option.map(({ name }) => name))
        )
      const failed = sql.withTransaction(
        Effect.gen(function* () {
          const rows = yield* Effect.forEach(
            [1, 2, 3].map((id) => ({ id, name: id === 3 ? "a" : "ab"[id - 1]! })),
            (row) => insert.execute(row),
            { batching: true }
          )
          assert.strictEqual(rows.length, 3)
          assert.deepStrictEqual(yield* found([1, 2, 9]), [Option.some("a"), Option.some("b"), Option.none()])
          assert.deepStrictEqual(
            (yield* Effect.forEach(["a", "b"], (name) => grouped.execute(name), { batching: true })).map(
              (rows) => rows.map(({ id }) => id)
            ),
            [[1, 3], [2]]
          )
          return yield* Effect.fail("rolled back")
        })
      )
      assert.strictEqual(yield* Effect.flip(failed), "rolled back")
      assert.deepStrictEqual(statements, ["1,2,9"])
      assert.deepStrictEqual(yield* found([1, 2]), [Option.none(), Option.none()])
    }).pipe(Effect.provide(onOwnDatabase()))
  )

  class Note extends Model.Class<Note>("Note")({
    id: Model.Generated(Schema.Number),
    title: Schema.String,
    body: Model.JsonFromString(Schema.Struct({ text: Schema.String })),
    createdAt: Model.DateTimeInsertFromDate,
    updatedAt: Model.DateTimeUpdateFromDate
  }) {}

  it.scopedLive("have a repository for a model: insert, find, update, delete", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient
      yield* sql`create table notes (id serial primary key, title text, body text, "createdAt" timestamptz, "updatedAt" timestamptz)`
      const notes = yield* Model.makeRepository(Note, {
        tableName: "notes",
        spanPrefix: "Notes",
        idColumn: "id"
      })
      const made = yield* notes.insert(
        Note.insert.make({ title: "first", body: { text: "x" }, createdAt: undefined, updatedAt: undefined })
      )
      assert.deepStrictEqual([made.id, made.title, made.body], [1, "first", { text: "x" }])
      const changed = yield* notes.update(
        Note.update.make({ id: made.id, title: "second", body: { text: "y" }, updatedAt: undefined })
      )
      assert.strictEqual(changed.title, "second")
      assert.deepStrictEqual(yield* notes.findById(1), Option.some(changed))
      yield* notes.delete(1)
      assert.deepStrictEqual(yield* notes.findById(1), Option.none())
    }).pipe(Effect.provide(onOwnDatabase()))
  )
})

describe("a reactive query", () => {
  it.scopedLive("runs again when its keys are invalidated", () =>
    Effect.gen(function* () {
      const sql = yield* people
      let runs = 0
      const names = sql.reactive(
        ["people"],
        Effect.tap(sql`select name from people order by id`, () => Effect.sync(() => runs++))
      )
      const seen = yield* Effect.fork(Stream.runCollect(Stream.take(names, 2)))
      yield* eventually(
        Effect.sync(() => runs),
        (runs) => runs === 1
      )
      yield* Reactivity.mutation(sql`insert into people values (1, 'Ada')`, ["people"])
      assert.deepStrictEqual(Chunk.toReadonlyArray(yield* Fiber.join(seen)), [[], [{ name: "Ada" }]])
    }).pipe(Effect.provide(Layer.merge(onOwnDatabase(), Reactivity.layer)))
  )

  it.scopedLive("puts its rows into a mailbox, and again when its keys are invalidated", () =>
    Effect.gen(function* () {
      const sql = yield* people
      const names = yield* sql.reactiveMailbox(["people"], sql`select name from people order by id`)
      assert.deepStrictEqual(yield* names.take, [])
      yield* Reactivity.mutation(sql`insert into people values (1, 'Ada')`, ["people"])
      assert.deepStrictEqual(yield* names.take, [{ name: "Ada" }])
    }).pipe(Effect.provide(Layer.merge(onOwnDatabase(), Reactivity.layer)))
  )
})
