import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as KeywordValue from "../../src/config/KeywordValue.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import { left, right } from "./outcome.js"

const texts = (conninfo: string) => right(KeywordValue.parse(conninfo))

describe("KeywordValue", () => {
  it("allows white space around the equals sign, quotes and backslashes (CON-091)", () => {
    assert.deepStrictEqual(
      texts(" host = h\tuser='a b' \n dbname='it\\'s' password=a\\ \\'\\\\b options=''"),
      [
        ["host", "h"],
        ["user", "a b"],
        ["dbname", "it's"],
        ["password", "a '\\b"],
        ["options", ""]
      ]
    )
  })

  it("refuses a missing equals sign, an open quote and unknown keywords by name (CON-091)", () => {
    assert.include(left(KeywordValue.parse("host=h user")).reason, "character 8")
    assert.strictEqual(left(KeywordValue.parse("host=h user='a")).key, "user")
    assert.strictEqual(left(PgConfig.fromConnectionString("host=h colour=red")).key, "colour")
  })

  it("lets the later of two equal keywords win (CON-092)", () => {
    assert.strictEqual(right(PgConfig.fromConnectionString("user=a user=b")).user, "b")
  })

  it("does not quote a misplaced piece of a password (A15)", () => {
    for (const text of [
      "password='it's secret'",
      "password=my secret",
      "psql://u:secret@h",
      "password='secret"
    ]) {
      assert.notInclude(left(KeywordValue.parse(text)).message, "secret", text)
    }
  })

  it("knows the old name of sslmode, also behind a secret", () => {
    const mode = (text: string) => right(PgConfig.fromConnectionString(text)).sslMode
    assert.strictEqual(mode("host=h password=a requiressl=1"), "require")
    assert.strictEqual(mode("host=h password=a requiressl=0"), "prefer")
  })

  it("expands a database name that is a connection string, and no other (CON-093)", () => {
    const read = (name: string) => right(PgConfig.fromDatabaseName(name))
    assert.strictEqual(read("shop's").database, "shop's")
    assert.strictEqual(read("dbname=shop user=me").user, "me")
    assert.strictEqual(read("postgres://me@h/shop").database, "shop")

    assert.strictEqual(left(PgConfig.fromDatabaseName("mysql://me:secret@h/shop")).key, "uri")
    assert.strictEqual(right(PgConfig.make({ database: "user=me" })).database, "user=me")
  })

  const value = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\0"))

  it.prop(
    "parse ∘ format is identity",
    [fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), value))],
    ([pairs]) => {
      assert.deepStrictEqual(right(KeywordValue.parse(KeywordValue.format(pairs))), pairs)
    }
  )
})
