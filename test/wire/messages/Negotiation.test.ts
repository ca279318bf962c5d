import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Negotiation from "../../../src/wire/messages/Negotiation.js"
import { bytes, int32, malformed, type Part } from "../bytes.js"

const decode = (...parts: ReadonlyArray<Part>) => Negotiation.NegotiateProtocolVersion.decode(bytes(...parts))

describe("NegotiateProtocolVersion", () => {
  it("reads the whole version word and the names of the options (CON-063, CON-064)", () => {
    assert.deepStrictEqual(
      Either.getOrThrow(decode(0, 3, 0, 2, ...int32(2), "_pq_.test_protocol_negotiation", 0, "_pq_.b", 0)),
      {
        _tag: "NegotiateProtocolVersion",
        version: 0x0003_0002,
        unsupported: ["_pq_.test_protocol_negotiation", "_pq_.b"]
      }
    )
    assert.strictEqual(Either.getOrThrow(decode(0, 3, 0, 0, ...int32(0))).version, 0x0003_0000)
  })

  it("refuses a negative count, a count beyond the bytes, and bytes left over (CON-066, MSG-025)", () => {
    malformed(decode(0, 3, 0, 0, ...int32(-1)))
    malformed(decode(0, 3, 0, 0, ...int32(-0x8000_0000), "_pq_.a", 0))
    malformed(decode(0, 3, 0, 0, ...int32(2), "_pq_.a", 0))
    malformed(decode(0, 3, 0, 0, ...int32(0x7fff_ffff), "_pq_.a", 0))
    malformed(decode(0, 3, 0, 0, ...int32(1), "_pq_.a"))
    malformed(decode(0, 3, 0, 0, ...int32(0), 0))
  })
})

describe("encryptionAnswer", () => {
  it("takes one byte only for what was asked", () => {
    const answers = (request: "SSLRequest" | "GSSENCRequest") =>
      [..."SGNEX\0"].map((byte) => Negotiation.encryptionAnswer(request, byte.charCodeAt(0)))
    assert.deepStrictEqual(answers("SSLRequest"), [
      "Accepted",
      "Invalid",
      "Refused",
      "Error",
      "Invalid",
      "Invalid"
    ])
    assert.deepStrictEqual(answers("GSSENCRequest"), [
      "Invalid",
      "Accepted",
      "Refused",
      "Error",
      "Invalid",
      "Invalid"
    ])
  })

  it("is what a server answers", () => {
    for (const request of ["SSLRequest", "GSSENCRequest"] as const) {
      assert.strictEqual(
        Negotiation.encryptionAnswer(request, Negotiation.encryptionAnswerByte(request, true)),
        "Accepted"
      )
      assert.strictEqual(
        Negotiation.encryptionAnswer(request, Negotiation.encryptionAnswerByte(request, false)),
        "Refused"
      )
    }
  })
})
