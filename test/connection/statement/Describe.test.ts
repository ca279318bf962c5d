import { describe, expect, it } from "vitest"
import type { Description } from "../../../src/connection/statement/Describe.js"
import { DescribeRequest } from "../../../src/connection/statement/Describe.js"
import * as Statement from "../../../src/model/Statement.js"
import { described, error, harness, int4, parameters, parsed, ready } from "../core.js"
import type { Harness } from "../core.js"

const ask = (self: Harness, sql: string, types: ReadonlyArray<number> = []) =>
  self.submit<Description>((outcome) => new DescribeRequest(Statement.make(sql, [], types), outcome))

describe("a description", () => {
  it("runs nothing, leaves no named statement and tells parameters and columns (MSG-029)", async () => {
    const self = harness()
    const told = ask(self, "select $1::int8 as x", [20])
    expect(await self.messages()).toEqual([
      { _tag: "Parse", statement: "", sql: "select $1::int8 as x", parameterTypes: [20] },
      { _tag: "Describe", target: "S", name: "" },
      { _tag: "Sync" }
    ])
    self.say(...described([20, 3_000_000_000]), ready())
    expect(told.value).toEqual({ parameters: [20, 3_000_000_000], columns: [int4("x")] })
    expect(self.core.statements.size).toBe(0)
  })

  it("of a statement without rows has no columns", () => {
    const self = harness()
    const told = ask(self, "create table t ()")
    self.say(...described([], []), ready())
    expect(told.value).toEqual({ parameters: [], columns: [] })
  })

  it("may fail after the parameters (MSG-029)", async () => {
    const self = harness()
    const told = ask(self, "select * from t")
    await self.sent()
    self.say(parsed, parameters(), error("0A000"), ready())
    expect([told.failure, await self.sent()]).toMatchObject([{ code: "0A000" }, []])
  })
})
