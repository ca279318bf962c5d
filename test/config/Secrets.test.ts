import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import fc from "fast-check"
import * as KeywordValue from "../../src/config/KeywordValue.js"
import * as ConnectionUri from "../../src/config/ConnectionUri.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import * as Resolve from "../../src/config/Resolve.js"
import { settings } from "../../src/config/Settings.js"
import { printed } from "../support/printed.js"
import { left, right } from "./outcome.js"

/** No word of any message, and whole in every form of printing. */
const marker = "Zq7hushZq7hushZq7"

const pem = `-----BEGIN PRIVATE KEY-----\n${marker}\n-----END PRIVATE KEY-----\n`
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

/** Secret settings by keyword and field, and texts that hold the marker. */
const secrets = settings
  .filter(({ secret }) => secret)
  .map(({ field, keyword }) => ({
    keyword,
    field: String(field),
    texts:
      keyword === "sslkey"
        ? [pem, pem.replace("PRIVATE", "EC PRIVATE"), `M${marker.repeat(5)}`]
        : [marker, `${marker} x=y`, `a ${marker}`, `${marker}\0`, `'${marker}`]
  }))

/** Other settings, right or wrong, so that errors come from every part. */
const beside = fc.constantFrom<ReadonlyArray<readonly [keyword: string, text: string]>>(
  [],
  [["port", "none"]],
  [["sslmode", "most"]],
  [["user", "me"]],
  [["nosuch", "1"]],
  [["sslcertmode", "require"]],
  [["service", "shop"]]
)

const chosen = fc.constantFrom(...secrets).chain(({ field, keyword, texts }) =>
  fc.record({
    field: fc.constant(field),
    keyword: fc.constant(keyword),
    text: fc.constantFrom(...texts),
    beside
  })
)
type Chosen = typeof chosen extends fc.Arbitrary<infer A> ? A : never

const machine = { osUser: "me", defaultHost: "localhost" }

/** Everything that comes of the sources, be it a configuration or an error. */
const outcomes = ({ beside, field, keyword, text }: Chosen): ReadonlyArray<unknown> => {
  const pairs = [[keyword, text], ...beside] as const
  const env = Object.fromEntries(
    pairs.flatMap(([keyword, text]) => {
      const name = settings.find((setting) => setting.keyword === keyword)?.env
      return name === undefined ? [] : [[name, text]]
    })
  )
  const code = { [field]: text, ...(beside.some(([keyword]) => keyword === "user") ? { user: "" } : {}) }
  const wrapped = { ...code, [field]: Redacted.make(text) }
  const spaced = pairs.map(([keyword, text]) => `${keyword}=${text}`).join(" ")
  const eithers: ReadonlyArray<Either.Either<unknown, unknown>> = [
    PgConfig.make(code),
    PgConfig.make(wrapped),
    PgConfig.make({ hosts: [{ host: "h", password: text }, { port: -1 }] }),
    PgConfig.make({ sslCert: certificate + pem }),
    PgConfig.make({ sslRootCert: pem }),
    PgConfig.fromConnectionString(KeywordValue.format(pairs)),
    PgConfig.fromConnectionString(Redacted.make(KeywordValue.format(pairs))),
    PgConfig.fromConnectionString(spaced),
    PgConfig.fromConnectionString(`${spaced} ${keyword}='${text}`),
    PgConfig.fromConnectionString(ConnectionUri.format(pairs)),
    PgConfig.fromUri(`postgres://me:${encodeURIComponent(text)}@h/db?port=x`),
    PgConfig.fromUri(`postgres://me:${text}@h/db`),
    PgConfig.fromUri(`psql://me:${text}@h/db`),
    PgConfig.fromUri(`postgres://h/db?${keyword}=${text}=${text}`),
    PgConfig.fromSources({ environment: env }),
    Schema.decodeUnknownEither(PgConfig.PgConfig)({ [field]: text, port: "x" }),
    Schema.decodeUnknownEither(PgConfig.PgConfig)({ [field]: [text] }),
    Schema.decodeUnknownEither(PgConfig.PgConfig)({ sslCert: pem }),
    Either.try(() => new PgConfig.PgConfig({ [field]: text })),
    Either.try(() => new PgConfig.PgConfig({ [field]: Redacted.make(text) })),
    Effect.runSync(
      Effect.either(
        PgConfig.fromEnv.pipe(
          Effect.withConfigProvider(
            ConfigProvider.fromMap(
              new Map(
                Object.entries({ ...env, DATABASE_URL: `postgres://me:${encodeURIComponent(text)}@h:x/` })
              )
            )
          )
        )
      )
    )
  ]
  const configs = eithers.flatMap((either) =>
    Either.isRight(either) && either.right instanceof PgConfig.PgConfig ? [either.right] : []
  )
  const file = { path: "/services", text: `[shop]\n${keyword}=${text.replaceAll("\n", " ")}\nport=x\n` }
  return [
    ...eithers.map(Either.merge),
    ...configs.map(PgConfig.toConnectionString),
    ...configs.map((config) => Either.merge(Resolve.withService(config, [file]))),
    ...configs.map((config) =>
      Either.merge(
        Resolve.resolve(config, {
          ...machine,
          passFile: { path: "/p", text: `*:*:*:*:${text}`, mode: 0o600 }
        })
      )
    )
  ]
}

