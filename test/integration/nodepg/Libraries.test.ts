/** Libraries that take a pool of node-postgres, each doing its work on ours. */
import { assert, describe, it } from "@effect/vitest"
import connectPgSimple from "connect-pg-simple"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import session from "express-session"
import { Logger, makeWorkerUtils, run } from "graphile-worker"
import { once } from "node:events"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"
import PgBoss from "pg-boss"
import type { Pool } from "../../../src/NodePostgres.js"
import { make, type NodeResult } from "../../../src/NodePostgres.js"
import { onOwnDatabase } from "../sql/drivers.js"
import { eventually } from "../support/eventually.js"

/** A pool on a database of its own, where libraries may make what they want. */
const onPool = <A, E>(use: (pool: Pool) => Effect.Effect<A, E, Scope.Scope>, max = 6) =>
  Effect.scoped(Effect.provide(Effect.flatMap(make(), use), onOwnDatabase({ max })))

const promise = <A>(run: () => Promise<A> | undefined): Effect.Effect<A> => Effect.promise(async () => run()!)

/** The first value of the first row. */
const value = (pool: Pool, sql: string): Effect.Effect<unknown> =>
  Effect.map(
    promise(() => pool.query(sql)),
    (outcome) => Object.values((outcome as NodeResult).rows[0] ?? {})[0]
  )

const quiet = new Logger(() => () => undefined)

describe("graphile-worker", () => {
  it.live(
    "runs jobs when they are added, by notification, listens again when its session is lost, and gives every client back",
    () =>
      onPool((pool) =>
        Effect.gen(function* () {
          const done: Array<unknown> = []
          let failures = 0
          // Without listeners it adds its own, and asks in a warning for those of the program.
          pool.on("error", () => undefined)
          pool.on("connect", () => undefined)
          const runner = yield* promise(() =>
            run({
              pgPool: pool as never,
              concurrency: 2,
              // Only the notification can be the reason that a job begins before an hour is over.
              pollInterval: 3_600_000,
              noHandleSignals: true,
              logger: quiet,
              parsedCronItems: [],
              taskList: {
                greet: (payload, { job, query }) =>
                  query("select $1::text as name", [(payload as { name: string }).name]).then(({ rows }) => {
                    done.push([(rows[0] as { readonly name: string }).name, job.attempts])
                  }),
                fail: () => {
                  failures++
                  throw new Error("not yet")
                }
              }
            })
          )
          yield* promise(() => runner.addJob("greet", { name: "Ada ü" }))
          yield* eventually(
            Effect.sync(() => done.length),
            (length) => length === 1
          )
          const utils = yield* promise(() => makeWorkerUtils({ pgPool: pool as never, logger: quiet }))
          yield* promise(() => utils.addJob("greet", { name: "Grace" }, { jobKey: "one" }))
          yield* promise(() => utils.addJob("fail", {}, { maxAttempts: 1 }))
          yield* eventually(
            Effect.zip(
              Effect.sync(() => [done.length, failures] as const),
              value(pool, "select max(last_error) from graphile_worker.jobs where locked_by is null")
            ),
            ([[length, failed], error]) => length === 2 && failed === 1 && error === "not yet"
          )
          assert.deepStrictEqual(done, [
            ["Ada ü", 1],
            ["Grace", 1]
          ])
          const listener = value(
            pool,
            `select max(pid) from pg_stat_activity where datname = current_database() and query like 'LISTEN "jobs:insert"%'`
          )
          const lost = yield* listener
          yield* promise(() => pool.query("select pg_terminate_backend($1)", [lost]))
          yield* eventually(listener, (pid) => pid !== null && pid !== lost)
          yield* promise(() => utils.addJob("greet", { name: "Linus" }))
          yield* eventually(
            Effect.sync(() => done.length),
            (length) => length === 3
          )
          yield* promise(() => utils.release() as Promise<void>)
          yield* promise(() => runner.stop())
          yield* promise(() => pool.end())
          assert.isTrue(pool.ended)
        })
      )
  )
})

