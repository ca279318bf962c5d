import { describe, expect, it } from "vitest"
import { nodes, script, table } from "../../src/protocol/FunctionCall.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines(`
  Calling FunctionCallResponse -> Returned value
  Returned ReadyForQuery -> Done ready
`)

describe("a function call", () => {
  it("is one value, then ReadyForQuery, and nothing else (MSG-036, FLW-090)", () => {
    expect(ofNodes(nodes)).toEqual(expected)
    expect(ofTable(table)).toEqual(expected)
  })

  it("begins by waiting for the value", () => {
    expect(script).toEqual([nodes.Calling])
  })
})
