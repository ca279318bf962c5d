import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import { PgCidr } from "../../src/model/PgCidr.js"
import { PgInet } from "../../src/model/PgInet.js"

const inet = (text: string): PgInet => Option.getOrThrow(PgInet.fromText(text))

describe("PgInet", () => {
  it("knows its family, and one address by one form", () => {
    assert.deepStrictEqual(inet("2001:DB8:0:0:0:0:0:1/64"), new PgInet("2001:db8::1", 64))
    assert.strictEqual(inet("::1").family, 6)
    assert.strictEqual(inet("10.0.0.1").family, 4)
    assert.isTrue(Option.isNone(PgInet.make("10.0.0.1", 33)))
    assert.isTrue(Option.isNone(PgInet.make("10.0.0.1", 1.5)))
  })

  it("is equal by address and prefix, and never to a network", () => {
    assert.isTrue(Equal.equals(inet("::1"), inet("0:0:0:0:0:0:0:1")))
    assert.strictEqual(Hash.hash(inet("::1")), Hash.hash(inet("0:0:0:0:0:0:0:1")))
    assert.isFalse(Equal.equals(inet("10.0.0.0/8"), inet("10.0.0.0/9")))
    assert.isFalse(Equal.equals<unknown, unknown>(inet("10.0.0.0/8"), new PgCidr("10.0.0.0", 8)))
  })

  it("is ordered as the server orders", () => {
    const sorted = [
      "0.0.0.0/0",
      "10.0.0.0/8",
      "10.0.0.1/8",
      "10.0.0.0",
      "10.0.0.1",
      "11.0.0.0/8",
      "::",
      "::1"
    ]
    for (const [index, self] of sorted.entries()) {
      for (const [other, that] of sorted.entries()) {
        assert.strictEqual(PgInet.Order(inet(self), inet(that)), Math.sign(index - other), `${self} ${that}`)
      }
    }
  })
})

describe("PgCidr", () => {
  it("has no bits behind its prefix", () => {
    assert.isTrue(Option.isNone(PgCidr.fromText("10.0.0.1/8")))
    assert.isTrue(Option.isNone(PgCidr.make("10.128.0.0", 8)))
    assert.deepStrictEqual(PgCidr.fromText("10.128.0.0/9"), Option.some(new PgCidr("10.128.0.0", 9)))
    assert.strictEqual(JSON.stringify(new PgCidr("10.0.0.1", 32)), '"10.0.0.1/32"')
    assert.strictEqual(PgCidr.Order(new PgCidr("10.0.0.0", 8), new PgCidr("10.0.0.0", 9)), -1)
    assert.isTrue(Equal.equals(new PgCidr("10.0.0.0", 8), new PgCidr("10.0.0.0", 8)))
  })
})
