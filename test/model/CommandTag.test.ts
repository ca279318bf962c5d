import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import * as CommandTag from "../../src/model/CommandTag.js"

const read = (text: string): readonly [string, bigint | undefined] => {
  const tag = CommandTag.parse(text)
  assert.strictEqual(tag.text, text)
  return [tag.command, tag.rows]
}

describe("a command tag", () => {
  it.each([
    ["INSERT 0 5", "INSERT", 5n],
    ["SELECT 3", "SELECT", 3n],
    ["UPDATE 0", "UPDATE", 0n],
    ["DELETE 1", "DELETE", 1n],
    ["MERGE 7", "MERGE", 7n],
    ["FETCH 2", "FETCH", 2n],
    ["MOVE 2", "MOVE", 2n],
    ["COPY 1000000", "COPY", 1_000_000n],
    ["CREATE TABLE", "CREATE TABLE", undefined],
    ["CREATE TABLE AS", "CREATE TABLE AS", undefined],
    ["BEGIN", "BEGIN", undefined],
    ["ROLLBACK", "ROLLBACK", undefined],
    ["COPY", "COPY", undefined],
    ["", "", undefined],
    ["5", "5", undefined],
    ["SOMETHING NEW -1", "SOMETHING NEW -1", undefined],
    ["SELECT x1", "SELECT x1", undefined],
    ["SELECT ", "SELECT ", undefined]
  ] as const)("%j is command %j with %s rows (MSG-019)", (text, command, rows) => {
    assert.deepStrictEqual(read(text), [command, rows])
  })

  it("counts beyond what a double can hold, up to 64 bits unsigned (MSG-019, GEN-001)", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (rows) => {
        assert.deepStrictEqual(read(`INSERT 0 ${rows}`), ["INSERT", rows])
      })
    )
  })

  it("may be any text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const tag = CommandTag.parse(text)
        assert.strictEqual(tag.text, text)
        assert.strictEqual(text.startsWith(tag.command), true)
      })
    )
  })

  it("of an empty query has no command", () => {
    assert.deepStrictEqual(
      [CommandTag.empty.text, CommandTag.empty.command, CommandTag.empty.rows],
      ["", "", undefined]
    )
  })
})
