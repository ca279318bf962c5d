import { assert, it } from "@effect/vitest"
import { to } from "../../src/protocol/Transition.js"

it("an arrow is its target and what it emits, which is nothing by default", () => {
  assert.deepStrictEqual(to("Done", "ready"), { to: "Done", emit: "ready" })
  assert.deepStrictEqual(to("Rows"), { to: "Rows", emit: "none" })
})
