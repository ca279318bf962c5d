import { describe, expect, it } from "vitest"
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
    expect(states(script)).toBe(expected)
    expect(Pipeline.endsInSync(script)).toBe(ends)
  })

  it("has the answers of Closes before its own", () => {
    expect(states(Pipeline.afterCloses(2, Pipeline.execute))).toBe("Closing Closing Binding Fetching Syncing")
    expect(Pipeline.afterCloses(0, Pipeline.execute)).toBe(Pipeline.execute)
  })

  it("of several statements has one Sync, at its end (FLW-046)", () => {
    expect(states(Pipeline.atomic([Pipeline.execute, Pipeline.close, Pipeline.prepare]))).toBe(
      "Binding Fetching Closing Parsing Describing Syncing"
    )
    expect(states(Pipeline.atomic([]))).toBe("Syncing")
  })

  it("that is empty waits for a move of ours", () => {
    expect(Pipeline.endsInSync([])).toBe(false)
  })
})
