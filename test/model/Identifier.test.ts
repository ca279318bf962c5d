import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import fc from "fast-check"
import * as Identifier from "../../src/model/Identifier.js"

describe("Identifier", () => {
  it.each([
    ["users", '"users"'],
    ['a"b', '"a""b"'],
    ["$1; drop table x", '"$1; drop table x"'],
    ["é", '"é"'],
    ["a".repeat(63), `"${"a".repeat(63)}"`]
  ])("quotes %s", (name, quoted) => {
    assert.deepStrictEqual(Identifier.quote(name), Either.right(quoted))
  })

  it.each([[""], ["a\0b"], ["\ud800"], ["a".repeat(64)], ["é".repeat(32)], ["😀".repeat(16)]])(
    "refuses %j, which the server cannot hold or would cut",
    (name) => {
      assert.isTrue(Either.isLeft(Identifier.quote(name)))
      assert.isTrue(Either.isLeft(Identifier.quotePath(["public", name])))
    }
  )

  it.prop(
    "leaves nothing of the name outside the quotes",
    [fc.string({ unit: "grapheme", maxLength: 20 })],
    ([name]) => {
      const quoted = Identifier.quote(name)
      if (Either.isLeft(quoted)) return
      assert.match(quoted.right, /^"(?:[^"]|"")+"$/)
      assert.strictEqual(quoted.right.slice(1, -1).replaceAll('""', '"'), name)
    }
  )

  it("counts bytes and not characters", () => {
    assert.isTrue(Either.isRight(Identifier.quote("€".repeat(21))))
    assert.isTrue(Either.isLeft(Identifier.quote(`${"€".repeat(21)}x`)))
  })

  it("puts a point between the parts of a path", () => {
    assert.deepStrictEqual(Identifier.quotePath(["public", "a.b"]), Either.right('"public"."a.b"'))
    assert.isTrue(Either.isLeft(Identifier.quotePath([])))
  })
})
