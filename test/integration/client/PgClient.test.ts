import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { PgClientOptions } from "../../../src/client/PgClient.js"
import * as PgClient from "../../../src/client/PgClient.js"
import * as Sql from "../../../src/client/Sql.js"
import { sql } from "../../../src/client/Sql.js"
import type { PgConfigInput } from "../../../src/config/Input.js"
import { cancelDeadline } from "../../../src/connection/session/Cancel.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { rollbackDeadline } from "../../../src/connection/Transaction.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { configOf, isRunning, s, table } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

let clients = 0

/** A client of its own; `name` identifies its sessions. */
const make = (config: PgConfigInput = {}, options: PgClientOptions = {}) =>
  Effect.suspend(() => {
    const name = `client_${process.pid}_${++clients}`
    const layer = PgClient.layer(
      configOf({ config: { applicationName: name, maxConnections: 4, ...config } }),
      options
    )
    return Effect.map(Layer.build(layer), (context) => ({
      pg: Context.get(context, PgClient.PgClient),
      name
    }))
  })

/** The sessions of a client as the server sees them. */
const sessions = (name: string) =>
  rawRows(shared, `select pid, state from pg_stat_activity where application_name = '${name}' order by pid`)

const one = (pg: PgClient.PgClientService, text: string, parameters: ReadonlyArray<unknown> = []) =>
  Effect.map(pg.values(s(text, parameters)), ([row]) => row?.[0])

