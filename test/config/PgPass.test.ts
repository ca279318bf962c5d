import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as PgPass from "../../src/config/PgPass.js"

const key = { host: "h", port: 5432, database: "db", user: "me" }
const found = (file: string, over: Partial<PgPass.PgPassKey> = {}) =>
  PgPass.lookup(PgPass.parse(file), { ...key, ...over })

describe("PgPass", () => {
  it.each([
    ["the first line that matches counts", "h:5432:db:me:one\nh:5432:db:me:two", {}, "one"],
    ["lines that do not match are passed over", "x:5432:db:me:one\nh:5432:db:me:two", {}, "two"],
    ["a star matches anything", "*:*:*:*:any", {}, "any"],
    ["a star inside a field is a star", "h*:5432:db:me:no", {}, undefined],
    ["an escaped star is a star", "\\*:5432:db:me:star", { host: "*" }, "star"],
    ["an escaped star matches nothing else", "\\*:5432:db:me:star", {}, undefined],
    [
      "colons and backslashes are escaped",
      "\\:\\:1:5432:a\\\\b:me:p\\:q\\\\r",
      { host: "::1", database: "a\\b" },
      "p:q\\r"
    ],
    ["a comment is no line", "#h:5432:db:me:no\nh:5432:db:me:yes", {}, "yes"],
    ["a comment is no line even for a host of its name", "#h:5432:db:me:no", { host: "#h" }, undefined],
    ["carriage returns are no part of the password", "h:5432:db:me:pw\r\n", {}, "pw"],
    ["a password of one star is a star", "h:5432:db:me:*", {}, "*"],
    ["a password ends at a bare colon, as in libpq", "h:5432:db:me:a:b", {}, "a"],
    ["a line of four fields is passed over", "h:5432:db:me", {}, undefined],
    ["an empty password is ignored", "h:5432:db:me:", {}, undefined],
    ["spaces belong to the password", "h:5432:db:me: p ", {}, " p "],
    ["a lone backslash at the end stays", "h:5432:db:me:p\\", {}, "p\\"]
  ] as ReadonlyArray<[string, string, Partial<PgPass.PgPassKey>, string | undefined]>)(
    "%s (CON-111)",
    (_, file, over, password) => assert.strictEqual(found(file, over), password)
  )

  it("is not used when others than its owner may read or write it (CON-112)", () => {
    for (const mode of [0o600, 0o400, 0o100600, undefined]) assert.isUndefined(PgPass.modeProblem(mode))
    for (const mode of [0o640, 0o604, 0o620, 0o100644]) assert.include(PgPass.modeProblem(mode), "0600")
  })

  const field = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
    .filter((text) => !/[\0\r\n]/.test(text))
  const escape = (text: string) => text.replace(/[\\:*]/g, "\\$&")

  it.prop(
    "finds what was written with escapes",
    [field, field, field, field],
    ([host, database, user, password]) => {
      fc.pre(!host.startsWith("#"))
      const line = [host, "5432", database, user, password].map(escape).join(":")
      assert.strictEqual(found(line, { host, database, user }), password)
    }
  )
})
