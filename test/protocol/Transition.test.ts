import { assert, it } from "@effect/vitest"
import { to } from "../../src/protocol/Transition.js"

it("an arrow is its target and what is told, and nothing is told unless it says so", () => {
  assert.deepStrictEqual(to("Done", "ready"), { to: "Done", emit: "ready" })
  assert.deepStrictEqual(to("Rows"), { to: "Rows", emit: "none" })
})
