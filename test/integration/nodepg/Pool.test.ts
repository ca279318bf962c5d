/** The pool of node-postgres' shape: its members, and the drivers of drizzle and kysely for node-postgres on it. */
import { assert, describe, it } from "@effect/vitest"
import { eq, sql as drizzleSql } from "drizzle-orm"
import { drizzle } from "drizzle-orm/node-postgres"
import * as D from "drizzle-orm/pg-core"
import * as Effect from "effect/Effect"
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely"
import * as PgClient from "../../../src/client/PgClient.js"
import type { Pool } from "../../../src/NodePostgres.js"
import {
  Cursor,
  make,
  PgSqlError,
  type PoolClient,
  type QueryOutcome,
  type NodeResult
} from "../../../src/NodePostgres.js"
import { configOf, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

const withPool = <A>(use: (pool: Pool) => Promise<A>, max = 2): Effect.Effect<A> =>
  Effect.flatMap(make(), (pool) => Effect.promise(() => use(pool))).pipe(
    Effect.provide(PgClient.layer(configOf(), { max }))
  )

const rows = (outcome: QueryOutcome): unknown => (outcome as NodeResult).rows

/** What a promise is rejected with. */
const rejection = async (promise: Promise<unknown>): Promise<PgSqlError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error
  )
  assert.instanceOf(error, PgSqlError)
  return error as PgSqlError
}

/** A method with a callback, as a promise of what that is given. */
const called = <A extends Array<unknown>>(call: (callback: (...args: A) => void) => unknown): Promise<A> =>
  new Promise((resolve) => void call((...args: A) => resolve(args)))

