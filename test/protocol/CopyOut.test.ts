import { assert, it } from "@effect/vitest"
import { states } from "../../src/protocol/CopyOut.js"
import { lines, ofTable } from "./arrows.js"

it("takes data until the server's end, then goes on (FLW-080)", () => {
  assert.deepStrictEqual(
    ofTable(states("After")),
    lines(`
      CopyOut CopyData -> CopyOut copyData
      CopyOut CopyDone -> After copyDone
    `)
  )
})
