import { describe, expect, it } from "vitest"
import { states } from "../../src/protocol/CopyBoth.js"
import { lines, ofTable } from "./arrows.js"

describe("COPY both ways", () => {
  it("goes on when both sides have ended, in either order (FLW-087)", () => {
    expect(ofTable(states("After"))).toEqual(
      lines(`
        CopyBoth CopyData -> CopyBoth copyData
        CopyBoth CopyDone -> CopyBothServerDone copyDone
        CopyBoth send CopyDone -> CopyBothClientDone none
        CopyBothServerDone send CopyDone -> After none
        CopyBothClientDone CopyData -> CopyBothClientDone copyData
        CopyBothClientDone CopyDone -> After copyDone
      `)
    )
  })

  it("knows no CopyFail (FLW-089)", () => {
    expect(ofTable(states("After")).filter((line) => line.includes("CopyFail"))).toEqual([])
  })
})
