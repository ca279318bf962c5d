import { assert, describe, it } from "@effect/vitest"
import { nodes, script, table } from "../../src/protocol/FunctionCall.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines(`
  Calling FunctionCallResponse -> Returned value
  Returned ReadyForQuery -> Done ready
`)

describe("a function call", () => {
  it("is one value, then ReadyForQuery, and nothing else (MSG-036, FLW-090)", () => {
    assert.deepStrictEqual(ofNodes(nodes), expected)
    assert.deepStrictEqual(ofTable(table), expected)
  })

  it("begins by waiting for the value", () => {
    assert.deepStrictEqual(script, [nodes.Calling])
  })
})
