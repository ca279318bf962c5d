import { assert, describe, it } from "@effect/vitest"
import * as Integers from "../../src/types/Integers.js"
import { mapped } from "../../src/types/Mapped.js"
import * as Texts from "../../src/types/Texts.js"
import { bytesOf, decodeBinary, decodeText, encodeBinary, encodeText } from "./codecs.js"

class Cents {
  constructor(readonly value: number) {}
}

const seen: Array<unknown> = []
const cents = mapped(
  Integers.int4,
  (value) => {
    seen.push(value)
    return new Cents(value)
  },
  (value) => (value instanceof Cents ? value.value : value)
)

describe("a mapped codec", () => {
  it("reads and writes values made of the other's, in both formats", () => {
    assert.deepStrictEqual(decodeBinary(cents, bytesOf("00000007")), { value: new Cents(7) })
    assert.deepStrictEqual(decodeText(cents, "7"), { value: new Cents(7) })
    assert.deepStrictEqual(encodeBinary(cents, new Cents(7)), { value: bytesOf("00000007") })
    assert.deepStrictEqual(encodeText(cents, new Cents(7)), { value: "7" })
    assert.deepStrictEqual([cents.oid, cents.name, cents.arrayOid], [23, "int4", 1007])
  })

  it("does not show what could not be read, and lets the other judge what is not its own", () => {
    seen.length = 0
    assert.property(decodeBinary(cents, bytesOf("0007")), "failure")
    assert.property(decodeText(cents, "seven"), "failure")
    assert.deepStrictEqual(seen, [])
    assert.deepStrictEqual(encodeText(cents, 8), { value: "8" })
    assert.property(encodeBinary(cents, new Cents(1.5)), "failure")
  })

  it("has no binary format where the other has none", () => {
    const bare = mapped({ ...Texts.text, decodeBinary: undefined, encodeBinary: undefined }, String, String)
    assert.deepStrictEqual([bare.decodeBinary, bare.encodeBinary], [undefined, undefined])
  })
})
