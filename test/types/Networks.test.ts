import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import fc from "fast-check"
import * as IpText from "../../src/model/IpText.js"
import * as Oid from "../../src/model/Oid.js"
import { PgCidr } from "../../src/model/PgCidr.js"
import { PgMacAddress } from "../../src/model/PgMacAddress.js"
import { PgInet } from "../../src/model/PgInet.js"
import { cidr, inet, macaddr, macaddr8 } from "../../src/types/Networks.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import {
  bytesOf,
  decodeBinary,
  decodeText,
  encodeBinary,
  encodeText,
  golden,
  hexOf,
  refusesOtherSizes,
  roundTrips,
  valueOf
} from "./codecs.js"

describe("Networks", () => {
  golden(inet, { ids: "TYP-057" }, [
    ["10.0.0.1", "02 20 00 04 0a000001", new PgInet("10.0.0.1", 32)],
    ["10.0.0.1/8", "02 08 00 04 0a000001", new PgInet("10.0.0.1", 8)]
  ])
  golden(inet, { ids: "TYP-057, TRP-088" }, [
    ["::1", "03 80 00 10 00000000000000000000000000000001", new PgInet("::1", 128)],
    ["2001:db8::1/64", "03 40 00 10 20010db8000000000000000000000001", new PgInet("2001:db8::1", 64)]
  ])
  golden(cidr, { ids: "TYP-057" }, [
    ["10.0.0.0/8", "02 08 01 04 0a000000", new PgCidr("10.0.0.0", 8)],
    ["10.0.0.1/32", "02 20 01 04 0a000001", new PgCidr("10.0.0.1", 32)],
    ["2001:db8::/32", "03 20 01 10 20010db8000000000000000000000000", new PgCidr("2001:db8::", 32)]
  ])
  golden(macaddr, { ids: "TYP-058" }, [
    ["08:00:2b:01:02:ff", "08002b0102ff", new PgMacAddress("08:00:2b:01:02:ff")]
  ])
  golden(macaddr8, { ids: "TYP-058" }, [
    ["08:00:2b:01:02:03:04:ff", "08002b01020304ff", new PgMacAddress("08:00:2b:01:02:03:04:ff")]
  ])

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(inet, "02 20 00 04 0a000001")
    refusesOtherSizes(cidr, "03 20 01 10 20010db8000000000000000000000000")
    refusesOtherSizes(macaddr, "08002b0102ff")
    refusesOtherSizes(macaddr8, "08002b01020304ff")
  })

  it.each([
    ["the operating system's number of IPv6", "0a 80 00 10 00000000000000000000000000000001"],
    ["an unknown family", "04 20 00 04 0a000001"],
    ["a prefix longer than the address", "02 21 00 04 0a000001"],
    ["a cidr in an inet", "02 20 01 04 0a000001"],
    ["a size that is not the family's", "02 20 00 10 0a000001"],
    ["IPv6 of four bytes", "03 20 00 04 0a000001"]
  ])("refuses %s (TYP-057, TRP-088)", (_, hex) => {
    assert.property(decodeBinary(inet, bytesOf(hex)), "failure")
  })

  it("refuses an inet in a cidr, and a cidr flag of 2", () => {
    assert.property(decodeBinary(cidr, bytesOf("02 08 00 04 0a000000")), "failure")
    assert.property(decodeBinary(cidr, bytesOf("02 08 02 04 0a000000")), "failure")
  })

  it.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "10.0.0.1/33",
    "::1/129",
    ":::",
    "1::2::3",
    "12345::",
    "1.2.3.4::",
    "x"
  ])("refuses %j as an inet's text", (text) => {
    assert.property(decodeText(inet, text), "failure")
    assert.property(decodeText(cidr, text), "failure")
    assert.property(encodeBinary(inet, text), "failure")
  })

  it.each([
    ["00000000000000000000000000000000", "::"],
    ["00000000000000000000000000000005", "::5"],
    ["0000000000000000000000000000744d", "::744d"],
    ["00000000000000000000000001020304", "::1.2.3.4"],
    ["00000000000000000000ffff01020304", "::ffff:1.2.3.4"],
    ["00010000000000010000000000000001", "1:0:0:1::1"],
    ["00010000000000020000000000030004", "1::2:0:0:3:4"],
    ["00010000000200030004000500060007", "1:0:2:3:4:5:6:7"],
    ["00010002000300040005000600000000", "1:2:3:4:5:6::"]
  ])("prints the IPv6 address %s as %s", (hex, text) => {
    assert.strictEqual(IpText.print([...bytesOf(hex)]), text)
    assert.deepStrictEqual(IpText.parse(text), [...bytesOf(hex)])
  })

  const address = fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 })
  )

  it.prop("gives back every address in both formats (TYP-010)", [address, fc.nat(128)], ([bytes, bits]) => {
    const prefix = bits % (bytes.length * 8 + 1)
    roundTrips(inet, new PgInet(IpText.print(bytes), prefix))
    const network = bytes.map(
      (byte, index) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix - 8 * index)))
    )
    roundTrips(cidr, Option.getOrThrow(PgCidr.make(IpText.print(network), prefix)))
    const hardware = Uint8Array.from([...bytes, 0, 0, 0, 0])
    roundTrips(macaddr, Option.getOrThrow(PgMacAddress.fromBytes(hardware.subarray(0, 6))))
    roundTrips(macaddr8, Option.getOrThrow(PgMacAddress.fromBytes(hardware.subarray(0, 8))))
  })

  it("takes values and strings (TYP-006)", () => {
    assert.deepStrictEqual(encodeText(inet, "10/8"), { value: "10/8" })
    assert.strictEqual(hexOf(valueOf(encodeBinary(inet, "10.0.0.1/8"))), "020800040a000001")
    assert.strictEqual(hexOf(valueOf(encodeBinary(macaddr, "08:00:2B:01:02:FF"))), "08002b0102ff")
    for (const value of [5, {}, new PgCidr("10.0.0.0", 8), null]) {
      assert.property(encodeText(inet, value), "failure")
      assert.property(encodeBinary(inet, value), "failure")
      assert.property(encodeText(macaddr, value), "failure")
    }
    assert.property(encodeBinary(inet, new PgInet("nowhere", 8)), "failure")
    assert.property(encodeBinary(cidr, "10.0.0.1/8"), "failure")
    assert.property(encodeBinary(macaddr8, "08:00:2b:01:02:03"), "failure")
    assert.property(encodeText(macaddr8, new PgMacAddress("08:00:2b:01:02:03")), "failure")
  })

  it("comes in arrays, and as text in the familiar preset", () => {
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.inetArray)!, "{::1,NULL}"), {
      value: [new PgInet("::1", 128), null]
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.cidrArray)!, "{10.0.0.0/8}"), {
      value: ["10.0.0.0/8"]
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.macaddr)!, "08:00:2b:01:02:ff"), {
      value: "08:00:2b:01:02:ff"
    })
  })
})
