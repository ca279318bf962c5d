import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { FunctionCall, FunctionCallResponse } from "../../../src/wire/messages/FunctionCall.js"
import { bytes, int32, malformed, refused } from "../bytes.js"

describe("FunctionCall", () => {
  it("refuses more arguments than can be counted (MSG-002)", () => {
    refused((writer) =>
      FunctionCall.encode(writer, {
        _tag: "FunctionCall",
        functionOid: 1,
        argumentFormats: [],
        arguments: new Array<null>(65_536).fill(null),
        resultFormat: 0
      })
    )
  })
})

describe("FunctionCallResponse", () => {
  it("distinguishes NULL from empty (FLW-090)", () => {
    assert.isNull(Either.getOrThrow(FunctionCallResponse.decode(bytes(...int32(-1)))).value)
    assert.deepStrictEqual(Either.getOrThrow(FunctionCallResponse.decode(bytes(...int32(0)))).value, bytes())
  })

  it("refuses a length that lies", () => {
    for (const length of [-2, 4, 0x7fff_ffff]) {
      malformed(FunctionCallResponse.decode(bytes(...int32(length), "abc")))
      malformed(FunctionCallResponse.decode(bytes(...int32(length))))
    }
  })
})
