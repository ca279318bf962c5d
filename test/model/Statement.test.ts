import { assert, it } from "@effect/vitest"
import * as Statement from "../../src/model/Statement.js"

it("a statement has no parameters and no types unless they are given", () => {
  assert.deepStrictEqual(Statement.make("select 1"), { sql: "select 1", parameters: [], types: [] })
})

it("a statement keeps its parameters as they are, and their types", () => {
  const value = { any: "thing" }
  const made = Statement.make("select $1, $2", [value, null], [3802, 0])
  assert.strictEqual(made.parameters[0], value)
  assert.deepStrictEqual(made, { sql: "select $1, $2", parameters: [value, null], types: [3802, 0] })
})
