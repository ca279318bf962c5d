import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import {
  BackendKeyData,
  decodeReadyForQueryPlain,
  NotificationResponse,
  ParameterStatus,
  ReadyForQuery
} from "../../../src/wire/messages/Async.js"
import { bytes, int32, malformed, refused } from "../bytes.js"

describe("BackendKeyData", () => {
  it("takes keys of 4 to 256 bytes whole (CON-071, CON-078)", () => {
    for (const size of [4, 32, 256]) {
      const key = new Uint8Array(size).fill(0x9c)
      assert.deepStrictEqual(Either.getOrThrow(BackendKeyData.decode(bytes(...int32(-2), key))), {
        _tag: "BackendKeyData",
        processId: -2,
        secretKey: key
      })
    }
  })

  it("refuses keys that are shorter or longer (CON-078)", () => {
    for (const size of [0, 1, 3, 257, 1_000]) {
      malformed(BackendKeyData.decode(bytes(...int32(1), new Uint8Array(size))))
      refused((writer) =>
        BackendKeyData.encode(writer, {
          _tag: "BackendKeyData",
          processId: 1,
          secretKey: new Uint8Array(size)
        })
      )
    }
  })
})

describe("ReadyForQuery", () => {
  it("knows three states and no other (MSG-022)", () => {
    for (let byte = 0; byte < 256; byte++) {
      const decoded = ReadyForQuery.decode(bytes(byte))
      const character = String.fromCharCode(byte)
      if ("ITE".includes(character)) assert.strictEqual(Either.getOrThrow(decoded).status, character)
      else malformed(decoded)
    }
    malformed(ReadyForQuery.decode(bytes()))
    malformed(ReadyForQuery.decode(bytes("II")))
  })

  it.prop(
    "is read the quick way just as the plain way",
    [fc.array(fc.constantFrom(..."ITEX\0"), { maxLength: 3 })],
    ([characters]) => {
      const body = bytes(...characters)
      const quick = ReadyForQuery.decode(body)
      const plain = decodeReadyForQueryPlain(body)
      assert.strictEqual(Either.isRight(quick), Either.isRight(plain))
      if (Either.isRight(quick)) assert.deepStrictEqual(quick, plain)
    }
  )
})

describe("NotificationResponse", () => {
  it("may have an empty payload, but must have one (MSG-023)", () => {
    assert.deepStrictEqual(Either.getOrThrow(NotificationResponse.decode(bytes(...int32(5), "c", 0, 0))), {
      _tag: "NotificationResponse",
      processId: 5,
      channel: "c",
      payload: ""
    })
    malformed(NotificationResponse.decode(bytes(...int32(5), "c", 0)))
  })
})

describe("ParameterStatus", () => {
  it("takes any name and value", () => {
    assert.deepStrictEqual(Either.getOrThrow(ParameterStatus.decode(bytes("__proto__", 0, "", 0))), {
      _tag: "ParameterStatus",
      name: "__proto__",
      value: ""
    })
  })
})
