import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import * as Identifier from "../../../src/model/Identifier.js"
import * as TablePath from "../../../src/replication/slots/TablePath.js"

describe("a table's name", () => {
  it("is read as SQL reads it", () => {
    const parts = (text: string) => Either.getOrElse(TablePath.parse(text), (reason) => reason)
    assert.deepStrictEqual(parts("orders"), ["orders"])
    assert.deepStrictEqual(parts("Shop.Orders"), ["shop", "orders"])
    assert.deepStrictEqual(parts(`Shop."Order.Items"`), ["shop", "Order.Items"])
    assert.deepStrictEqual(parts(`"a""b"`), [`a"b`])
    for (const wrong of ["", ".", "a.", ".a", "a b", `"a`, `a"b"`, "1a", "a..b", "a;b"]) {
      assert.include(parts(wrong) as string, "expected a table's name", wrong)
    }
    assert.include(parts("a.b.c") as string, "a schema and a table")
    assert.include(parts("x".repeat(64)) as string, "63")
  })

  it.prop(
    "is what its parts are quoted to, whatever is in them",
    [fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 2 })],
    ([parts]) => {
      const quoted = Identifier.quotePath(parts)
      if (Either.isRight(quoted)) assert.deepStrictEqual(TablePath.parse(quoted.right), Either.right(parts))
    }
  )
})
