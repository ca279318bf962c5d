import { assert, describe, it } from "@effect/vitest"
import { states } from "../../src/protocol/CopyIn.js"
import { lines, ofTable } from "./arrows.js"

describe("COPY from us", () => {
  it("hears nothing until our end, and a count only after CopyDone (FLW-067)", () => {
    assert.deepStrictEqual(
      ofTable(states("After")),
      lines(`
        CopyIn send CopyDone -> CopyInEnding none
        CopyIn send CopyFail -> CopyInFailing none
        CopyInEnding CommandComplete -> After complete
      `)
    )
  })

  it("has only the error to wait for after CopyFail (FLW-067)", () => {
    assert.deepStrictEqual(states("After").CopyInFailing, {})
  })
})
