import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import type { Description } from "../../../src/connection/statement/Describe.js"
import { DescribeRequest } from "../../../src/connection/statement/Describe.js"
import * as Statement from "../../../src/model/Statement.js"
import { described, error, harness, int4, parameters, parsed, ready } from "../core.js"
import type { Harness } from "../core.js"

const ask = (self: Harness, sql: string, types: ReadonlyArray<number> = []) =>
  self.submit<Description>((outcome) => new DescribeRequest(Statement.make(sql, [], types), outcome))

describe("a description", () => {
  it("runs nothing, leaves no named statement and returns parameters and columns (MSG-029)", async () => {
    const self = harness()
    const told = ask(self, "select $1::int8 as x", [20])
    assert.deepStrictEqual(await self.messages(), [
      { _tag: "Parse", statement: "", sql: "select $1::int8 as x", parameterTypes: [20] },
      { _tag: "Describe", target: "S", name: "" },
      { _tag: "Sync" }
    ])
    self.say(...described([20, 3_000_000_000]), ready())
    assert.deepStrictEqual(told.value, { parameters: [20, 3_000_000_000], columns: [int4("x")] })
    assert.strictEqual(self.core.statements.size, 0)
  })

  it("of a statement without rows has no columns", () => {
    const self = harness()
    const told = ask(self, "create table t ()")
    self.say(...described([], []), ready())
    assert.deepStrictEqual(told.value, { parameters: [], columns: [] })
  })

  it("may fail after the parameters (MSG-029)", async () => {
    const self = harness()
    const told = ask(self, "select * from t")
    await self.sent()
    self.say(parsed, parameters(), error("0A000"), ready())
    assertSubset([told.failure, await self.sent()], [{ code: "0A000" }, []])
  })
})
