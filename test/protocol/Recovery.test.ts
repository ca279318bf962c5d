import { assert, it } from "@effect/vitest"
import { nodes, table } from "../../src/protocol/Recovery.js"
import { lines, ofNodes, ofTable } from "./arrows.js"

const expected = lines("Skipping ReadyForQuery -> Done ready")

it("waits for ReadyForQuery alone after an error: what was skipped has no answer (FLW-037)", () => {
  assert.deepStrictEqual(ofNodes(nodes), expected)
  assert.deepStrictEqual(ofTable(table), expected)
})
