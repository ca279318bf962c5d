import { describe, expect, it } from "vitest"
import * as Machine from "../../src/protocol/Machine.js"
import { to } from "../../src/protocol/Transition.js"

const nodes = Machine.compile("Lamp", {
  Off: { ParseComplete: to("On", "parsed"), BindComplete: to("Off") },
  On: { "send CopyDone": to("Off"), DataRow: to("Next", "rows"), ReadyForQuery: to("Done", "ready") }
})

describe("a compiled table", () => {
  it("has a node per state, called after table and state", () => {
    expect(Object.values(nodes).map(({ name }) => name)).toEqual(["Lamp.Off", "Lamp.On"])
  })

  it("leads from node to node by tag, with what the owner is told", () => {
    expect(nodes.Off.on[0x31]).toEqual({ target: nodes.On, emit: "parsed" })
    expect(nodes.Off.on[0x32]?.target).toBe(nodes.Off)
    expect(nodes.Off.on[0x32]?.emit).toBe("none")
  })

  it("keeps moves apart from messages", () => {
    expect(nodes.On.moves["send CopyDone"]?.target).toBe(nodes.Off)
    expect(nodes.On.moves["send CopyFail"]).toBeUndefined()
    expect(nodes.On.on.filter((step) => step !== undefined)).toHaveLength(2)
  })

  it("leaves the target open for the next step of a script, and ends in a node that takes nothing", () => {
    expect(nodes.On.on[0x44]).toEqual({ target: undefined, emit: "rows" })
    expect(nodes.On.on[0x5a]?.target).toBe(Machine.done)
    expect([Machine.done.on, Machine.done.moves]).toEqual([[], {}])
  })
})
