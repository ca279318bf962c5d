import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { inspect } from "node:util"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Words from "../../src/config/Vocabulary.js"
import { left, right } from "./outcome.js"

const fromEnv = (variables: Record<string, string>) =>
  PgConfig.fromEnv.pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))))

const secret = "hush-hush"

describe("PgConfig", () => {
  it("takes plain and wrapped passwords alike", () => {
    for (const password of [secret, Redacted.make(secret)]) {
      const config = right(PgConfig.make({ host: "localhost", user: "me", database: "shop", password }))
      assert.strictEqual(Redacted.value(config.password!), secret)
      assert.deepStrictEqual(config.hosts, [{ host: "localhost", port: 5432 }])
    }
  })

  it("has libpq's defaults, a deadline of 10 seconds, and bounds with names", () => {
    const config = right(PgConfig.make({}))
    assert.deepStrictEqual({ ...config }, { ...new PgConfig.PgConfig({}), parameters: {} })
    assert.deepStrictEqual(
      [config.sslMode, config.maxProtocolVersion, config.channelBinding, config.targetSessionAttrs],
      ["prefer", "3.0", "prefer", "any"]
    )
    assert.isTrue(Duration.equals(config.connectTimeout, Duration.seconds(10)))
    assert.deepStrictEqual(
      [config.statementCacheSize, config.pipelineDepth, config.maxConnections],
      [256, 128, 10]
    )
    assert.deepStrictEqual([config.scramMinIterations, config.scramMaxIterations], [1, 100_000])
  })

  it("names the setting, what it accepts and the shape of what was there", () => {
    const cases = [
      [{ statementCacheSize: -1 }, "statementCacheSize", "a whole number from 0 to 1000000, got -1"],
      [{ pipelineDepth: 0 }, "pipelineDepth", "a whole number from 1 to 1000000, got 0"],
      [{ maxMessageBytes: 1 }, "maxMessageBytes", "a whole number of bytes from 65536 to 2147483647, got 1"],
      [
        { streamBufferBytes: 0.5 },
        "streamBufferBytes",
        "a whole number of bytes from 1 to 2147483647, got 0.5"
      ],
      [{ port: "x" as never }, "port", "a whole number from 1 to 65535, got a text of 1 character"],
      [{ user: "" }, "user", "a text that is not empty, got an empty text"],
      [
        { sslMode: "on" as never },
        "sslMode",
        "one of disable, allow, prefer, require, verify-ca, verify-full, got a text of 2 characters"
      ],
      [
        { connectTimeout: "soon" as never },
        "connectTimeout",
        "a duration, such as 10 seconds, got a text of 4 characters"
      ],
      [{ hosts: [] }, "hosts", "a list of one entry or more"],
      [{ parameters: { a: 1 as never } }, "parameters", "texts by name, got a number"],
      [{ password: 12345 as never }, "password", "a text that is not empty, got a number"]
    ] as const
    for (const [input, key, expected] of cases) {
      const error = left(PgConfig.make(input))
      assert.deepStrictEqual([error.key, error.reason, error.source], [key, `expected ${expected}`, "code"])
    }
    assert.strictEqual(left(PgConfig.make({ hosts: [{ host: "h" }], port: 1 })).key, "hosts")
  })

  it("never shows a secret, however it is printed (A15)", () => {
    const config = right(
      PgConfig.fromSources({
        explicit: { sslPassword: secret, hosts: [{ host: "h", password: secret }] },
        connectionString: `postgres://u:${secret}@h/db?oauth_client_secret=${secret}`,
        environment: { PGPASSWORD: secret, PGSERVICE: "later" }
      })
    )
    assert.isDefined(config.pending)
    for (const value of [config, { nested: config }, Either.right(config)]) {
      for (const text of [
        String(value),
        JSON.stringify(value),
        inspect(value, { depth: 20, showHidden: true })
      ]) {
        assert.notInclude(text, secret)
      }
    }
    assert.notInclude(PgConfig.toConnectionString(config), secret)
  })

  it("never shows a secret in an error (A15)", () => {
    const wrong: ReadonlyArray<Either.Either<PgConfig.PgConfig, Error>> = [
      PgConfig.make({ password: `${secret}\0` }),
      PgConfig.make({ password: secret, user: "" }),
      PgConfig.fromUri(`postgres://u:${secret}%zz@h`),
      PgConfig.fromUri(`postgres://u:${secret}/x@h`),
      PgConfig.fromUri(`psql://u:${secret}@h`),
      PgConfig.fromConnectionString(`password='${secret}`),
      PgConfig.fromConnectionString(`password=a ${secret}`),
      PgConfig.fromSources({ environment: { PGPASSWORD: `${secret}\0` } })
    ]
    for (const outcome of wrong) {
      const error = left(outcome)
      assert.notInclude(inspect(error, { depth: 9 }) + String(error) + JSON.stringify(error), secret)
    }
  })

  it.effect("reads libpq's variables through the ConfigProvider, lists and all", () =>
    Effect.gen(function* () {
      const config = yield* fromEnv({ PGHOST: "a,b", PGPORT: "1,2", PGUSER: "me", PGPASSWORD: secret })
      assert.deepStrictEqual(config.hosts, [
        { host: "a", port: 1 },
        { host: "b", port: 2 }
      ])
      assert.strictEqual(config.user, "me")
      assert.strictEqual(Redacted.value(config.password!), secret)
      assert.deepStrictEqual((yield* fromEnv({})).hosts, [{ host: "", port: 5432 }])
    })
  )

  it.effect("lets DATABASE_URL win over libpq's variables, which fill what it leaves open", () =>
    Effect.gen(function* () {
      const config = yield* fromEnv({
        DATABASE_URL: "postgres://url@h/shop",
        PGUSER: "env",
        PGPORT: "99",
        PGSSLMODE: "require"
      })
      assert.deepStrictEqual([config.user, config.database, config.sslMode], ["url", "shop", "require"])
      assert.deepStrictEqual(config.hosts, [{ host: "h", port: 99 }])
      const pairs = yield* fromEnv({ DATABASE_URL: "dbname=shop user=me" })
      assert.strictEqual(pairs.database, "shop")
      assert.strictEqual((yield* fromEnv({ DATABASE_URL: "", PGUSER: "env" })).user, "env")
    })
  )

  it.effect("fails as a ConfigError that names the variable and shows no secret", () =>
    Effect.gen(function* () {
      const port = yield* Effect.flip(fromEnv({ PGPORT: "many" }))
      assert.include(String(port), "PGPORT")
      const url = yield* Effect.flip(fromEnv({ DATABASE_URL: `postgres://u:${secret}%@h` }))
      assert.include(String(url), "DATABASE_URL")
      assert.notInclude(String(url), secret)
    })
  )

  it.effect("takes overrides in code over the environment", () =>
    Effect.gen(function* () {
      const config = yield* PgConfig.fromEnvWith({ user: "code", maxConnections: 3 }).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["PGUSER", "env"]])))
      )
      assert.deepStrictEqual([config.user, config.maxConnections], ["code", 3])
    })
  )

  it("is a Schema: it decodes from JSON with the same defaults and encodes back", () => {
    const config = Schema.decodeUnknownSync(PgConfig.PgConfig)({
      user: "me",
      password: secret,
      connectTimeout: 500
    })
    assert.isTrue(Duration.equals(config.connectTimeout, Duration.millis(500)))
    assert.strictEqual(config.sslMode, "prefer")
    assert.strictEqual(Schema.encodeSync(PgConfig.PgConfig)(config).password, secret)
    assert.isTrue(
      Either.isLeft(Schema.decodeUnknownEither(PgConfig.PgConfig)({ hosts: [{ host: "h", port: 0 }] }))
    )
  })

  const name = fc.string({ minLength: 1, maxLength: 10 }).filter((text) => !/[\0]/.test(text))
  const host = fc.constantFrom("", "localhost", "10.0.0.1", "::1", "/run/pg", "@pg", "db.example.com")
  const input: fc.Arbitrary<PgConfig.PgConfigInput> = fc.record(
    {
      hosts: fc.array(fc.record({ host, port: fc.integer({ min: 1, max: 65535 }) }), {
        minLength: 1,
        maxLength: 3
      }),
      user: name,
      database: name,
      applicationName: name,
      options: name,
      connectTimeout: fc.integer({ min: 0, max: 1000 }).map(Duration.seconds),
      sslMode: fc.constantFrom(...Words.sslModes),
      sslCert: name,
      sslSni: fc.boolean(),
      channelBinding: fc.constantFrom(...Words.channelBindings),
      requireAuth: fc.constantFrom("md5", "!md5,!password", "none"),
      maxProtocolVersion: fc.constantFrom(...Words.protocolVersions),
      targetSessionAttrs: fc.constantFrom(...Words.targetSessionAttrs),
      loadBalanceHosts: fc.constantFrom(...Words.loadBalanceHosts),
      keepalives: fc.boolean(),
      keepalivesCount: fc.integer({ min: 1, max: 9 }),
      tcpUserTimeout: fc.integer({ min: 1, max: 99999 }).map(Duration.millis),
      replication: fc.constantFrom(...Words.replicationModes)
    },
    { requiredKeys: [] }
  )

  it.prop("reads back what toConnectionString writes", [input], ([input]) => {
    const config = right(PgConfig.make(input))
    const back = right(PgConfig.fromConnectionString(PgConfig.toConnectionString(config)))
    assert.deepStrictEqual({ ...back }, { ...config })
  })
})
