import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import * as Assemble from "../../src/config/Assemble.js"
import * as ConnectionUri from "../../src/config/ConnectionUri.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import generated from "./fixtures/libpq-generated.json" with { type: "json" }
import known from "./fixtures/libpq.json" with { type: "json" }
import { left, right } from "./outcome.js"

const texts = (uri: string) => Object.fromEntries(right(ConnectionUri.parse(uri)))
const reason = (uri: string) => left(ConnectionUri.parse(uri))

interface Row {
  readonly in: string
  readonly out: Readonly<Record<string, unknown>>
}

/** What PQconninfoParse of libpq 15 returns; one setting is newer. */
const rows: ReadonlyArray<Row> = [...known, ...generated].filter(
  ({ in: text }) => text !== "load_balance_hosts=random"
)

describe("ConnectionUri", () => {
  it("reads every known and generated string as libpq does (S11, CON-091, CON-092, CON-094, CON-095, CON-098)", () => {
    assert.isAbove(rows.length, 600)
    for (const row of rows) {
      const layer = Assemble.connectionLayer(row.in, undefined, undefined)
      const outcome = Either.isLeft(layer)
        ? { error: true }
        : Object.fromEntries([...layer.right].map(([keyword, { text }]) => [keyword, text]))
      assert.deepStrictEqual(outcome, "error" in row.out ? { error: true } : row.out, row.in)
    }
  })

  it("ends the user part at the first at-sign and splits it at the first colon (CON-096)", () => {
    assert.deepStrictEqual(texts("postgres://u:p:q@v@h/db"), {
      user: "u",
      password: "p:q",
      host: "v@h",
      dbname: "db"
    })
    assert.deepStrictEqual(texts("postgres://h/a@b"), { host: "h", dbname: "a@b" })
  })

  it("keeps every special character of an encoded password, and a plus as it is (TRP-016, CON-097)", () => {
    assert.strictEqual(texts("postgres://u:%40%3A%2F%25+%20@h")["password"], "@:/%+ ")
    assert.strictEqual(texts("postgres://h/?application_name=a+b")["application_name"], "a+b")
  })

  it("refuses broken escapes, zero bytes, raw spaces and bytes that are not UTF-8 (CON-097)", () => {
    for (const part of ["%", "%4", "%zz", "%00", "a b", "%ff"]) {
      assert.strictEqual(reason(`postgres://${part}@h`).key, "user", part)
      assert.strictEqual(reason(`postgres://h/?application_name=${part}`).key, "application_name", part)
    }
  })

  it("reads several hosts, each with its own port or none (CON-099)", () => {
    assert.deepStrictEqual(right(PgConfig.fromUri("postgres://a:1,[::1],c:3")).hosts, [
      { host: "a", port: 1 },
      { host: "::1", port: 5432 },
      { host: "c", port: 3 }
    ])
  })

  it("takes a socket folder as an escaped host or as a parameter (CON-100, CON-012)", () => {
    for (const uri of ["postgres://%2Frun%2Fpg:7/db", "postgres://:7/db?host=/run/pg"]) {
      assert.deepStrictEqual(right(PgConfig.fromUri(uri)).hosts, [{ host: "/run/pg", port: 7 }])
    }
  })

  it("lets parameters win over the parts before them, and takes ssl=true for sslmode=require (CON-101)", () => {
    const config = right(PgConfig.fromUri("postgres://u@h:1/d?user=v&host=i&dbname=e&port=2&ssl=true"))
    assert.deepStrictEqual(
      [config.user, config.database, config.hosts, config.sslMode],
      ["v", "e", [{ host: "i", port: 2 }], "require"]
    )
  })

  it("refuses parameters without an equals sign, with two, and unknown ones by name (CON-101)", () => {
    assert.strictEqual(reason("postgres://h/?user=a&b").key, "query parameter 2")
    assert.strictEqual(reason("postgres://h/?user=a=b").key, "user")
    assert.strictEqual(left(PgConfig.fromUri("postgres://h/?schema=public")).key, "schema")
    assert.strictEqual(left(PgConfig.fromUri("postgres://h/?ssl=false")).key, "ssl")
  })

  it("explains how @ and & of a password are written where they split the URI wrongly", () => {
    const host = left(PgConfig.fromUri("postgres://me:p@ss@h/db"))
    assert.deepStrictEqual([host.key, host.source], ["host", "uri"])
    assert.match(
      host.reason,
      /begins behind the first @, and an @ of the user or the password is written %40$/
    )
    const rest = left(PgConfig.fromUri("postgres://h/db?password=a&b=c"))
    assert.strictEqual(rest.key, "password")
    assert.match(rest.reason, /^query parameter 2, behind its value, names no setting; .* %26$/)
    const config = right(PgConfig.fromUri("postgres://h/db?password=a&ssl=true&requiressl=1"))
    assert.strictEqual(config.sslMode, "require")
    assert.strictEqual(left(PgConfig.make({ host: "me@h" })).key, "host")
    assert.strictEqual(right(PgConfig.make({ host: "@abstract" })).hosts[0].host, "@abstract")
    assert.strictEqual(right(PgConfig.make({ host: "/run/a@b" })).hosts[0].host, "/run/a@b")
  })

  it("counts empty parts as not set, so that weaker sources speak (CON-102)", () => {
    const config = right(
      PgConfig.fromSources({
        connectionString: "postgresql://:@:/",
        environment: { PGUSER: "env", PGHOST: "envhost", PGPORT: "99", PGDATABASE: "envdb", PGPASSWORD: "p" }
      })
    )
    assert.deepStrictEqual([config.user, config.database], ["env", "envdb"])
    assert.deepStrictEqual(config.hosts, [{ host: "envhost", port: 99 }])
  })

  it("knows two schemes only (CON-094)", () => {
    for (const uri of ["mysql://h", "postgresqlx://h", "POSTGRES://h", "postgresql:/h", " postgres://h"]) {
      assert.isTrue(Either.isLeft(PgConfig.fromUri(uri)), uri)
      assert.isTrue(Either.isLeft(PgConfig.fromConnectionString(uri)), uri)
    }
  })

  it("reads what the platform's URL class cannot hold (CON-103)", () => {
    const uri = "postgres://u:p@h1:1,h2:2/db"
    assert.throws(() => new URL(uri))
    assert.strictEqual(texts(uri)["host"], "h1,h2")
  })

  const keyword = fc.constantFrom("user", "password", "dbname", "application_name", "host")
  const value = fc
    .string({ unit: "grapheme", maxLength: 12 })
    .filter((text) => !text.includes("\0") && text.isWellFormed())

  it.prop("parse ∘ format is identity", [fc.array(fc.tuple(keyword, value), { maxLength: 6 })], ([pairs]) => {
    assert.deepStrictEqual(right(ConnectionUri.parse(ConnectionUri.format(pairs))), pairs)
  })

  it.prop(
    "never quotes the URI in an error (A15)",
    [fc.stringMatching(/^[a-z@:/?&=%,[\]]{0,12}$/)],
    ([noise]) => {
      const secret = "SECRETWORD"
      const parsed = PgConfig.fromUri(`postgres://u:${secret}${noise}@h/db`)
      if (Either.isLeft(parsed)) assert.notInclude(parsed.left.message, secret)
      else assert.notInclude(String(parsed.right), secret)
    }
  )
})
