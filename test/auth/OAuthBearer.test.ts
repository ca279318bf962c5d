import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import * as OAuthBearer from "../../src/auth/OAuthBearer.js"

const challenge = (text: string) =>
  Either.match(OAuthBearer.parseChallenge(text), {
    onLeft: ({ reason }) => reason,
    onRight: (value) => value
  })
const issuer = (address: string) =>
  Either.match(OAuthBearer.issuerOf(address), { onLeft: ({ reason }) => reason, onRight: (value) => value })

/** Text of any code points; `unit: "binary"` takes seconds to set up. */
const anyText = fc
  .array(fc.integer({ min: 1, max: 0x10ffff }))
  .map((codes) => String.fromCodePoint(...codes.filter((code) => code < 0xd800 || code > 0xdfff)))

describe("OAuthBearer", () => {
  it("lays the token out as RFC 7628 does (AUT-059)", () => {
    assert.strictEqual(
      Either.getOrThrow(OAuthBearer.initial("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")),
      "n,,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )
    assert.strictEqual(OAuthBearer.discovery, "n,,\x01auth=\x01\x01")
    assert.strictEqual(OAuthBearer.acknowledgement, "\x01")
  })

  it.each(["", "s3 cret", "a\r\nb", "a\n", "a\x01b", "a=b", "=", "té", "a,b", "a\0"])(
    "refuses %j as a token, without repeating it (AUT-066, A15)",
    (token) => {
      const refused = Either.getOrThrow(Either.flip(OAuthBearer.initial(token)))
      assert.strictEqual(refused.reason, "password-missing")
      if (token.length > 1) assert.notInclude(refused.detail, token)
    }
  )

  it("reads the server's challenge (AUT-061, TRP-033)", () => {
    const text = `{"status":"invalid_token","openid-configuration":"https://a.b/.well-known/openid-configuration","scope":"x y"}`
    assert.deepStrictEqual(challenge(text), {
      status: "invalid_token",
      scope: "x y",
      openidConfiguration: "https://a.b/.well-known/openid-configuration"
    })
    assert.deepStrictEqual(
      challenge(` { "other" : { "status" : [ 1 ] } , "status" : "invalid\\u005ftoken" } `),
      {
        status: "invalid_token",
        scope: undefined,
        openidConfiguration: undefined
      }
    )
  })

  it.each([
    ["nothing", ""],
    ["text that is not JSON", "{status"],
    ["an array", `[{"status":"x"}]`],
    ["a string", `"status"`],
    ["null", "null"],
    ["no status", `{"scope":"x"}`],
    ["a status that is a number", `{"status":1}`],
    ["a status that is null", `{"status":null}`],
    ["a scope that is a list", `{"status":"x","scope":["y"]}`],
    ["an address that is an object", `{"status":"x","openid-configuration":{}}`],
    ["a status given twice", `{"status":"x","status":"x"}`],
    ["a status given twice, once spelled with an escape", `{"status":"x","st\\u0061tus":"y"}`],
    ["a scope given twice, once as nothing", `{"status":"x","scope":null,"scope":"y"}`],
    ["garbage behind the object", `{"status":"x"}}`],
    ["bytes that were not UTF-8", `{"status":"\ufffd"}`],
    ["deep nesting", `{"status":"x","y":${"[".repeat(16)}${"]".repeat(16)}}`],
    ["far too deep nesting", "[".repeat(16_000)],
    ["a text beyond measure", `{"status":"x"${" ".repeat(17_000)}}`],
    ["a zero byte", `{"status":"x"}\0`]
  ])("refuses %s (AUT-062)", (_, text) => {
    assert.strictEqual(challenge(text), "server-unproven")
  })

  it("passes over the same names further in, and brackets inside text (AUT-062)", () => {
    const text = `{"status":"x","a":{"status":1,"b":[{"status":2}]},"scope":"[[[[[[[[[[[[[[[[[[ \\" {"}`
    assert.deepStrictEqual(challenge(text), {
      status: "x",
      scope: `[[[[[[[[[[[[[[[[[[ " {`,
      openidConfiguration: undefined
    })
  })

  it("reads every object that JSON can print, and never throws (AUT-062)", () => {
    fc.assert(
      fc.property(anyText, fc.jsonValue({ maxDepth: 5 }), (status, other) => {
        fc.pre(!JSON.stringify([status, other]).includes("\ufffd"))
        const read = challenge(JSON.stringify({ other, status }))
        assert.deepStrictEqual(read, { status, scope: undefined, openidConfiguration: undefined })
      }),
      { numRuns: 50 }
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.isTrue(Either.isEither(OAuthBearer.parseChallenge(text)))
      })
    )
  })

  it.each([
    ["https://a.b/.well-known/openid-configuration", "https://a.b"],
    ["https://a.b/c/d/.well-known/openid-configuration", "https://a.b/c/d"],
    ["https://a.b:8443/.well-known/oauth-authorization-server/c/d", "https://a.b:8443/c/d"],
    ["https://a.b/.well-known/oauth-authorization-server", "https://a.b"],
    ["HTTPS://a.b/.well-known/openid-configuration", "HTTPS://a.b"]
  ])("derives from %s the issuer %s (AUT-064)", (address, expected) => {
    assert.strictEqual(issuer(address), expected)
  })

  it.each([
    "http://a.b/.well-known/openid-configuration",
    "https://a.b/openid-configuration",
    "https://a.b/.well-known/other",
    "https://a.b/.well-known/openid-configuration-bad",
    "https://a.b/.well-known/openid-configuration?x=1",
    "https://a.b/.well-known/openid-configuration#x",
    "https://a.b/c/.well-known/openid-configuration/d",
    "https://a.b/.well-known/x/.well-known/openid-configuration",
    "https:///.well-known/openid-configuration",
    "https://a.b/ .well-known/openid-configuration",
    "ftp://a.b",
    ""
  ])("refuses the discovery address %j (AUT-064)", (address) => {
    assert.strictEqual(issuer(address), "server-unproven")
  })
})
