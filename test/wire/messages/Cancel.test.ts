import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { CancelRequest, Terminate } from "../../../src/wire/messages/Cancel.js"
import { bytes, int32, malformed, refused, written } from "../bytes.js"

const request = (size: number): CancelRequest => ({
  _tag: "CancelRequest",
  processId: -1,
  secretKey: new Uint8Array(size).fill(0xab)
})
const sent = (size: number) => written((writer) => CancelRequest.encode(writer, request(size)))

describe("CancelRequest", () => {
  it("has a length of 12 and the key's, whole and unchanged (CON-126)", () => {
    for (const size of [4, 32, 256]) {
      const packet = sent(size)
      assert.deepStrictEqual(
        packet,
        bytes(...int32(12 + size), 4, 0xd2, 22, 46, ...int32(-1), request(size).secretKey)
      )
      assert.deepStrictEqual(Either.getOrThrow(CancelRequest.decode(packet)), request(size))
    }
  })

  it("refuses a key no session has", () => {
    for (const size of [0, 257]) {
      refused((writer) => CancelRequest.encode(writer, request(size)))
      malformed(
        CancelRequest.decode(bytes(...int32(12 + size), 4, 0xd2, 22, 46, ...int32(1), new Uint8Array(size)))
      )
    }
  })
})

describe("Terminate", () => {
  it("is five bytes (CON-132)", () => {
    assert.deepStrictEqual(
      written((writer) => Terminate.encode(writer, Terminate.value)),
      bytes("X", 0, 0, 0, 4)
    )
  })
})
