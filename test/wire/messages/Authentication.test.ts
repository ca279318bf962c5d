import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Authentication from "../../../src/wire/messages/Authentication.js"
import { bytes, int32, malformed, type Part, refused, written } from "../bytes.js"

const decode = (code: number, ...parts: ReadonlyArray<Part>) =>
  Authentication.Authentication.decode(bytes(...int32(code), ...parts))

describe("Authentication", () => {
  it("takes a body of just the size its code has (AUT-004)", () => {
    for (const code of [0, 2, 3, 7, 9]) {
      assert.isTrue(Either.isRight(decode(code)))
      malformed(decode(code, 0))
    }
    for (const size of [0, 3, 5, 8]) malformed(decode(5, new Uint8Array(size)))
    assert.isTrue(Either.isRight(decode(5, 1, 2, 3, 4)))
    assert.include(
      refused((writer) =>
        Authentication.Authentication.encode(writer, {
          _tag: "AuthenticationMD5Password",
          salt: bytes(1, 2, 3)
        })
      ),
      "3 bytes"
    )
  })

  it("reads mechanisms up to the closing zero, which is the last byte (AUT-004)", () => {
    assert.deepStrictEqual(Either.getOrThrow(decode(10, "A", 0, "B", 0, 0)), {
      _tag: "AuthenticationSASL",
      mechanisms: ["A", "B"]
    })
    assert.deepStrictEqual(Either.getOrThrow(decode(10, 0)), { _tag: "AuthenticationSASL", mechanisms: [] })
    malformed(decode(10))
    malformed(decode(10, "A", 0))
    malformed(decode(10, "A"))
    malformed(decode(10, "A", 0, 0, 0))
    malformed(decode(10, "A", 0, 0, "B", 0, 0))
    refused((writer) =>
      Authentication.Authentication.encode(writer, { _tag: "AuthenticationSASL", mechanisms: ["A", "", "B"] })
    )
  })

  it("keeps the code of a method it does not know, for the error to name", () => {
    for (const code of [1, 4, 6, 13, -1, 0x7fff_ffff]) {
      assert.deepStrictEqual(Either.getOrThrow(decode(code, "x")), {
        _tag: "AuthenticationOther",
        code,
        data: bytes("x")
      })
    }
  })

  it("refuses a request without a code", () => {
    const failure = malformed(Authentication.Authentication.decode(bytes(0, 0, 0)))
    assert.match(failure.message, /^malformed message Authentication 'R'/)
  })
})

describe("SASLInitialResponse", () => {
  it("distinguishes no data from empty data (AUT-002)", () => {
    const sent = (data: Uint8Array | null) =>
      written((writer) =>
        Authentication.SASLInitialResponse.encode(writer, {
          _tag: "SASLInitialResponse",
          mechanism: "M",
          data
        })
      )
    assert.deepStrictEqual(sent(null), bytes("p", 0, 0, 0, 10, "M", 0, 255, 255, 255, 255))
    assert.deepStrictEqual(sent(bytes()), bytes("p", 0, 0, 0, 10, "M", 0, 0, 0, 0, 0))
  })
})

describe("the answers", () => {
  it("are refused when they are longer than a server takes", () => {
    const data = new Uint8Array(65_535 - 4)
    written((writer) => Authentication.GSSResponse.encode(writer, { _tag: "GSSResponse", data }))
    const longer = new Uint8Array(65_535 - 3)
    refused((writer) => Authentication.GSSResponse.encode(writer, { _tag: "GSSResponse", data: longer }))
    refused((writer) => Authentication.SASLResponse.encode(writer, { _tag: "SASLResponse", data: longer }))
    refused((writer) =>
      Authentication.PasswordMessage.encode(writer, { _tag: "PasswordMessage", password: "p".repeat(70_000) })
    )
  })
})
