import { assert, describe, it } from "@effect/vitest"
import * as Pipeline from "../../src/protocol/Pipeline.js"

const states = (script: Pipeline.PipelineScript): string =>
  script.map(({ name }) => name.replace("ExtendedQuery.", "")).join(" ")

describe("a script", () => {
  it.each([
    ["the first use of a statement", Pipeline.prepare, "Parsing Describing", false],
    ["a description", Pipeline.describe, "Parsing Describing Syncing", true],
    ["a later use", Pipeline.execute, "Binding Fetching Syncing", true],
    ["one burst", Pipeline.whole.parsed, "Parsing Binding DescribingPortal Fetching Syncing", true],
    ["a portal to be fetched from again", Pipeline.open, "Binding Fetching", false],
    ["more of it before Sync", Pipeline.fetch, "Fetching", false],
    ["more of it in a transaction block", Pipeline.fetchSync, "Fetching Syncing", true],
    ["Close", Pipeline.close, "Closing Syncing", true],
    ["Sync alone", Pipeline.sync, "Syncing", true]
  ] as const)("of %s waits for each answer in order", (_name, script, expected, ends) => {
    assert.strictEqual(states(script), expected)
    assert.strictEqual(Pipeline.endsInSync(script), ends)
  })

  it("has the answers of Closes before its own", () => {
    assert.strictEqual(
      states(Pipeline.afterCloses(2, Pipeline.execute)),
      "Closing Closing Binding Fetching Syncing"
    )
    assert.strictEqual(Pipeline.afterCloses(0, Pipeline.execute), Pipeline.execute)
  })

  it("of several statements has one Sync, at its end (FLW-046)", () => {
    assert.strictEqual(
      states(Pipeline.atomic([Pipeline.execute, Pipeline.close, Pipeline.prepare])),
      "Binding Fetching Closing Parsing Describing Syncing"
    )
    assert.strictEqual(states(Pipeline.atomic([])), "Syncing")
  })

  it("that is empty waits for a move of ours", () => {
    assert.strictEqual(Pipeline.endsInSync([]), false)
  })
})
