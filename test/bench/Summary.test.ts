import { assert, describe, it } from "@effect/vitest"
import type { ClientName } from "./Client.js"
import { dearestBatch, verdicts, worstBatch } from "./Goal.js"
import { Sample } from "./Measurement.js"
import type { Result, Rounds } from "./Summary.js"
import { growth, median, medianOf, ratio } from "./Summary.js"
import { workloads } from "./Workload.js"

const sample = (rate: number, more: { atReferenceMb?: number; peakMb?: number } = {}) =>
  new Sample({ items: rate, wallMs: 1000, cpuMs: 500, maxRssMb: 50, ...more })

const result = (name: string, rounds: Result["rounds"]): Result => {
  const workload = workloads.find((each) => each.name === name)
  if (workload === undefined) throw new Error(`no workload ${name}`)
  return { workload, rounds }
}

describe("Summary", () => {
  it("takes the middle of an odd number of values and the mean of the two middle ones of an even number", () => {
    assert.strictEqual(median([9, 1, 5]), 5)
    assert.strictEqual(median([9, 1, 5, 7]), 6)
    assert.strictEqual(median([]), undefined)
  })

  it("compares within a round, and leaves out rounds in which one side failed", () => {
    const rounds = result(
      "wide",
      new Map([
        ["ours-familiar", [sample(100), sample(300), sample(40)]],
        ["pg", [sample(50), undefined, sample(40)]]
      ])
    )
    assert.strictEqual(
      ratio(rounds, "ours-familiar", "pg", (each) => each.rate),
      1.5
    )
    assert.strictEqual(
      medianOf(rounds, "pg", (each) => each.rate),
      45
    )
  })

  it("has no ratio to a client that lacks the workload", () => {
    const rounds = result(
      "stream",
      new Map<ClientName, Rounds | "unsupported">([
        ["ours-familiar", [sample(1)]],
        ["bun", "unsupported"]
      ])
    )
    assert.strictEqual(
      ratio(rounds, "ours-familiar", "bun", (each) => each.rate),
      undefined
    )
  })
})

describe("Goal", () => {
  it("holds sequential round trips against the fastest peer on Node, not against the floor or Bun", () => {
    const [verdict] = verdicts([
      result(
        "sequential",
        new Map([
          ["floor", [sample(400)]],
          ["bun", [sample(300)]],
          ["ours-familiar", [sample(96)]],
          ["pg", [sample(100)]],
          ["postgres", [sample(80)]]
        ])
      )
    ])
    assert.deepInclude(verdict, { measured: "0.96 ×", reached: true })
    assert.include(verdict?.wanted, "pg")
  })

  it("measures memory from the first million rows on", () => {
    const grown = sample(1, { atReferenceMb: 100, peakMb: 165 })
    assert.strictEqual(growth(grown), 65)
    const [verdict] = verdicts([result("memory", new Map([["ours-familiar", [grown]]]))])
    assert.strictEqual(verdict?.reached, false)
  })

  it("has the dearest batch of a round, the median over the rounds, and the worst of all rounds", () => {
    const taken = (maxCpuNs: number) =>
      new Sample({
        ...sample(1),
        families: { runForEach: { wallNs: 100, cpuNs: 100, maxCpuNs, kind: "runForEach" } }
      })
    const rounds = result(
      "consumers",
      new Map([["ours-familiar", [taken(120), taken(200), undefined, taken(110)]]])
    )
    assert.strictEqual(dearestBatch(rounds, "ours-familiar", "runForEach"), 1.2)
    assert.strictEqual(worstBatch(rounds, "ours-familiar", "runForEach"), 2)
    assert.strictEqual(worstBatch(rounds, "pg", "runForEach"), undefined)
  })

  it("holds each kind of statement of a mixed process against the same kind in the peer's", () => {
    const taken = (wallNs: number, sequentialNs: number) =>
      new Sample({
        ...sample(1),
        families: {
          wide: { wallNs, cpuNs: wallNs, kind: "wide" },
          sequential: { wallNs: sequentialNs, cpuNs: sequentialNs, kind: "sequential" }
        }
      })
    const measured = verdicts([
      result(
        "mixed",
        new Map([
          ["ours-familiar", [taken(100, 1000)]],
          ["sql-pg-4", [taken(150, 1050)]]
        ])
      )
    ])
    assert.deepStrictEqual(
      measured.map((verdict) => [verdict.workload, verdict.wanted, verdict.measured, verdict.reached]),
      [
        ["Mixed: wide", "1.1 × sql-pg-4", "1.50 ×", true],
        ["Mixed: sequential", "1.1 × sql-pg-4", "1.05 ×", false]
      ]
    )
  })

  it("holds a value against the peer's by the preset that gives the same kind of value", () => {
    const value = (cpuNs: number, kind: string) =>
      new Sample({ ...sample(1), families: { int8: { wallNs: cpuNs, cpuNs, kind } } })
    const measured = verdicts([
      result(
        "types",
        new Map([
          ["ours-familiar", [value(300, "string")]],
          ["ours-lossless", [value(100, "bigint")]],
          ["sql-pg-4", [value(80, "bigint")]],
          ["pg", [value(600, "string")]]
        ])
      )
    ])
    assert.deepStrictEqual(
      measured.map((verdict) => [verdict.wanted, verdict.measured, verdict.reached]),
      [
        ["at most 1 × the CPU of pg", "0.50 ×", true],
        ["lossless at most 1 × the CPU of sql-pg-4", "1.25 ×", false],
        ["lossless at most 2 × the CPU of ours-familiar", "0.33 ×", true]
      ]
    )
  })
})
