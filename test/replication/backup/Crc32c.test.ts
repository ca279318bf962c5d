import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as NodeCrypto from "node:crypto"
import * as Checksum from "../../../src/replication/backup/Checksum.js"
import * as Crc32c from "../../../src/replication/backup/Crc32c.js"

const text = new TextEncoder()

describe("CRC-32C", () => {
  it("has the values of the standard (REP-074)", () => {
    assert.strictEqual(Crc32c.update(0, text.encode("123456789")), 0xe3069283)
    assert.strictEqual(Crc32c.update(0, new Uint8Array(32)), 0x8a9136aa)
    assert.strictEqual(Crc32c.update(0, new Uint8Array(32).fill(0xff)), 0x62a8ab43)
    assert.strictEqual(Crc32c.update(0, new Uint8Array(0)), 0)
  })

  it("is that of the plain twin, wherever the bytes lie and however they are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(7), fc.nat(400), (bytes, before, cut) => {
        const chunk = new Uint8Array(before + bytes.length)
        chunk.set(bytes, before)
        const view = chunk.subarray(before)
        const plain = Crc32c.updatePlain(0, view)
        assert.strictEqual(Crc32c.update(0, view), plain)
        const first = Crc32c.update(0, view.subarray(0, cut))
        assert.strictEqual(Crc32c.update(first, view.subarray(cut)), plain)
      })
    )
  })

  it("stands in a manifest as its bytes in little-endian order; the others as they are (REP-074)", () => {
    const of = (algorithm: (typeof Checksum.algorithms)[number]) => {
      const checksum = Checksum.make(algorithm)
      checksum.update(text.encode("1234"))
      checksum.update(text.encode("56789"))
      return checksum.digest()
    }
    assert.strictEqual(of("CRC32C"), "839206e3")
    assert.strictEqual(of("NONE"), "")
    for (const algorithm of ["SHA224", "SHA256", "SHA384", "SHA512"] as const) {
      assert.strictEqual(
        of(algorithm),
        NodeCrypto.createHash(algorithm.toLowerCase()).update("123456789").digest("hex")
      )
    }
  })
})
