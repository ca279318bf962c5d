/** Values as node-postgres has them, where the familiar preset alone would not do. */
import { assert, describe, it } from "@effect/vitest"
import * as Oid from "../../src/model/Oid.js"
import { compatible, IntervalParts } from "../../src/nodepg/CompatibleValues.js"
import { decodeText } from "../types/codecs.js"

const read = (text: string) =>
  (decodeText(compatible.lookup(Oid.interval)!, text) as { readonly value: unknown }).value

describe("an interval", () => {
  it.each([
    [
      "1 year 2 mons -3 days +04:05:06.75",
      "6.75 seconds 5 minutes 4 hours -3 days 2 months 1 years",
      "P1Y2M-3DT4H5M6.75S"
    ],
    ["00:00:00.000001", "0.000001 seconds", "P0Y0M0DT0H0M0.000001S"],
    ["00:00:20", "20 seconds", "P0Y0M0DT0H0M20S"],
    ["-00:00:01.5", "-1.5 seconds", "P0Y0M0DT0H0M-1.5S"],
    ["00:00:00", "0", "P0Y0M0DT0H0M0S"]
  ])("%s is written back as %s", (text, written, iso) => {
    const value = read(text)
    assert.instanceOf(value, IntervalParts)
    assert.deepStrictEqual(
      [
        (value as IntervalParts).toPostgres(),
        (value as IntervalParts).toISOString(),
        (value as IntervalParts).toISO()
      ],
      [written, iso, iso]
    )
  })

  it("is a number when it is infinite", () => {
    assert.strictEqual(read("-infinity"), -Infinity)
  })
})
