import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Message } from "../../../src/wire/Message.js"
import {
  CopyBothResponse,
  CopyData,
  CopyFail,
  CopyInResponse,
  CopyOutResponse
} from "../../../src/wire/messages/Copy.js"
import { bytes, malformed, refused, written } from "../bytes.js"

describe("the answers that open a copy", () => {
  type Opening = CopyInResponse | CopyOutResponse | CopyBothResponse
  const all: ReadonlyArray<Pick<Message<Opening>, "kind" | "decode">> = [
    CopyInResponse,
    CopyOutResponse,
    CopyBothResponse
  ]
  for (const message of all) {
    it(`${message.kind} reads formats, and may have no columns (MSG-021)`, () => {
      assert.deepStrictEqual(Either.getOrThrow(message.decode(bytes(0, 0, 0))).columnFormats, [])
      const binary = Either.getOrThrow(message.decode(bytes(1, 0, 2, 0, 1, 0, 1)))
      assert.deepStrictEqual([binary.format, binary.columnFormats], [1, [1, 1]])
    })

    it(`${message.kind} refuses counts that do not match and invalid codes (F10)`, () => {
      malformed(message.decode(bytes(0)))
      malformed(message.decode(bytes(0, 0, 1)))
      malformed(message.decode(bytes(0, 255, 255, 0, 0)))
      malformed(message.decode(bytes(0, 0, 1, 0, 0, 0, 0)))
      malformed(message.decode(bytes(2, 0, 0)))
      malformed(message.decode(bytes(255, 0, 0)))
      malformed(message.decode(bytes(0, 0, 1, 0, 2)))
    })
  }
})

describe("CopyData", () => {
  it("carries any bytes, none too", () => {
    for (const data of [bytes(), bytes(0, 255, "\\.\n")]) {
      const sent = written((writer) => CopyData.encode(writer, { _tag: "CopyData", data }))
      assert.deepStrictEqual(Either.getOrThrow(CopyData.decode(sent, 5)).data, data)
    }
  })
})

describe("CopyFail", () => {
  it("refuses a reason longer than the server takes (MSG-004)", () => {
    const fail = (size: number): CopyFail => ({ _tag: "CopyFail", reason: "r".repeat(size) })
    written((writer) => CopyFail.encode(writer, fail(10_000 - 5)))
    refused((writer) => CopyFail.encode(writer, fail(10_000 - 4)))
  })
})
