import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as Statement from "../../../src/model/Statement.js"
import { open, refused } from "../support/open.js"
import { psql, psqlVersion } from "../support/psql.js"
import { live } from "../support/server.js"

describe("a primary and two standbys", () => {
  const scope = Effect.runSync(Scope.make())
  let primary: EmbeddedServer
  let first: EmbeddedServer
  let second: EmbeddedServer
  beforeAll(async () => {
    await Effect.runPromise(
      Effect.gen(function* () {
        const made = yield* start({ listen: "tcp" })
        // The standbys are copies of the folder as it is while no session writes.
        yield* made.stop()
        const settings = {
          primary_conninfo: `host=127.0.0.1 port=${made.port} user=postgres`,
          hot_standby: "on"
        }
        const copies = yield* Effect.all([
          start({ listen: "tcp", dataFolder: made.dataFolder, settings }),
          start({ listen: "tcp", dataFolder: made.dataFolder, settings })
        ])
        yield* made.startAgain
        primary = made
        first = copies[0]
        second = copies[1]
      }).pipe(Scope.extend(scope))
    )
  }, 120_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  const through = (servers: ReadonlyArray<EmbeddedServer>, more: string): string =>
    `host=${servers.map(({ host }) => host).join(",")} port=${servers.map(({ port }) => port).join(",")} user=postgres dbname=postgres ${more}`

  const portOf = (conninfo: string) =>
    Effect.scoped(
      Effect.map(open(conninfo), ({ facts }) => (facts.address._tag === "Tcp" ? facts.address.port : 0))
    )

  it.effect(
    "are chosen by target_session_attrs, and libpq chooses the same (CON-116, CON-118, CON-119, CON-120, CON-121, CON-124, TRP-014)",
    () =>
      Effect.gen(function* () {
        const all = [first, primary, second]
        for (const [attrs, expected] of [
          ["any", first],
          ["read-write", primary],
          ["read-only", first],
          ["primary", primary],
          ["standby", first],
          ["prefer-standby", first]
        ] as const) {
          const conninfo = through(all, `target_session_attrs=${attrs}`)
          assert.strictEqual(yield* portOf(conninfo), expected.port, attrs)
          if (psqlVersion !== undefined && psqlVersion >= 14) {
            const answer = yield* psql(conninfo, "show port")
            assert.deepStrictEqual(answer, { output: String(expected.port) }, attrs)
          }
        }
      })
  )

  it.effect("give the primary in the second pass of prefer-standby when there is no standby (CON-121)", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* portOf(through([primary], "target_session_attrs=prefer-standby")),
        primary.port
      )
    })
  )

  it.effect("are all listed when none is of the wanted kind (CON-123)", () =>
    Effect.gen(function* () {
      const error = yield* refused(through([first, second], "target_session_attrs=read-write"))
      assert.strictEqual(error._tag, "PgConnectError")
      if (error._tag !== "PgConnectError") return
      assert.deepStrictEqual(
        error.attempts.map(({ address }) => address),
        [`127.0.0.1:${first.port}`, `127.0.0.1:${second.port}`]
      )
      assert.include(error.message, "read-only")
    })
  )

  it.effect("are left politely when they are not wanted (CON-122)", () =>
    Effect.gen(function* () {
      yield* refused(through([first], "target_session_attrs=primary application_name=unwanted"))
      const log = yield* first.log
      assert.notInclude(log, "unexpected EOF")
      assert.notInclude(log, "could not receive data from client")
    })
  )

  it.effect("are each asked by a session that was bound for another role (CON-117)", () =>
    Effect.gen(function* () {
      const connection = yield* open(through([first, primary], ""), {}, { targetSessionAttrs: "primary" })
      const rows = yield* connection.query(Statement.make("select pg_is_in_recovery() as standby"))
      assert.deepStrictEqual(rows, [{ standby: false }])
    }).pipe(Effect.scoped)
  )

  it.effect("share sessions when hosts are shuffled (CON-116)", () =>
    Effect.gen(function* () {
      const ports = new Set<number>()
      for (let times = 0; times < 40 && ports.size < 2; times++) {
        ports.add(yield* portOf(through([first, second], "load_balance_hosts=random")))
      }
      assert.strictEqual(ports.size, 2)
    })
  )

  it.effect(
    "are passed over when they are down, and followed through a promotion (CON-117, CON-119, TRP-014)",
    () =>
      Effect.gen(function* () {
        const all = through([primary, first, second], "target_session_attrs=read-write")
        yield* primary.stop("immediate")
        const error = yield* refused(all)
        assert.strictEqual(error._tag, "PgConnectError")
        if (error._tag === "PgConnectError") assert.lengthOf(error.attempts, 3)

        yield* Effect.scoped(
          Effect.flatMap(open(through([first], "")), (connection) =>
            connection.query(Statement.make("select pg_promote(false)"))
          )
        )
        const connection = yield* open(all, { retry: Schedule.spaced("50 millis") })
        assert.deepInclude(connection.facts.address, { port: first.port })
        yield* connection.simple("create table after_promotion ()")
      }).pipe(Effect.scoped, live)
  )
})

describe("a server that comes later", () => {
  it.scoped("is waited for by the schedule, and not without one", () =>
    Effect.gen(function* () {
      const server = yield* start({ listen: "tcp" })
      yield* server.stop()
      const conninfo = `host=127.0.0.1 port=${server.port} user=postgres`
      assert.strictEqual((yield* refused(conninfo))._tag, "PgConnectError")
      const waiting = yield* Effect.fork(open(conninfo, { retry: Schedule.spaced("20 millis") }))
      yield* Effect.sleep("200 millis")
      yield* server.startAgain
      const connection = yield* Fiber.join(waiting)
      assert.deepInclude(yield* connection.status, { state: "clean" })
    }).pipe(live)
  )
})

describe("several hosts", () => {
  it.effect("that all refuse are all listed, with their own reasons (CON-123)", () =>
    Effect.gen(function* () {
      const error = yield* refused("host=127.0.0.1,localhost,/nowhere port=1,1,2 user=app connect_timeout=5")
      assert.strictEqual(error._tag, "PgConnectError")
      if (error._tag !== "PgConnectError") return
      const told = error.attempts.map(
        ({ address, cause }) => `${address} ${"code" in cause ? cause.code : ""}`
      )
      assert.strictEqual(told[0], "127.0.0.1:1 ECONNREFUSED")
      assert.include(told, "127.0.0.1:1 (localhost) ECONNREFUSED")
      assert.strictEqual(told.at(-1), "/nowhere/.s.PGSQL.2 ENOENT")
    })
  )

  it.effect("with a name that leads nowhere go on with the next (CON-017, CON-117)", () =>
    Effect.gen(function* () {
      const error = yield* refused("host=nowhere.invalid,127.0.0.1 port=1 user=app")
      assert.strictEqual(error._tag, "PgConnectError")
      if (error._tag !== "PgConnectError") return
      assert.deepStrictEqual(
        error.attempts.map(({ phase }) => phase),
        ["resolve", "socket"]
      )
    })
  )
})