describe("a client", () => {
  it.scopedLive("runs statements of many fibers on few connections, and opens none before it must", () =>
    Effect.gen(function* () {
      const { name, pg } = yield* make()
      assert.deepStrictEqual(yield* sessions(name), [])
      const answers = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, at) => at),
        (at) => one(pg, "select $1::int4", [at]),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers,
        Array.from({ length: 100 }, (_, at) => at)
      )
      assert.isAtMost((yield* sessions(name)).length, 4)
    })
  )

  it.scopedLive("closes its sessions with its scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { name, pg } = yield* Scope.extend(make(), scope)
      yield* Effect.all([one(pg, "select 1"), one(pg, "select 2")], { concurrency: 2 })
      yield* Scope.close(scope, Exit.void)
      yield* eventually(sessions(name), (rows) => rows.length === 0)
    })
  )

  it.scopedLive("fails after the longest wait when every connection is in use, and nothing was sent", () =>
    Effect.gen(function* () {
      const { pg } = yield* make({ maxConnections: 1 }, { acquireTimeout: "100 millis" })
      // The deadline bounds the opening too, which goes on when it has passed.
      yield* Effect.retry(pg.query(sql`select 1`), { while: ({ _tag }) => _tag === "PgTimeoutError" })
      const error = yield* Effect.scoped(Effect.zipRight(pg.connection, Effect.flip(pg.query(sql`select 1`))))
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "acquire", sent: false })
      assert.strictEqual(yield* one(pg, "select 1"), 1)
    })
  )

  it.scopedLive("gives a place back when the wait for it, or the statement, is interrupted", () =>
    Effect.gen(function* () {
      const { name, pg } = yield* make({ maxConnections: 1 })
      const hold = yield* Deferred.make<void>()
      const held = yield* Effect.fork(Effect.scoped(Effect.zipRight(pg.connection, Deferred.await(hold))))
      yield* eventually(sessions(name), (rows) => rows.length === 1)
      const waiting = yield* Effect.fork(pg.query(sql`select 1`))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      yield* Deferred.succeed(hold, undefined)
      yield* Fiber.join(held)
      const pid = yield* one(pg, "select pg_backend_pid()")
      for (let round = 0; round < 3; round++) {
        const asleep = yield* Effect.fork(pg.query(sql`select pg_sleep(60)`))
        yield* eventually(sessions(name), ([row]) => row?.[1] === "active")
        yield* Fiber.interrupt(asleep)
        assert.strictEqual(yield* one(pg, "select pg_backend_pid()"), pid)
      }
    })
  )

  it.scopedLive(
    "replaces connections that were killed while idle, and no caller gets an error (FLW-062, TRP-020)",
    () =>
      Effect.gen(function* () {
        for (const maxConnections of [1, 3]) {
          const { name, pg } = yield* make({ maxConnections })
          const hold = yield* Deferred.make<void>()
          const users = yield* Effect.forEach(Array.from({ length: maxConnections }), () =>
            Effect.fork(Effect.scoped(Effect.zipRight(pg.connection, Deferred.await(hold))))
          )
          yield* eventually(sessions(name), (rows) => rows.length === maxConnections)
          yield* Deferred.succeed(hold, undefined)
          yield* Fiber.joinAll(users)
          const killed = yield* rawRows(
            shared,
            `select pid, pg_terminate_backend(pid) from pg_stat_activity where application_name = '${name}'`
          )
          assert.strictEqual(killed.length, maxConnections)
          yield* eventually(sessions(name), (rows) => rows.length === 0)
          const answers = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => one(pg, "select $1::int4", [n]), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(answers, [1, 2, 3, 4, 5, 6])
        }
      })
  )

  it.scopedLive(
    "tidies a connection that comes back inside a transaction, whole or failed (FLW-099, TRP-126)",
    () =>
      Effect.gen(function* () {
        const { pg } = yield* make({ maxConnections: 1 })
        const name = yield* table("id int")
        const pid = yield* one(pg, "select pg_backend_pid()")
        for (const last of [sql`select 1`, sql`select 1 / 0`]) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const connection = yield* pg.connection
              yield* connection.query(sql`begin`)
              yield* connection.query(sql`insert into ${Sql.identifier(name)} values (1)`)
              yield* Effect.ignore(connection.query(last))
            })
          )
          const connection = yield* Effect.scoped(Effect.flatMap(pg.connection, ({ status }) => status))
          assert.deepStrictEqual([connection.state, connection.transaction], ["clean", "I"])
          assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 0)
        }
        assert.strictEqual(yield* one(pg, "select pg_backend_pid()"), pid)
      })
  )

  it.scoped("does not wait for ever to tidy a connection on which nothing moves: it is replaced", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const { pg } = yield* make({ port: proxy.port, maxConnections: 1 })
      let connection: PgConnection | undefined
      const fiber = yield* Effect.fork(
        Effect.scoped(
          Effect.gen(function* () {
            connection = yield* pg.connection
            yield* connection.query(sql`begin`)
            yield* proxy.setFault({ toClient: { stallAfter: 0 } })
          })
        )
      )
      yield* eventually(
        Effect.suspend(() => connection?.status ?? Effect.succeed({ transaction: "I", inFlight: 0 })),
        ({ inFlight, transaction }) => transaction === "T" && inFlight === 1
      )
      yield* TestClock.adjust(rollbackDeadline)
      yield* eventually(connection!.status, ({ cancels }) => cancels === 1)
      yield* TestClock.adjust(cancelDeadline)
      yield* Fiber.join(fiber)
      yield* proxy.setFault({})
      assert.strictEqual(yield* one(pg, "select 1"), 1)
    })
  )

  it.scopedLive("streams on a connection of the stream's own, and gives it back however it ends", () =>
    Effect.gen(function* () {
      const { pg } = yield* make({ maxConnections: 2 })
      const rows = pg.stream(sql`select generate_series(1, 100000000) as i`)
      // One connection streams, the other answers.
      const sum = yield* Stream.runFoldEffect(Stream.take(rows, 5), 0, (sum, { i }) =>
        Effect.map(one(pg, "select $1::int4", [i]), (answer) => sum + (answer as number))
      )
      assert.strictEqual(sum, 15)
      assert.strictEqual(yield* Effect.flip(Stream.runForEach(rows, () => Effect.fail("mine"))), "mine")
      const fiber = yield* Effect.fork(Stream.runDrain(rows))
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(fiber)
      const both = yield* Effect.all([one(pg, "select 1"), one(pg, "select 2")], { concurrency: 2 })
      assert.deepStrictEqual(both, [1, 2])
    })
  )
})

