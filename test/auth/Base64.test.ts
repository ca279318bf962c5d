import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Base64 from "../../src/auth/Base64.js"

describe("Base64", () => {
  it("encodes bytes as standard base64, and decodes them again", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Base64.encode(bytes)
        assert.strictEqual(text, Buffer.from(bytes).toString("base64"))
        assert.deepStrictEqual(Base64.decode(text), bytes)
      })
    )
  })

  it("reads nothing that it would spell otherwise (AUT-020, AUT-025)", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."AQgw/+=-_ \né"), maxLength: 12 }), (text) => {
        const bytes = Base64.decode(text)
        if (bytes !== null) assert.strictEqual(Base64.encode(bytes), text)
      }),
      { numRuns: 2000 }
    )
  })

  it.each(["A", "AA", "AAA", "A===", "====", "AA=A", "AB==", "AAB=", "AAA-", "AA ==", "AAAA\n", "AAAAé==="])(
    "refuses %j (AUT-020)",
    (text) => {
      assert.isNull(Base64.decode(text))
    }
  )
})
