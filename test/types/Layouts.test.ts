import { assert, describe, it } from "@effect/vitest"
import { Layouts } from "../../src/types/Layouts.js"

/** `a` is older than all; `b` was dropped by 20, `c` made by 10, `d` by 30. */
const layouts = new Layouts(
  [
    { field: 0, changedBy: 2 },
    { field: -1, changedBy: 20 },
    { field: 1, changedBy: 10 },
    { field: 2, changedBy: 30 }
  ],
  3
)

describe("the fields of a composite when a value was written", () => {
  it("are those there are now behind the last change, and where nothing is read out of the log", () => {
    assert.isTrue(layouts.isNow(0))
    assert.isTrue(layouts.isNow(31))
    assert.isFalse(layouts.isNow(30))
    assert.isFalse(layouts.isNow(15))
  })

  it("are found by the transactions that changed them", () => {
    assert.deepStrictEqual(layouts.of(5, 2), [[0, -1]])
    assert.deepStrictEqual(layouts.of(15, 3)[0], [0, -1, 1])
    assert.deepStrictEqual(layouts.of(25, 2), [[0, 1]])
  })

  it("are either, where one transaction did both", () => {
    assert.deepStrictEqual(layouts.of(20, 3), [
      [0, -1, 1],
      [0, 1, 2]
    ])
    assert.deepStrictEqual(layouts.of(30, 2), [[0, 1]])
    assert.deepStrictEqual(layouts.of(30, 3), [[0, 1, 2]])
  })

  it("are not those of another number of fields", () => {
    assert.deepStrictEqual(layouts.of(5, 5), [])
    assert.deepStrictEqual(layouts.of(25, 1), [])
  })

  it("go by numbers that wrap around", () => {
    const wrapped = new Layouts(
      [
        { field: 0, changedBy: 4_000_000_000 },
        { field: 1, changedBy: 10 }
      ],
      2
    )
    assert.isTrue(wrapped.isNow(11))
    assert.isFalse(wrapped.isNow(4_000_000_100))
    assert.deepStrictEqual(wrapped.of(4_000_000_100, 1), [[0]])
  })
})