describe("a pool of node-postgres' shape", () => {
  it.live("queries by text, values, objects and callbacks", () =>
    withPool(async (pool) => {
      assert.deepStrictEqual(rows(await pool.query("select 1 as n, 2::int8 as b")), [{ n: 1, b: "2" }])
      assert.deepStrictEqual(rows(await pool.query("select $1::text as x", ["y"])), [{ x: "y" }])
      const config = {
        text: "select $1::int4 as a, $1::int4 as a",
        values: [3],
        rowMode: "array",
        name: "named"
      } as const
      const result = (await pool.query(config)) as NodeResult
      assert.deepStrictEqual(
        [result.rows, result.command, result.rowCount, result.fields[0]?.name],
        [[[3, 3]], "SELECT", 1, "a"]
      )
      const [none, one] = await called<[unknown, QueryOutcome | undefined]>((done) =>
        pool.query("select 4 as n", done)
      )
      assert.deepStrictEqual([none, rows(one!)], [undefined, [{ n: 4 }]])
      const [, two] = await called<[unknown, QueryOutcome | undefined]>((done) =>
        pool.query("select $1::int4 as n", [5], done)
      )
      assert.deepStrictEqual(rows(two!), [{ n: 5 }])
      const several = (await pool.query("select 1 as a; select 2 as b")) as ReadonlyArray<NodeResult>
      assert.deepStrictEqual(
        several.map(({ rows }) => rows),
        [[{ a: 1 }], [{ b: 2 }]]
      )
    })
  )

  it.live("reads columns by the parsers of a query, and of the pool", () =>
    Effect.gen(function* () {
      const types = (mark: string) => ({
        getTypeParser: (oid: number) => (text: string) => `${mark}${oid}:${text}`
      })
      const pool = yield* make({ types: types("pool ") })
      const [own, given] = yield* Effect.promise(() =>
        Promise.all([pool.query("select 1 as n"), pool.query({ text: "select 1 as n", types: types("") })])
      )
      assert.deepStrictEqual([rows(own), rows(given)], [[{ n: "pool 23:1" }], [{ n: "23:1" }]])
    }).pipe(Effect.provide(PgClient.layer(configOf())))
  )

  it.live("fails with the server's fields", () =>
    withPool(async (pool) => {
      const error = await rejection(pool.query("select nonsense"))
      assert.deepInclude(error, { name: "error", code: "42703", position: "8" })
      const [first] = await called<[Error | undefined, unknown]>((done) => pool.query("selec 1", done))
      assert.strictEqual((first as PgSqlError).code, "42601")
      class PgQuery {
        submit(): void {}
      }
      assert.include(
        (await rejection(pool.query(new PgQuery() as never) as unknown as Promise<unknown>)).message,
        "a PgQuery that submits itself"
      )
      assert.include((await rejection(pool.query("begin"))).message, "BEGIN was not sent")
    })
  )

  it.live("lends a client for a transaction, whose statements run in order, and takes it back", () =>
    withPool(async (pool) => {
      const events: Array<string> = []
      for (const name of ["connect", "acquire", "release"]) pool.on(name, () => events.push(name))
      const client = await pool.connect()!
      assert.strictEqual(pool.totalCount, 1)
      const all = await Promise.all([
        client.query("begin"),
        client.query("create temporary table t (n int4) on commit drop"),
        client.query("insert into t values (1), (2)"),
        client.query("select pg_backend_pid() as pid, count(*)::int4 as n from t"),
        client.query("commit")
      ])
      assert.deepStrictEqual(rows(all[3]), [{ pid: client.processID, n: 2 }])
      client.release()
      assert.throws(() => client.release(), /released already/)
      await pool.end()
      assert.deepStrictEqual(events, ["connect", "acquire", "release"])
      assert.isTrue(pool.ended)
      assert.include((await rejection(pool.query("select 1"))).message, "ended by end()")
      assert.include((await rejection(pool.connect()!)).message, "ended by end()")
    })
  )

  it.live("lends by callback, rolls back what was left open, and waits for clients in end", () =>
    withPool(async (pool) => {
      const [, client, release] = await called<[Error | undefined, PoolClient | undefined, () => void]>(
        (done) => pool.connect(done)
      )
      await client!.query("begin")
      let isEnded = false
      const ending = pool.end()!.then(() => (isEnded = true))
      assert.deepStrictEqual(rows(await client!.query("select 1 as n")), [{ n: 1 }])
      assert.isFalse(isEnded)
      release()
      await ending
    }, 1)
  )

  it.live("ends a session that is destroyed, and emits an error event when a session is lost", () =>
    withPool(async (pool) => {
      const first = await pool.connect()!
      const pid = first.processID
      first.release(true)
      const second = await pool.connect()!
      assert.notStrictEqual(second.processID, pid)
      const lost = new Promise<unknown>((resolve) => second.once("error", resolve))
      const over = new Promise<void>((resolve) => second.once("end", () => resolve()))
      await Effect.runPromise(rawRows(shared, `select pg_terminate_backend(${second.processID})`))
      assert.deepInclude(await lost, { code: "57P01" })
      await over
      second.release()
      assert.deepStrictEqual(rows(await pool.query("select 1 as n")), [{ n: 1 }])
    }, 1)
  )

  it.live("emits notifications and notices of a client", () =>
    withPool(async (pool) => {
      const client = await pool.connect()!
      const heard: Array<unknown> = []
      client.on("notification", ({ channel, payload }: { channel: string; payload: string }) =>
        heard.push([channel, payload])
      )
      client.on("notice", ({ text }: { text: string }) => heard.push(text))
      await client.query(`listen ${client.escapeIdentifier('a "b"')}`)
      await client.query("do $$ begin raise notice 'aloud'; end $$")
      await pool.query("select pg_notify($1, $2)", ['a "b"', "ü"])
      await Effect.runPromise(
        eventually(
          Effect.sync(() => heard.length),
          (length) => length === 2
        )
      )
      assert.deepStrictEqual(heard, ["aloud", ['a "b"', "ü"]])
      assert.deepStrictEqual(rows(await client.query(`select ${client.escapeLiteral("it's \\ x")} as t`)), [
        { t: "it's \\ x" }
      ])
      client.release()
    })
  )

  it.live("reads a cursor some rows at a time, in a transaction and outside", () =>
    withPool(async (pool) => {
      const client = await pool.connect()!
      for (const inTransaction of [false, true]) {
        if (inTransaction) await client.query("begin")
        const cursor = client.query(new Cursor("select n from generate_series(1, $1::int4) n", [5]))
        assert.deepStrictEqual(await cursor.read(2), [{ n: 1 }, { n: 2 }])
        assert.deepStrictEqual(await cursor.read(3), [{ n: 3 }, { n: 4 }, { n: 5 }])
        assert.deepStrictEqual(await cursor.read(2), [])
        const left = client.query(
          new Cursor("select n from generate_series(1, 1000000) n", [], { rowMode: "array" })
        )
        assert.deepStrictEqual(await left.read(1), [[1]])
        await left.close()
        const failing = client.query(new Cursor("select 1 / (2 - n) from generate_series(1, 3) n"))
        if (!inTransaction) assert.strictEqual((await rejection(failing.read(10)!)).code, "22012")
        assert.deepStrictEqual(rows(await client.query("select 1 as n")), [{ n: 1 }])
        if (inTransaction) await client.query("commit")
      }
      assert.include(
        (await rejection(new Cursor("select 1").read(1)!)).message,
        "give it to client.query first"
      )
      client.release()
    }, 1)
  )

  it.live("shows the settings that libraries read, and its class's name has Pool in it", () =>
    withPool(async (pool) => {
      assert.deepInclude(pool.options, { host: shared.host, port: shared.port, user: "postgres", max: 10 })
      assert.include((Object.getPrototypeOf(pool) as object).constructor.name, "Pool")
      assert.deepStrictEqual([pool.listeners("error"), pool.idleCount, pool.waitingCount], [[], 0, 0])
    })
  )
})

