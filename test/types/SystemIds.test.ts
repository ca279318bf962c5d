import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Oid from "../../src/model/Oid.js"
import { PgSnapshot } from "../../src/model/PgSnapshot.js"
import { PgTid } from "../../src/model/PgTid.js"
import { familiar, lossless } from "../../src/types/Registry.js"
import { cid, pgLsn, pgSnapshot, tid, txidSnapshot, xid, xid8 } from "../../src/types/SystemIds.js"
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

const most = 2n ** 64n - 1n
const snapshotHex = "00000002 000000000000000a 0000000000000014 000000000000000a 000000000000000e"

describe("SystemIds", () => {
  golden(xid, { ids: "TYP-021" }, [["4294967295", "ffffffff", 4294967295]])
  golden(cid, { ids: "TYP-021" }, [["7", "00000007", 7]])
  golden(xid8, { ids: "TYP-021" }, [
    ["18446744073709551615", "ffffffffffffffff", most],
    ["0", "0000000000000000", 0n]
  ])
  golden(tid, { ids: "TYP-022" }, [
    ["(4294967295,65535)", "ffffffffffff", new PgTid(4294967295, 65535)],
    ["(0,1)", "000000000001", new PgTid(0, 1)]
  ])
  golden(pgLsn, { ids: "TYP-025" }, [
    ["0/16B3748", "00000000016b3748", 0x16b3748n],
    ["FFFFFFFF/FFFFFFFF", "ffffffffffffffff", most]
  ])
  golden(pgSnapshot, { ids: "TYP-026" }, [
    ["10:20:10,14", snapshotHex, new PgSnapshot(10n, 20n, [10n, 14n])],
    ["10:10:", "00000000 000000000000000a 000000000000000a", new PgSnapshot(10n, 10n, [])]
  ])
  golden(txidSnapshot, { ids: "TYP-026" }, [
    ["10:20:10,14", snapshotHex, new PgSnapshot(10n, 20n, [10n, 14n])]
  ])

  it("reads positions with zeros in front, as servers from 19 print them (TYP-025)", () => {
    assert.deepStrictEqual(decodeText(pgLsn, "0/016B3748"), { value: 0x16b3748n })
  })

  it("refuses other sizes (F16)", () => {
    refusesOtherSizes(xid, "ffffffff")
    refusesOtherSizes(xid8, "ffffffffffffffff")
    refusesOtherSizes(tid, "ffffffffffff")
    refusesOtherSizes(pgLsn, "ffffffffffffffff")
    refusesOtherSizes(pgSnapshot, snapshotHex)
  })

  it.each([
    ["a negative count", "ffffffff 000000000000000a 0000000000000014"],
    ["more transactions than bytes", "7fffffff 000000000000000a 0000000000000014"],
    ["an end before its begin", "00000000 0000000000000014 000000000000000a"],
    ["a running transaction from outside", "00000001 000000000000000a 0000000000000014 0000000000000014"],
    [
      "running transactions out of order",
      "00000002 000000000000000a 0000000000000014 000000000000000e 000000000000000a"
    ]
  ])("refuses a snapshot with %s (TYP-026, F18)", (_, hex) => {
    assert.property(decodeBinary(pgSnapshot, bytesOf(hex)), "failure")
  })

  it.each([
    [xid8, ["", "-1", "18446744073709551616", "x"]],
    [tid, ["", "(1)", "(1,65536)", "(4294967296,1)", "1,2"]],
    [pgLsn, ["", "1", "1/", "100000000/0", "x/y"]],
    [pgSnapshot, ["", "1:2", "2:1:", "1:2:1,", "0:1:", "1:2:3"]]
  ])("refuses what is no value of the type as text", (codec, texts) => {
    for (const text of texts) {
      assert.property(decodeText<unknown>(codec, text), "failure", `${codec.name} ${text}`)
      assert.property(encodeBinary(codec, text), "failure", `${codec.name} ${text}`)
    }
  })

  it.prop(
    "gives back all values in both formats (TYP-010)",
    [fc.array(fc.bigInt(1n, most), { minLength: 2, maxLength: 6 })],
    ([numbers]) => {
      const sorted = [...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1))
      const xmax = sorted.pop()!
      for (const value of numbers) {
        roundTrips(xid8, value)
        roundTrips(pgLsn, value)
        roundTrips(tid, new PgTid(Number(value >> 32n), Number(value & 0xffffn)))
      }
      roundTrips(pgSnapshot, new PgSnapshot(sorted[0] ?? 1n, xmax, sorted))
    }
  )

  it("takes values and strings (TYP-006)", () => {
    assert.deepStrictEqual(encodeText(pgLsn, 0x16b3748n), { value: "0/16B3748" })
    assert.deepStrictEqual(encodeText(pgLsn, "16/0"), { value: "16/0" })
    assert.strictEqual(hexOf(valueOf(encodeBinary(pgLsn, "1/2"))), "0000000100000002")
    assert.deepStrictEqual(encodeText(xid8, 5), { value: "5" })
    for (const value of [-1n, most + 1n, 1.5, {}, 2 ** 60]) {
      assert.property(encodeText(xid8, value), "failure")
      assert.property(encodeBinary(pgLsn, value), "failure")
    }
    assert.property(encodeText(pgLsn, 5), "failure")
    assert.property(encodeText(tid, 5), "failure")
    assert.property(encodeBinary(tid, new PgTid(-1, 0)), "failure")
    assert.property(encodeBinary(pgSnapshot, new PgSnapshot(5n, 1n, [])), "failure")
    assert.property(encodeText(pgSnapshot, {}), "failure")
  })

  it("comes in arrays, and as text in the familiar preset", () => {
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.tidArray)!, '{"(0,1)",NULL}'), {
      value: [new PgTid(0, 1), null]
    })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.xid)!, "7"), { value: "7" })
    assert.deepStrictEqual(decodeText(familiar.lookup(Oid.pgLsnArray)!, "{0/1}"), { value: ["0/1"] })
  })
})
