import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import * as Oid from "../../src/model/Oid.js"
import * as Names from "../../src/types/Names.js"
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

describe("Names", () => {
  it.each([Oid.regproc, Oid.regclass, Oid.regtype, Oid.regcollation, Oid.regrole])(
    "reads the catalog names of OID %i as text, in both presets (TYP-023)",
    (oid) => {
      for (const registry of [lossless, familiar]) {
        const codec = registry.lookup(oid)!
        for (const text of ["pg_class", 'public."Weird name"', "-", "70000"]) {
          assert.deepStrictEqual(decodeText(codec, text), { value: text })
          assert.deepStrictEqual(encodeText(codec, text), { value: text })
        }
        assert.deepStrictEqual(encodeText(codec, 4294967295), { value: "4294967295" })
        assert.property(encodeText(codec, -1), "failure")
        assert.property(encodeText(codec, 5n), "failure")
        assert.isUndefined(codec.decodeBinary)
        assert.isUndefined(codec.encodeBinary)
      }
    }
  )

  it("leaves money as the text of the locale, and takes no number for it (TYP-024)", () => {
    for (const registry of [lossless, familiar]) {
      const codec = registry.lookup(Oid.money)!
      assert.deepStrictEqual(decodeText(codec, "-$1,234.50"), { value: "-$1,234.50" })
      assert.deepStrictEqual(encodeText(codec, "-1234.50"), { value: "-1234.50" })
      assert.isUndefined(codec.decodeBinary)
      assert.property(encodeText(codec, 1234.5), "failure")
    }
    assert.deepStrictEqual(decodeText(lossless.lookup(Oid.moneyArray)!, '{"$1,000.00",NULL}'), {
      value: ["$1,000.00", null]
    })
  })

  it("counts money in its smallest unit on request, in binary only (TYP-024)", () => {
    const codec = Names.moneyAsMinorUnits
    assert.deepStrictEqual(decodeBinary(codec, bytesOf("fffffffffffe1dc6")), { value: -123450n })
    assert.strictEqual(hexOf(valueOf(encodeBinary(codec, -123450n))), "fffffffffffe1dc6")
    assert.property(decodeText(codec, "-$1,234.50"), "failure")
    assert.property(encodeText(codec, 5n), "failure")
    refusesOtherSizes(codec, "fffffffffffe1dc6")
  })

  it("has xml as text only, whatever encoding it declares (TYP-043)", () => {
    const text = '<?xml version="1.0" encoding="latin1"?><a>ä</a>'
    assert.deepStrictEqual(decodeText(Names.xml, text), { value: text })
    assert.deepStrictEqual(encodeText(Names.xml, text), { value: text })
    assert.isUndefined(Names.xml.decodeBinary)
    assert.isUndefined(Names.xml.encodeBinary)
    assert.property(encodeText(Names.xml, "<a>\0</a>"), "failure")
  })

  golden(Names.jsonpath, { ids: "TYP-044" }, [['$."a"[*]', "01 242e226122 5b2a5d", '$."a"[*]']])
  golden(Names.refcursor, { ids: "TYP-017" }, [
    ["<unnamed portal 1>", "3c756e6e616d656420706f7274616c20313e", "<unnamed portal 1>"]
  ])

  it.each(["", "00 24", "02 24"])("refuses a jsonpath without version 1: %j (TYP-044)", (hex) => {
    assert.property(decodeBinary(Names.jsonpath, bytesOf(hex)), "failure")
  })

  it.prop(
    "gives back every string (TYP-010)",
    [fc.string({ unit: "grapheme" }).filter((s) => !s.includes("\0"))],
    ([text]) => {
      roundTrips(Names.jsonpath, text)
      roundTrips(Names.refcursor, text)
      assert.deepStrictEqual(decodeText(Names.xml, valueOf(encodeText(Names.xml, text))), { value: text })
    }
  )

  it("takes strings only (TYP-006)", () => {
    for (const value of [5, true, {}, []]) {
      assert.property(encodeText(Names.jsonpath, value), "failure")
      assert.property(encodeBinary(Names.jsonpath, value), "failure")
      assert.property(encodeText(Names.money, value), "failure")
    }
    assert.property(encodeBinary(Names.jsonpath, "\0"), "failure")
  })
})