describe("drizzle's driver for node-postgres", () => {
  it.scopedLive("runs queries, and transactions on one connection", () =>
    Effect.gen(function* () {
      const name = yield* table("id int4 primary key, name text, born timestamptz, body jsonb")
      const people = D.pgTable(name, {
        id: D.integer("id").primaryKey(),
        name: D.text("name"),
        born: D.timestamp("born", { withTimezone: true }),
        body: D.jsonb("body")
      })
      yield* withPool(async (pool) => {
        const db = drizzle(pool as never)
        const ada = { id: 1, name: "Ada", born: new Date("1815-12-10T00:00:00Z"), body: [{ a: 1 }] }
        assert.deepStrictEqual(await db.insert(people).values(ada).returning(), [ada])
        await db.update(people).set({ name: "Grace" }).where(eq(people.id, 1))
        assert.deepStrictEqual(await db.select({ name: people.name }).from(people), [{ name: "Grace" }])
        const { rows: raw } = await db.execute(drizzleSql`select count(*)::int4 as n from ${people}`)
        assert.deepStrictEqual(raw, [{ n: 1 }])
        const failed = await db
          .transaction(async (tx) => {
            await tx.insert(people).values({ ...ada, id: 2 })
            await tx
              .transaction(async (inner) => {
                await inner.insert(people).values({ ...ada, id: 3 })
                throw new Error("inner")
              })
              .catch(() => undefined)
            assert.strictEqual((await tx.select().from(people)).length, 2)
            throw new Error("outer")
          })
          .catch((error: Error) => error.message)
        assert.strictEqual(failed, "outer")
        assert.strictEqual((await db.select().from(people)).length, 1)
        const refused = await db
          .insert(people)
          .values(ada)
          .catch((error: { cause: unknown }) => error.cause)
        assert.deepInclude(refused, { code: "23505" })
      })
    })
  )
})

describe("kysely's dialect for PostgreSQL", () => {
  it.scopedLive("runs queries, transactions and streams", () =>
    Effect.gen(function* () {
      const name = yield* table("id int4 primary key, name text")
      yield* withPool(async (pool) => {
        const db = new Kysely<{ readonly [name: string]: { id: number; name: string } }>({
          dialect: new PostgresDialect({ pool: pool as never, cursor: Cursor as never })
        })
        const inserted = await db
          .insertInto(name)
          .values([1, 2, 3].map((id) => ({ id, name: `n${id}` })))
          .executeTakeFirst()
        assert.strictEqual(inserted.numInsertedOrUpdatedRows, 3n)
        const failed = await db
          .transaction()
          .setIsolationLevel("serializable")
          .execute(async (tx) => {
            await tx.deleteFrom(name).execute()
            throw new Error("no")
          })
          .catch((error: Error) => error.message)
        assert.strictEqual(failed, "no")
        const streamed: Array<number> = []
        for await (const { id } of db.selectFrom(name).select("id").orderBy("id").stream(2)) streamed.push(id)
        assert.deepStrictEqual(streamed, [1, 2, 3])
        const { rows } = await kyselySql<{
          n: string
        }>`select count(*) as n from ${kyselySql.table(name)}`.execute(db)
        assert.deepStrictEqual(rows, [{ n: "3" }])
        await db.destroy()
        assert.isTrue(pool.ended)
      })
    })
  )
})
