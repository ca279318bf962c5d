import { expect, it } from "vitest"
import { to } from "../../src/protocol/Transition.js"

it("an arrow is its target and what is told, and nothing is told unless it says so", () => {
  expect(to("Done", "ready")).toEqual({ to: "Done", emit: "ready" })
  expect(to("Rows")).toEqual({ to: "Rows", emit: "none" })
})
