import { assert, describe, it } from "@effect/vitest"
import { tables } from "../../src/protocol/Tables.js"

describe("the tables the documentation prints", () => {
  it("are all of them", () => {
    assert.deepStrictEqual(
      tables.map(({ name }) => name),
      ["Negotiation", "Startup", "Bearer", "SimpleQuery", "ExtendedQuery", "FunctionCall", "Recovery"]
    )
  })

  it.each(tables)(
    "$name: every arrow leads to a state of the table, to the next step or to the end",
    (table) => {
      const states = new Set([...Object.keys(table.transitions), "Next", "Done"])
      const targets = Object.values(table.transitions).flatMap((on) => Object.values(on).map(({ to }) => to))
      assert.deepStrictEqual(
        targets.filter((target) => !states.has(target)),
        []
      )
      assert.include(states, table.initial)
    }
  )

  it.each(tables)("$name: every state but the first is reached by an arrow or begins a step", (table) => {
    const targets = new Set(
      Object.values(table.transitions).flatMap((on) => Object.values(on).map(({ to }) => to))
    )
    const steps = [
      "GssRequested",
      "Closing",
      "Describing",
      "DescribingPortal",
      "Binding",
      "Fetching",
      "Syncing"
    ]
    const lost = Object.keys(table.transitions).filter(
      (state) => state !== table.initial && !targets.has(state) && !steps.includes(state)
    )
    assert.deepStrictEqual(lost, [])
  })
})