describe("a secret", () => {
  it.prop(
    "is in nothing that can be printed, wherever it came from and whatever else is wrong (A15)",
    [chosen],
    ([chosen]) => {
      for (const outcome of outcomes(chosen)) {
        const text = printed(outcome)
        const at = text.indexOf(marker)
        assert.strictEqual(at < 0 ? "" : text.slice(Math.max(0, at - 100), at + marker.length), "")
      }
    },
    { fastCheck: { numRuns: 25 } }
  )

  it("is in nothing that can be printed where a connection string takes it apart (A15)", () => {
    const texts = [
      `postgres://me:a@${marker}@h/db`,
      `postgres://me:a@${marker}@g,h/db`,
      `postgres://h/db?host=me:a@${marker}`,
      `postgres://h/db?password=a&${marker}=1`,
      `postgres://h/db?password=a&${marker}=`,
      `postgres://h/db?sslpassword=a&${marker}=b=c`,
      `postgres://h/db?oauth_client_secret=a&${marker}`,
      `postgres://h/db?password=a=${marker}`,
      `postgres://me:a/${marker}@h/db`,
      `postgres://me:${marker}%@h/db`,
      `postgres://me:${marker} b@h/db`,
      `psql://me:${marker}@h/db`,
      `psql://me:${marker}@h/db?sslmode=require`,
      `host=h password=a ${marker}=1`,
      `host=h password=a ${marker}`
    ]
    for (const text of texts)
      for (const read of [PgConfig.fromConnectionString, PgConfig.fromDatabaseName]) {
        const error = left(read(text))
        assert.notInclude(printed(error), marker, text)
      }
  })

  it("is found by the printing that looks for it", () => {
    for (const value of [{ a: { b: marker } }, new Error(marker), Either.left(new Error(marker)), [marker]]) {
      assert.include(printed(value), marker)
    }
  })
})

describe("a private key", () => {
  it("is taken as text and wrapped alike, and given to the connection as it is", () => {
    for (const sslKey of [pem, Redacted.make(pem), "/keys/app.key", Redacted.make("/keys/app.key")]) {
      const config = right(PgConfig.make({ sslCert: certificate, sslKey }))
      assert.strictEqual(
        Redacted.value(config.sslKey!),
        Redacted.isRedacted(sslKey) ? Redacted.value(sslKey) : sslKey
      )
    }
  })

  it("stays in a connection string as a path, and leaves it as text", () => {
    const printedAs = (sslKey: string) => PgConfig.toConnectionString(right(PgConfig.make({ sslKey })))
    assert.strictEqual(printedAs("/keys/app.key"), "sslkey=/keys/app.key")
    assert.strictEqual(printedAs(pem), "")
  })

  it("behind its certificate in one text is parted from it, unless there is another", () => {
    for (const label of ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY"]) {
      const key = pem.replaceAll("PRIVATE KEY", label)
      const config = right(PgConfig.make({ sslCert: `${key}${certificate}` }))
      assert.deepStrictEqual([config.sslCert, Redacted.value(config.sslKey!)], [certificate, key])
    }
    const both = right(PgConfig.make({ sslCert: certificate + pem, sslKey: "/k" }))
    assert.deepStrictEqual([both.sslCert, Redacted.value(both.sslKey!)], [certificate, "/k"])
  })

  it("that is neither a path nor in PEM, or stands where certificates are wanted, is refused by name", () => {
    const key = (input: PgConfig.PgConfigInput) => left(PgConfig.make(input)).key
    assert.strictEqual(key({ sslKey: `M${marker.repeat(5)}` }), "sslKey")
    assert.strictEqual(key({ sslKey: `${marker}\n${marker}` }), "sslKey")
    assert.strictEqual(key({ sslCert: pem }), "sslCert")
    assert.strictEqual(key({ sslRootCert: certificate + pem }), "sslRootCert")
    assert.strictEqual(key({ sslCrl: pem }), "sslCrl")
  })
})

describe("a value with white space that was not quoted", () => {
  it("is reported by its keyword, and its rest is not shown", () => {
    const error = left(PgConfig.fromConnectionString("host=h password=open sesame=1"))
    assert.strictEqual(error.key, "password")
    assert.include(error.reason, "must be quoted")
    assert.notInclude(error.message, "sesame")
  })
})
