import { assert, describe, it } from "@effect/vitest"
import * as Machine from "../../src/protocol/Machine.js"
import { to } from "../../src/protocol/Transition.js"

const nodes = Machine.compile("Lamp", {
  Off: { ParseComplete: to("On", "parsed"), BindComplete: to("Off") },
  On: { "send CopyDone": to("Off"), DataRow: to("Next", "rows"), ReadyForQuery: to("Done", "ready") }
})

describe("a compiled table", () => {
  it("has a node per state, called after table and state", () => {
    assert.deepStrictEqual(
      Object.values(nodes).map(({ name }) => name),
      ["Lamp.Off", "Lamp.On"]
    )
  })

  it("leads from node to node by tag, with what is emitted to the owner", () => {
    assert.deepStrictEqual(nodes.Off.on[0x31], { target: nodes.On, emit: "parsed" })
    assert.strictEqual(nodes.Off.on[0x32]?.target, nodes.Off)
    assert.strictEqual(nodes.Off.on[0x32]?.emit, "none")
  })

  it("keeps moves apart from messages", () => {
    assert.strictEqual(nodes.On.moves["send CopyDone"]?.target, nodes.Off)
    assert.isUndefined(nodes.On.moves["send CopyFail"])
    assert.lengthOf(
      nodes.On.on.filter((step) => step !== undefined),
      2
    )
  })

  it("leaves the target open for the next step of a script, and ends in a node that takes nothing", () => {
    assert.deepStrictEqual(nodes.On.on[0x44], { target: undefined, emit: "rows" })
    assert.strictEqual(nodes.On.on[0x5a]?.target, Machine.done)
    assert.deepStrictEqual([Machine.done.on, Machine.done.moves], [[], {}])
  })
})
