import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import * as Texts from "../../src/types/Texts.js"
import { bytesOf, decodeBinary, decodeText } from "./codecs.js"

describe("text of a database without an encoding", () => {
  const registries = [lossless.checkingText(), familiar.checkingText()]

  it("is read when it is UTF-8, and fails otherwise with the way to read it", () => {
    for (const registry of registries)
      for (const oid of [Oid.text, Oid.varchar, Oid.name]) {
        const codec = registry.lookup(oid)!
        assert.deepStrictEqual(decodeText(codec, "é"), { value: "é" })
        assert.deepStrictEqual(decodeBinary(codec, bytesOf("c3a9")), { value: "é" })
        for (const hex of ["e9", "c3", "61c3"]) {
          const outcome = decodeBinary(codec, bytesOf(hex))
          assert.match(
            "failure" in outcome ? outcome.failure : "",
            /not UTF-8.*convert_to\(value, 'SQL_ASCII'\)$/
          )
        }
      }
  })

  it("is checked in JSON and in arrays too, and other types are as they were", () => {
    for (const registry of registries) {
      assert.property(decodeBinary(registry.lookup(Oid.json)!, bytesOf("22e922")), "failure")
      assert.deepStrictEqual(decodeText(registry.lookup(Oid.json)!, '"é"'), { value: "é" })
      const one = bytesOf("00000001 00000000 00000019 00000001 00000001 00000001 e9")
      assert.property(decodeBinary(registry.lookup(Oid.textArray)!, one), "failure")
    }
    assert.strictEqual(registries[0]!.lookup(Oid.bytea), lossless.lookup(Oid.bytea))
    assert.strictEqual(registries[0]!.lookup(Oid.int4), lossless.lookup(Oid.int4))
  })

  it("keeps a codec without a binary form without one", () => {
    const textOnly = Texts.textOnly("x", 70_000, 0)
    const checked = lossless.with(textOnly).checkingText().lookup(70_000)
    assert.isDefined(checked)
    assert.strictEqual(checked?.decodeBinary === undefined, textOnly.decodeBinary === undefined)
  })
})
