import { expect, it } from "vitest"
import { nodes, table } from "../../src/protocol/Recovery.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines("Skipping ReadyForQuery -> Done ready")

it("waits for ReadyForQuery alone after an error: what was skipped has no answer (FLW-037)", () => {
  expect(ofNodes(nodes)).toEqual(expected)
  expect(ofTable(table)).toEqual(expected)
})
