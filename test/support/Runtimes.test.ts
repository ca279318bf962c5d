import { assert, describe, it } from "@effect/vitest"
import { judge, runtimes, type VitestReport } from "./runtimes.js"

const reportOf = (statuses: Readonly<Record<string, string>>): VitestReport => ({
  testResults: [
    {
      name: "a.test.ts",
      status: Object.values(statuses).includes("failed") ? "failed" : "passed",
      assertionResults: Object.entries(statuses).map(([fullName, status]) => ({ fullName, status }))
    }
  ]
})
const known = [{ test: "one", reason: "why" }]

describe("the unit tests on another runtime", () => {
  it("run on the one that was asked for", () => {
    const asked = process.env["EFFECT_POSTGRES_RUNTIME"]
    if (asked !== undefined) assert.isDefined(process.versions[asked], `this is not ${asked}`)
  })

  it("may fail where it is known, and nowhere else", () => {
    assert.deepStrictEqual(judge(reportOf({ one: "failed", two: "passed" }), known), [])
    assert.deepStrictEqual(judge(reportOf({ one: "failed", two: "failed", three: "passed" }), known), [
      "two: failed"
    ])
  })

  it("must fail where it is known, so that the list does not outlive its reasons", () => {
    assert.deepStrictEqual(judge(reportOf({ one: "passed" }), known), ["known to fail, but did not: one"])
    assert.deepStrictEqual(judge(reportOf({ two: "passed" }), known), ["known to fail, but did not: one"])
  })

  it("fail as a whole when a file could not be loaded, or nothing ran", () => {
    const broken = { name: "b.test.ts", status: "failed", message: "no such module", assertionResults: [] }
    const { testResults } = reportOf({ two: "passed" })
    assert.deepStrictEqual(judge({ testResults: [...testResults, broken] }, []), [
      "b.test.ts: no such module"
    ])
    assert.deepStrictEqual(judge({ testResults: [] }, []), ["no test passed"])
  })

  it("have a reason for each that fails", () => {
    for (const { known } of runtimes) for (const { reason } of known) assert.isAbove(reason.length, 20)
  })
})
