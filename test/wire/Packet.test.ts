import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { SSLRequest } from "../../src/wire/messages/Negotiation.js"
import * as Packet from "../../src/wire/Packet.js"
import { bytes, malformed, refused } from "./bytes.js"

interface Blob {
  readonly _tag: "Blob"
  readonly size: number
}

const blob = Packet.make<Blob>(
  "Blob",
  (reader) => {
    const size = reader.remaining
    reader.view8(size)
    return { _tag: "Blob", size }
  },
  (writer, { size }) => writer.raw(new Uint8Array(size))
)

describe("Packet", () => {
  it("counts its length word in its length, and has no tag (CON-001)", () => {
    assert.deepStrictEqual(Either.getOrThrow(blob.decode(bytes(9, 0, 0, 0, 6, 1, 2), 1)), {
      _tag: "Blob",
      size: 2
    })
  })

  it("refuses a length that is not its size", () => {
    malformed(blob.decode(bytes(0, 0, 0, 7, 1, 2)))
    malformed(blob.decode(bytes(0, 0, 0, 5, 1, 2)))
    assert.strictEqual(malformed(blob.decode(bytes(0, 0, 0))).tag, undefined)
  })

  it("refuses more than a server takes, in both directions (CON-002)", () => {
    const packet = (size: number) => bytes(0, 0, (size >> 8) & 255, size & 255, new Uint8Array(size - 4))
    assert.isTrue(Either.isRight(blob.decode(packet(10_004))))
    malformed(blob.decode(packet(10_005)))
    refused((writer) => blob.encode(writer, { _tag: "Blob", size: 10_001 }))
  })

  it("refuses another request's code", () => {
    assert.include(malformed(SSLRequest.decode(bytes(0, 0, 0, 8, 4, 0xd2, 22, 48))).message, "80877104")
  })
})
