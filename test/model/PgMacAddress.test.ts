import { assert, describe, it } from "@effect/vitest"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import { PgMacAddress } from "../../src/model/PgMacAddress.js"

const of = (text: string) => Option.getOrThrow(PgMacAddress.fromText(text))

describe("a hardware address", () => {
  it.each([
    "08:00:2b:01:02:03",
    "08-00-2b-01-02-03",
    "08002b:010203",
    "08002b-010203",
    "0800.2b01.0203",
    "0800-2b01-0203",
    "08002B010203"
  ])("is read from %s, as the server reads it", (text) => {
    const address = of(text)
    assert.strictEqual(address.toString(), "08:00:2b:01:02:03")
    assert.deepStrictEqual([address.size, [...address.bytes]], [6, [8, 0, 0x2b, 1, 2, 3]])
    assert.isTrue(Equal.equals(address, of("08:00:2b:01:02:03")))
  })

  it("may have eight bytes, and is then another one", () => {
    const long = of("08:00:2b:ff:fe:01:02:03")
    assert.strictEqual(long.size, 8)
    assert.isFalse(Equal.equals(long, of("08:00:2b:01:02:03")))
    assert.deepStrictEqual(Option.getOrThrow(PgMacAddress.fromBytes(long.bytes)), long)
  })

  it.each([
    "",
    "0:8:0:0:2:b:0:1:0:2:0:3",
    "08:00:2b:01:02",
    "08:00:2b:01:02:0g",
    "08:00-2b:01:02:03",
    "0:8002b0:10203",
    "08:00:2b:01:02:03:"
  ])("is not read from %j", (text) => {
    assert.deepStrictEqual(PgMacAddress.fromText(text), Option.none())
  })

  it("needs 6 bytes or 8", () => {
    for (const length of [0, 5, 7, 9])
      assert.deepStrictEqual(PgMacAddress.fromBytes(new Uint8Array(length)), Option.none())
  })

  it("has the order of its bytes, and is its text in JSON", () => {
    assert.strictEqual(PgMacAddress.Order(of("08:00:2b:01:02:03"), of("08:00:2b:01:02:0a")), -1)
    assert.strictEqual(JSON.stringify({ mac: of("08002b010203") }), '{"mac":"08:00:2b:01:02:03"}')
  })
})