describe("pg-boss", () => {
  it.live(
    "makes its schema, sends jobs, works on them, retries one, and sends in a transaction of the program's",
    () =>
      onPool((pool) =>
        Effect.gen(function* () {
          const db = { executeSql: (text: string, values: Array<unknown>) => pool.query(text, values) }
          const boss = new PgBoss({ db: db as never, supervise: false, schedule: false })
          boss.on("error", (error) => assert.fail(String(error)))
          yield* promise(() => boss.start())
          yield* promise(() => boss.createQueue("greet"))
          const sent = yield* promise(() => boss.send("greet", { name: "Ada", at: [1, { ü: null }] }))
          const client = yield* promise(() => pool.connect())
          const own = { executeSql: (text: string, values: Array<unknown>) => client.query(text, values) }
          yield* promise(() => client.query("begin"))
          yield* promise(() => boss.send("greet", { name: "never" }, { db: own as never }))
          yield* promise(() => client.query("rollback"))
          client.release()
          const [job] = yield* promise(() => boss.fetch<object>("greet"))
          assert.deepInclude(job as object, {
            id: sent,
            name: "greet",
            data: { name: "Ada", at: [1, { ü: null }] }
          })
          assert.deepStrictEqual(yield* promise(() => boss.fetch("greet")), [])
          yield* promise(() => boss.complete("greet", sent!, { answer: "hello" }))
          const found = yield* promise(() => boss.getJobById("greet", sent!))
          assert.deepInclude(found, { state: "completed", output: { answer: "hello" } })
          const again = yield* promise(() => boss.send("greet", { n: 2 }, { retryLimit: 1, retryDelay: 0 }))
          const attempts: Array<unknown> = []
          yield* promise(() =>
            boss.work<object>(
              "greet",
              { pollingIntervalSeconds: 0.5, includeMetadata: true },
              async ([one]) => {
                attempts.push([one!.id, one!.retryCount])
                if (one!.retryCount === 0) throw new Error("once more")
              }
            )
          )
          yield* eventually(
            promise(() => boss.getJobById("greet", again!)),
            (one) => one?.state === "completed"
          )
          assert.deepStrictEqual(attempts, [
            [again, 0],
            [again, 1]
          ])
          yield* promise(() => boss.stop({ wait: true, close: false }))
          yield* promise(() => pool.end())
        })
      )
  )
})

/** A server that counts the visits of a session, until the scope closes. */
const counting = (store: session.Store) =>
  Effect.map(
    Effect.acquireRelease(
      promise(async () => {
        const handle = session({ store, secret: "s", resave: false, saveUninitialized: false })
        const server = NodeHttp.createServer((request, response) => {
          handle(request as never, response as never, (error?: unknown) => {
            if (error !== undefined) return response.writeHead(500).end(String(error))
            const { session: visited } = request as unknown as {
              readonly session: session.Session & { visits?: number }
            }
            if (request.url === "/leave") return visited.destroy(() => response.end("left"))
            visited.visits = (visited.visits ?? 0) + 1
            response.end(String(visited.visits))
          })
        }).listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

describe("connect-pg-simple", () => {
  it.live("keeps express-session's sessions in a table that it makes", () =>
    onPool((pool) =>
      Effect.gen(function* () {
        const Store = connectPgSimple(session)
        const store = new Store({
          pool: pool as never,
          createTableIfMissing: true,
          pruneSessionInterval: false
        })
        const url = yield* counting(store)
        const get = (path: string, cookie?: string) =>
          promise(async () => {
            const answer = await fetch(url + path, cookie === undefined ? {} : { headers: { cookie } })
            return { text: await answer.text(), cookie: answer.headers.get("set-cookie")?.split(";")[0] }
          })
        const first = yield* get("/")
        assert.strictEqual(first.text, "1")
        assert.strictEqual((yield* get("/", first.cookie)).text, "2")
        assert.strictEqual((yield* get("/")).text, "1")
        assert.strictEqual(yield* value(pool, "select count(*)::int4 from session"), 2)
        assert.strictEqual((yield* get("/leave", first.cookie)).text, "left")
        assert.strictEqual(yield* value(pool, "select count(*)::int4 from session"), 1)
        yield* promise(() => pool.query("update session set expire = now() - interval '1 day'"))
        const pruned = yield* Effect.async<unknown>((resume) =>
          store.pruneSessions((error) => resume(Effect.succeed(error)))
        )
        assert.isNotOk(pruned)
        assert.strictEqual(yield* value(pool, "select count(*)::int4 from session"), 0)
        store.close()
        yield* promise(() => pool.end())
      })
    )
  )
})
