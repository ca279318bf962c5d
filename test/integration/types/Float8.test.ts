import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import * as Float8 from "../../../src/model/Float8.js"
import { isClean, open, s } from "../connection/sessions.js"

describe("the text of a double-precision number", () => {
  it.scopedLive("is that of the server, for all sizes", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      // Powers of ten and of two, where texts lie halfway between numbers, and doubles of all kinds.
      const edges = Array.from({ length: 640 }, (_, at) => [
        Number(`1e${at - 323}`),
        2 ** (at - 320),
        2 ** (at % 64) + 1
      ])
      const random = fc.sample(fc.double({ noNaN: true }), { numRuns: 4000, seed: 7 })
      const large = fc
        .sample(fc.bigInt({ min: 2n ** 53n, max: 10n ** 40n }), { numRuns: 4000, seed: 8 })
        .map(Number)
      const values = [...edges.flat(), ...random, ...large]
      const rows = yield* pg.values(
        s("select x::text from unnest($1::float8[]) with ordinality t(x, at) order by at", [values])
      )
      rows.forEach(([text], at) => assert.strictEqual(Float8.printed(values[at]!), text))
      yield* isClean(pg)
    })
  )
})