describe("a transaction of the client", () => {
  it.scoped("inside another does not hold its fiber for ever on a link where nothing moves", () =>
    Effect.gen(function* () {
      for (const when of ["savepoint", "release"] as const) {
        const proxy = yield* FaultProxy.make({ target: shared })
        const { pg } = yield* make({ port: proxy.port, maxConnections: 1 })
        yield* pg.withTransaction(pg.withTransaction(Effect.void))
        const silence = proxy.setFault({ toClient: { stallAfter: 0 } })
        let connection: PgConnection | undefined
        const fiber = yield* Effect.fork(
          pg.withTransaction(
            Effect.gen(function* () {
              const found = yield* Effect.scoped(pg.connection)
              if (when === "savepoint") {
                yield* silence
                connection = found
                yield* pg.withTransaction(Effect.void)
              } else {
                yield* pg.withTransaction(
                  Effect.zipRight(
                    silence,
                    Effect.sync(() => (connection = found))
                  )
                )
              }
            })
          )
        )
        yield* eventually(
          Effect.suspend(() => connection?.status ?? Effect.succeed({ inFlight: 0 })),
          ({ inFlight }) => inFlight === 1
        )
        const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
        yield* Effect.yieldNow()
        yield* TestClock.adjust(rollbackDeadline)
        yield* eventually(connection!.status, ({ cancels }) => cancels === 1)
        yield* TestClock.adjust(cancelDeadline)
        yield* Fiber.join(interrupting)
        assert.strictEqual((yield* connection!.status).state, "broken")
      }
    })
  )

  it.scopedLive("has one connection for all calls inside, forked fibers too, and is committed", () =>
    Effect.gen(function* () {
      const { pg } = yield* make()
      const name = yield* table("id int")
      const pids = yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(sql`insert into ${Sql.identifier(name)} values (1)`)
          const forked = yield* Effect.fork(one(pg, "select pg_backend_pid()"))
          const streamed = yield* Stream.runHead(pg.stream(sql`select pg_backend_pid() as pid`))
          const direct = yield* Effect.flatMap(Effect.scoped(pg.connection), ({ facts }) =>
            Effect.succeed(facts.processId)
          )
          return [yield* Fiber.join(forked), streamed._tag === "Some" ? streamed.value.pid : 0, direct]
        })
      )
      assert.strictEqual(new Set(pids).size, 1)
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name}`), [["1"]])
    })
  )

  it.scopedLive(
    "is rolled back on failure, defect and interruption, and its connection goes back clean",
    () =>
      Effect.gen(function* () {
        const { pg } = yield* make({ maxConnections: 1 })
        const name = yield* table("id int")
        const insert = pg.query(sql`insert into ${Sql.identifier(name)} values (1)`)
        assert.strictEqual(
          yield* Effect.flip(pg.withTransaction(Effect.zipRight(insert, Effect.fail("mine")))),
          "mine"
        )
        assert.isTrue(
          Exit.isFailure(yield* Effect.exit(pg.withTransaction(Effect.zipRight(insert, Effect.die("x")))))
        )
        const inside = yield* Deferred.make<void>()
        const fiber = yield* Effect.fork(
          pg.withTransaction(
            insert.pipe(Effect.zipRight(Deferred.succeed(inside, undefined)), Effect.zipRight(Effect.never))
          )
        )
        yield* Deferred.await(inside)
        yield* Fiber.interrupt(fiber)
        let connection: PgConnection | undefined
        const asleep = yield* Effect.fork(
          pg.withTransaction(
            Effect.scoped(
              Effect.flatMap(pg.connection, (found) => {
                connection = found
                return Effect.zipRight(insert, pg.query(sql`select pg_sleep(60)`))
              })
            )
          )
        )
        yield* eventually(
          Effect.sync(() => connection),
          (connection) => connection !== undefined
        )
        yield* isRunning(connection!, "pg_sleep")
        yield* Fiber.interrupt(asleep)
        assert.strictEqual(yield* one(pg, `select count(*)::int4 from ${name}`), 0)
        assert.strictEqual((yield* connection!.status).state, "clean")
      })
  )

  it.scopedLive("inside another is a savepoint: only its own part is undone", () =>
    Effect.gen(function* () {
      const { pg } = yield* make({ maxConnections: 1 })
      const name = yield* table("id int primary key")
      const insert = (id: number) => pg.query(sql`insert into ${Sql.identifier(name)} values (${id})`)
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* insert(1)
          yield* pg.withTransaction(insert(2))
          const failed = yield* Effect.flip(
            pg.withTransaction(Effect.zipRight(insert(3), Effect.fail("inner")))
          )
          assert.strictEqual(failed, "inner")
          // A refused statement would fail the whole; behind a savepoint it does not.
          const refused = yield* Effect.flip(
            pg.withTransaction(Effect.zipRight(pg.withTransaction(insert(4)), insert(1)))
          )
          assert.strictEqual(refused._tag, "PgServerError")
          const inside = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(
            pg.withTransaction(
              Effect.zipRight(insert(5), Effect.zipRight(Deferred.succeed(inside, undefined), Effect.never))
            )
          )
          yield* Deferred.await(inside)
          yield* Fiber.interrupt(fiber)
          const asleep = yield* Effect.fork(
            pg.withTransaction(Effect.zipRight(insert(6), pg.query(sql`select pg_sleep(60)`)))
          )
          yield* isRunning(yield* Effect.scoped(pg.connection), "pg_sleep")
          yield* Fiber.interrupt(asleep)
          yield* insert(7)
        })
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name} order by 1`), [
        ["1"],
        ["2"],
        ["7"]
      ])
    })
  )

  it.scopedLive("is repeated after a serialization failure as often as allowed, as a whole", () =>
    Effect.gen(function* () {
      const { pg } = yield* make()
      const name = yield* table("n int")
      yield* rawRows(shared, `insert into ${name} values (0)`)
      let runs = 0
      const increment = Effect.gen(function* () {
        runs++
        const n = yield* one(pg, `select n from ${name}`)
        yield* Effect.yieldNow()
        yield* pg.query(s(`update ${name} set n = $1`, [(n as number) + 1]))
      })
      yield* Effect.forEach(
        Array.from({ length: 6 }),
        () => pg.withTransaction(increment, { isolation: "serializable", retry: Schedule.recurs(100) }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* one(pg, `select n from ${name}`), 6)
      assert.isAtLeast(runs, 6)
      // Without a schedule it is an error, and other errors are never repeated.
      let others = 0
      const error = yield* Effect.flip(
        pg.withTransaction(
          Effect.zipRight(
            Effect.sync(() => others++),
            pg.query(sql`select 1 / 0`)
          ),
          {
            retry: Schedule.recurs(5)
          }
        )
      )
      assert.strictEqual(error._tag, "PgServerError")
      assert.strictEqual(others, 1)
      const conflict = yield* Effect.flip(
        pg.withTransaction(
          Effect.gen(function* () {
            yield* one(pg, `select n from ${name}`)
            yield* rawRows(shared, `update ${name} set n = n + 1`)
            yield* pg.query(s(`update ${name} set n = 0`))
          }),
          { isolation: "repeatable read" }
        )
      )
      assert.isTrue("code" in conflict && conflict.code === "40001")
    })
  )

  it.scopedLive("has nested ones of concurrent fibers take turns, and loses no row of a sibling", () =>
    Effect.gen(function* () {
      const { pg } = yield* make()
      const name = yield* table("id int")
      const insert = (id: number) => pg.query(s(`insert into ${name} values (${id})`))
      const told = yield* pg.withTransaction(
        Effect.forEach(
          [1, 2, 3, 4, 5, 6],
          (id) =>
            Effect.either(
              id % 3 === 0
                ? insert(id)
                : pg.withTransaction(
                    Effect.zipRight(insert(id), id % 2 === 0 ? pg.query(s("select 1 / 0")) : Effect.void)
                  )
            ),
          { concurrency: "unbounded" }
        )
      )
      assert.deepStrictEqual(
        told.map(({ _tag }) => _tag),
        ["Right", "Left", "Right", "Left", "Right", "Right"]
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select id from ${name} order by id`), [
        ["1"],
        ["3"],
        ["5"],
        ["6"]
      ])
    })
  )

  it.scopedLive("of one client inside that of another is found by both, with one connection each", () =>
    Effect.gen(function* () {
      const a = (yield* make({ maxConnections: 1 })).pg
      const b = (yield* make({ maxConnections: 1 })).pg
      const name = yield* table("id int")
      const told = yield* Effect.flip(
        a.withTransaction(
          b.withTransaction(
            Effect.gen(function* () {
              yield* a.query(s(`insert into ${name} values (1)`))
              yield* b.query(s(`insert into ${name} values (2)`))
              return yield* Effect.fail("both undone")
            })
          )
        )
      )
      assert.strictEqual(told, "both undone")
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
    })
  )
})

describe("a connection of the client that is used after its scope", () => {
  it.scopedLive("reaches no socket, by whatever operation, and the next user notices nothing", () =>
    Effect.gen(function* () {
      const { pg } = yield* make({ maxConnections: 1 })
      const name = yield* table("id int")
      const insert = s(`insert into ${name} values (1)`)
      const late = yield* Deferred.make<void>()
      const started = yield* Deferred.make<void>()
      let connection: PgConnection | undefined
      let following: Fiber.RuntimeFiber<unknown, unknown> | undefined
      yield* Effect.scoped(
        Effect.gen(function* () {
          connection = yield* pg.connection
          yield* connection.query(s("begin"))
          const rows = connection.stream(s("select generate_series(1, 1000) as n"), { fetchSize: 10 })
          following = yield* Effect.forkDaemon(
            Effect.flip(
              Stream.runForEachChunk(rows, () =>
                Effect.zipRight(Deferred.succeed(started, undefined), Deferred.await(late))
              )
            )
          )
          yield* Deferred.await(started)
        })
      )
      const dead = connection!
      yield* pg.withTransaction(
        Effect.gen(function* () {
          const pid = yield* one(pg, "select pg_backend_pid()")
          assert.strictEqual(pid, dead.facts.processId)
          yield* pg.query(insert)
          yield* Deferred.succeed(late, undefined)
          assert.deepInclude(yield* Fiber.join(following!), { _tag: "PgUsageError", nothingSent: true })
          const uses: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
            dead.query(insert),
            dead.values(insert),
            dead.execute(insert),
            dead.simple("rollback"),
            dead.describe(insert),
            dead.pipeline([insert]),
            Stream.runDrain(dead.stream(insert)),
            Stream.runDrain(dead.copyTo(`copy ${name} to stdout`)),
            dead.copyFrom(`copy ${name} from stdin`, Stream.make(new Uint8Array([49, 10]))),
            Stream.run(Stream.make(new Uint8Array([49, 10])), dead.copySink(`copy ${name} from stdin`)),
            dead.withTransaction(Effect.void),
            dead.learnTypes(["int4"])
          ]
          for (const use of uses) {
            assert.deepInclude(yield* Effect.flip(use), { _tag: "PgUsageError", nothingSent: true })
          }
        })
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["1"]])
    })
  )

  it.scopedLive("with a transaction of its own still open is closed, and not lent again", () =>
    Effect.gen(function* () {
      const { pg } = yield* make({ maxConnections: 1 })
      const name = yield* table("id int")
      const inside = yield* Deferred.make<void>()
      const late = yield* Deferred.make<void>()
      let left: Fiber.RuntimeFiber<unknown, unknown> | undefined
      yield* Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* pg.connection
          const body = Effect.zipRight(Deferred.succeed(inside, undefined), Deferred.await(late))
          left = yield* Effect.forkDaemon(Effect.flip(connection.withTransaction(body)))
          yield* Deferred.await(inside)
        })
      )
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(s(`insert into ${name} values (1)`))
          yield* Deferred.succeed(late, undefined)
          assert.deepInclude(yield* Fiber.join(left!), { _tag: "PgClosedError", nothingSent: true })
        })
      )
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["1"]])
    })
  )
})

describe("a client that closes", () => {
  it.scopedLive(
    "waits for closeTimeout for a lease of an outer scope and for a daemon, then cancels and closes them",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const { name, pg } = yield* Scope.extend(
          make({ maxConnections: 2 }, { closeTimeout: "200 millis" }),
          scope
        ).pipe(Logger.withMinimumLogLevel(LogLevel.None))
        const held = yield* pg.connection
        const daemon = yield* Effect.forkDaemon(Effect.flip(pg.query(sql`select pg_sleep(3600)`)))
        yield* eventually(
          sessions(name),
          (rows) => rows.filter(([, state]) => state === "active").length === 1
        )
        yield* Scope.close(scope, Exit.void)
        assert.deepInclude(yield* Fiber.join(daemon), { _tag: "PgClosedError", sent: true })
        assert.deepInclude(yield* Effect.flip(held.query(sql`select 1`)), {
          _tag: "PgClosedError",
          sent: false
        })
        // It notices a lost client only between statements, and so the statement must have been cancelled.
        yield* eventually(sessions(name), (rows) => rows.length === 0)
      })
  )
})
