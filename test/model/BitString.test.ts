import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import { BitString } from "../../src/model/BitString.js"

const bits = (text: string): BitString => Option.getOrThrow(BitString.fromText(text))

describe("BitString", () => {
  it("answers bit by bit from the left", () => {
    const value = bits("1010000001")
    assert.deepStrictEqual(
      [0, 1, 2, 9, 10, -1, 0.5].map((index) => value.at(index)),
      [1, 0, 1, 1, undefined, undefined, undefined]
    )
  })

  it("is made of a copy, cut to its length", () => {
    const bytes = Uint8Array.of(0xff, 0xff)
    const value = Option.getOrThrow(BitString.make(bytes, 3))
    bytes[0] = 0
    assert.strictEqual(String(value), "111")
    assert.isTrue(Equal.equals(value, bits("111")))
    assert.isTrue(Option.isNone(BitString.make(bytes, 17)))
    assert.isTrue(Option.isNone(BitString.make(bytes, -1)))
    assert.isTrue(Option.isNone(BitString.fromText("012")))
  })

  it("is equal by bits and length, and ordered as the server orders", () => {
    assert.strictEqual(Hash.hash(bits("101")), Hash.hash(bits("101")))
    assert.isFalse(Equal.equals(bits("10"), bits("100")))
    const sorted = ["", "0", "00", "01", "1", "10", "100000000", "1000000001"].map(bits)
    sorted.forEach((self, index) =>
      sorted.forEach((that, other) =>
        assert.strictEqual(BitString.Order(self, that), Math.sign(index - other), `${self} ${that}`)
      )
    )
    assert.strictEqual(JSON.stringify(bits("01")), '"01"')
  })
})
