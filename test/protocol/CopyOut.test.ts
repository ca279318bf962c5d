import { expect, it } from "vitest"
import { states } from "../../src/protocol/CopyOut.js"
import { lines, ofTable } from "./arrows.js"

it("takes data until the server's end, then goes on (FLW-080)", () => {
  expect(ofTable(states("After"))).toEqual(
    lines(`
      CopyOut CopyData -> CopyOut copyData
      CopyOut CopyDone -> After copyDone
    `)
  )
})
