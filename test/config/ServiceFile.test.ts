import { assert, describe, it } from "@effect/vitest"
import * as ServiceFile from "../../src/config/ServiceFile.js"
import { left, right } from "./outcome.js"

const read = (text: string, service = "shop") => ServiceFile.parse(text, service, "/etc/s.conf")

describe("ServiceFile", () => {
  it("reads the first section of the name, up to the next one (CON-109)", () => {
    const text = [
      "# comment",
      "[other]",
      "host=o",
      "",
      "  [shop]  ",
      "\thost=h \r",
      "#user=x",
      "password=a = b",
      "[more]",
      "port=1",
      "[shop]",
      "dbname=late"
    ].join("\n")
    assert.deepStrictEqual(right(read(text)), [
      ["host", "h"],
      ["password", "a = b"]
    ])
  })

  it("keeps the first of two equal keywords, as libpq does (CON-109)", () => {
    assert.deepStrictEqual(right(read("[shop]\nuser=a\nuser=b")), [["user", "a"]])
  })

  it("finds nothing in a file without the section (CON-108)", () => {
    assert.isUndefined(right(read("[shopping]\nhost=h\n")))
    assert.isUndefined(right(read("")))
  })

  it("refuses lines without an equals sign, services within services, LDAP and overlong lines (CON-109)", () => {
    assert.strictEqual(left(read("[shop]\nhost\n")).source, "/etc/s.conf, line 2")
    assert.strictEqual(left(read("[shop]\nservice=x")).key, "service")
    assert.strictEqual(left(read("[shop]\nservicefile=x")).key, "servicefile")
    assert.include(left(read("[shop]\nldap://h/x")).reason, "LDAP")
    assert.include(left(read(`[a]\n#${"x".repeat(1023)}\n`)).reason, "1023")
    assert.deepStrictEqual(right(read(`[shop]\n#${"x".repeat(1022)}\n`)), [])
  })

  it("does not read sections of other names", () => {
    assert.deepStrictEqual(right(read("[a]\nnonsense\n[shop]\nuser=u")), [["user", "u"]])
  })

  it("does not show the line that is at fault (A15)", () => {
    assert.notInclude(left(read("[shop]\npassword: secret")).message, "secret")
  })
})
