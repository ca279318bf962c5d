/** The configuration of `@effect/sql-pg` as settings. */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { printed } from "../support/printed.js"
import { completed, type PgClientConfig, settingsOf } from "../../src/sql/compat/ClientConfig.js"

const settings = (config: PgClientConfig, variables: ReadonlyArray<readonly [string, string]> = []) =>
  Effect.withConfigProvider(settingsOf(config), ConfigProvider.fromMap(new Map(variables)))

const place = (config: PgClientConfig, variables?: ReadonlyArray<readonly [string, string]>) =>
  Effect.map(settings(config, variables), ({ database, hosts, user }) => [
    hosts[0].host,
    hosts[0].port,
    user,
    database
  ])

describe("the configuration of @effect/sql-pg", () => {
  it.effect("has its defaults, and TLS when the server offers it", () =>
    Effect.map(settings({}), ({ applicationName, hosts, maxConnections, sslMode }) =>
      assert.deepStrictEqual(
        [hosts, sslMode, applicationName, maxConnections],
        [[{ host: "localhost", port: 5432 }], "prefer", "@effect/sql-pg", 10]
      )
    )
  )

  it.effect("takes the address from fields, a connection string, and variables behind both", () =>
    Effect.gen(function* () {
      const fields = { host: "h", port: 1, username: "u", database: "d" }
      assert.deepStrictEqual(yield* place(fields), ["h", 1, "u", "d"])
      const url = (text: string) => ({ url: Redacted.make(text) })
      assert.deepStrictEqual(yield* place({ ...fields, ...url("postgres://a@b:2/c") }), ["b", 2, "a", "c"])
      assert.deepStrictEqual(yield* place({ ...fields, ...url("postgres:///c") }), ["h", 1, "u", "c"])
      const variables = [
        ["PGHOST", "vh"],
        ["PGPORT", "7"],
        ["PGUSER", "vu"],
        ["PGDATABASE", "vd"]
      ] as const
      assert.deepStrictEqual(yield* place({ host: "h" }, variables), ["h", 7, "vu", "vd"])
      assert.deepStrictEqual(yield* place(url("postgres://b"), variables), ["b", 7, "vu", "vd"])
    })
  )

  it.effect("knows the folder of a socket, and the socket itself", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* place({ path: "/run/pg", port: 6 })).slice(0, 2), ["/run/pg", 6])
      assert.deepStrictEqual((yield* place({ path: "/run/pg/.s.PGSQL.99", port: 6 })).slice(0, 2), [
        "/run/pg",
        99
      ])
    })
  )

  it.effect("takes the TLS mode from ssl", () =>
    Effect.gen(function* () {
      const tls = (ssl: PgClientConfig["ssl"]) =>
        Effect.map(settings({ ssl }), ({ sslMode, sslRootCert }) => [sslMode, sslRootCert])
      const ca = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"
      assert.deepStrictEqual(yield* tls(false), ["disable", undefined])
      assert.deepStrictEqual(yield* tls(true), ["verify-full", "system"])
      assert.deepStrictEqual(yield* tls({ rejectUnauthorized: false }), ["require", undefined])
      assert.deepStrictEqual(yield* tls({ ca: Buffer.from(ca) }), ["verify-full", ca])
      assert.deepStrictEqual(yield* tls({ ca: [ca, ca] }), ["verify-full", `${ca}\n${ca}`])
      const refused = yield* Effect.flip(settings({ ssl: { servername: "x" } }))
      assert.include(refused.toString(), "ssl.servername")
    })
  )

  it.effect("is completed by the resolved settings, for callers that read it", () =>
    Effect.gen(function* () {
      const given: PgClientConfig = { url: Redacted.make("postgres://a:secret@b:2/c") }
      const config = completed(given, yield* settings(given))
      assert.deepInclude(config, { host: "b", port: 2, username: "a", database: "c" })
      assert.strictEqual(Redacted.value(config.password!), "secret")
    })
  )

  it.effect("prints no secret of its TLS, which can be read", () =>
    Effect.gen(function* () {
      const marker = "Zq7hushZq7hushZq7"
      const key = `-----BEGIN PRIVATE KEY-----\n${marker}\n-----END PRIVATE KEY-----`
      for (const own of [key, Buffer.from(key)]) {
        const ssl = { key: own, cert: own, passphrase: marker, rejectUnauthorized: false }
        const config = completed({ host: "h", ssl }, yield* settings({ host: "h" }))
        const text = printed(config) + printed({ config })
        for (const secret of [
          marker,
          Buffer.from(marker).toString("hex"),
          [...Buffer.from(marker)].join(",")
        ])
          assert.notInclude(text, secret)
        assert.include(text, "rejectUnauthorized")
        assert.deepStrictEqual<unknown>({ ...(config.ssl as object) }, ssl)
      }
      assert.strictEqual(completed({ ssl: true }, yield* settings({ ssl: true })).ssl, true)
    })
  )
})
