/** The client under the names and the configuration of `@effect/sql-pg`. */
import { SqlClient } from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as String from "effect/String"
import { connect as netConnect, Socket } from "node:net"
import type { PgSqlError } from "../../../src/nodepg/DatabaseError.js"
import { PgClient } from "../../../src/SqlPg.js"
import { shared } from "../support/server.js"

const at = { host: shared.host, port: shared.port, username: "postgres", database: "postgres" }

/** The settings of a session that a client of the configuration opens. */
const session = (config: PgClient.PgClientConfig) =>
  Effect.flatMap(PgClient.PgClient, (sql) =>
    Effect.map(
      sql`select current_database() as db, current_user as u, current_setting('application_name') as app, inet_server_port() as port`,
      ([row]) => ({ db: row!["db"], u: row!["u"], app: row!["app"], port: row!["port"], config: sql.config })
    )
  ).pipe(Effect.provide(PgClient.layer(config)))

const failure = <A, R>(effect: Effect.Effect<A, SqlError, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, SqlError)
    return { message: error.message, cause: error.cause }
  })

describe("the configuration of @effect/sql-pg", () => {
  it.scopedLive("connects by fields, and is called as it", () =>
    Effect.map(session(at), ({ config, ...seen }) => {
      assert.deepStrictEqual(seen, {
        db: "postgres",
        u: "postgres",
        app: "@effect/sql-pg",
        port: shared.port
      })
      assert.deepInclude(config, at)
    })
  )

  it.scopedLive("connects by a connection string, which is stronger than fields", () =>
    Effect.map(
      session({
        url: Redacted.make(`postgres://postgres@${shared.host}:${shared.port}/template1`),
        host: "nowhere.invalid",
        port: 1,
        database: "postgres",
        applicationName: "mine"
      }),
      ({ config, ...seen }) => {
        assert.deepStrictEqual(seen, { db: "template1", u: "postgres", app: "mine", port: shared.port })
        assert.strictEqual(config.database, "template1")
      }
    )
  )

  it.scopedLive("has the settings of its connection string beside the string itself", () =>
    Effect.gen(function* () {
      const url = Redacted.make(`postgres://postgres:secret@${shared.host}:${shared.port}/template1`)
      const { config } = yield* session({ url })
      const { database, host, password, port, url: own, username } = config
      assert.deepStrictEqual(
        { database, host, password, port, url: own, username },
        { ...at, database: "template1", password: Redacted.make("secret"), url }
      )
    })
  )

  it.scopedLive("takes settings that neither has from libpq's variables", () =>
    Effect.map(
      session({ database: "template1" }).pipe(
        Effect.withConfigProvider(
          ConfigProvider.fromMap(
            new Map([
              ["PGHOST", shared.host],
              ["PGPORT", `${shared.port}`],
              ["PGUSER", "postgres"],
              ["PGDATABASE", "postgres"]
            ])
          )
        )
      ),
      ({ config: _config, ...seen }) =>
        assert.deepStrictEqual(seen, {
          db: "template1",
          u: "postgres",
          app: "@effect/sql-pg",
          port: shared.port
        })
    )
  )

  it.scopedLive("connects by the path of a Unix socket, its folder or itself", () =>
    Effect.gen(function* () {
      const { host: _host, ...others } = at
      for (const path of [shared.socketFolder, `${shared.socketFolder}/.s.PGSQL.${shared.port}`]) {
        const { port } = yield* session({ ...others, path })
        assert.isNull(port)
      }
    })
  )

  it.scopedLive("connects over streams of the program's, connected already or not", () =>
    Effect.gen(function* () {
      let made = 0
      for (const stream of [() => new Socket(), () => netConnect(shared.port, shared.host)]) {
        const counting = () => {
          made++
          return stream()
        }
        const { db } = yield* session({ ...at, stream: counting })
        assert.strictEqual(db, "postgres")
      }
      assert.isAbove(made, 1)
    })
  )

  it.scopedLive("reads columns by the parsers of types", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient
      assert.deepStrictEqual(
        yield* sql`select 5::int8 as a, 1.5::numeric as b, '{1}'::int4[] as c, null::int4 as d`,
        [{ a: "20:5", b: "1700:1.5", c: "1007:{1}", d: null }]
      )
    }).pipe(
      Effect.provide(PgClient.layer({ ...at, types: { getTypeParser: (oid) => (text) => `${oid}:${text}` } }))
    )
  )

  it.scopedLive("is read from a Config", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      assert.deepStrictEqual(yield* sql`select ${"a_b"}::text as "firstName"`, [{ firstName: "a_b" }])
      assert.strictEqual(sql`${sql("firstName")}`.compile()[0], `"first_name"`)
    }).pipe(
      Effect.provide(
        PgClient.layerConfig({
          url: Config.redacted("MY_URL"),
          transformQueryNames: Config.succeed(String.camelToSnake)
        })
      ),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["MY_URL", shared.uri]])))
    )
  )

  it.scopedLive("is refused where it cannot be meant, with the way out", () =>
    Effect.gen(function* () {
      const { cause, message } = yield* failure(
        Layer.build(PgClient.layer({ ...at, ssl: { checkServerIdentity: () => undefined } }))
      )
      assert.strictEqual(message, "PgClient: Failed to connect")
      assert.include((cause as PgSqlError).message, "ssl.checkServerIdentity")
      const pool = yield* failure(Layer.build(PgClient.layerFromPool({ acquire: Effect.die("not used") })))
      assert.include((pool.cause as PgSqlError).message, "PgSqlClient.layerFromClient")
    })
  )

  it.scopedLive("requires TLS when ssl is set, and then fails on a server without", () =>
    Effect.gen(function* () {
      for (const ssl of [
        true,
        { rejectUnauthorized: false },
        { ca: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----" }
      ])
        assert.strictEqual(
          (yield* failure(Layer.build(PgClient.layer({ ...at, ssl })))).message,
          "PgClient: Failed to connect"
        )
      assert.strictEqual((yield* session({ ...at, ssl: false })).db, "postgres")
    })
  )

  it.scopedLive("fails within connectTimeout when the server does not answer", () =>
    Effect.gen(function* () {
      const stream = () => new Socket()
      const silent = Object.assign(stream(), { connect: () => silent })
      const { message } = yield* failure(
        Layer.build(PgClient.layer({ ...at, stream: () => silent, connectTimeout: "50 millis" }))
      )
      assert.match(message, /^PgClient: (Connection timed out|Failed to connect)$/)
    })
  )
})
