import { assert, describe, it } from "@effect/vitest"
import { again, judge, runtimes, type VitestReport } from "./runtimes.js"

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

  it("run once more in the files that failed, and count as they end then", () => {
    const files = (status: string): VitestReport => ({
      testResults: ["a", "b"].map((name) => ({
        name: `${name}.test.ts`,
        status: name === "b" ? status : "passed",
        assertionResults: [{ fullName: name, status: name === "b" ? status : "passed" }]
      }))
    })
    const asked: Array<ReadonlyArray<string>> = []
    const second = (report: VitestReport | string) => (files: ReadonlyArray<string>) => {
      asked.push(files)
      return report
    }
    const outcome = (first: VitestReport | string, then: VitestReport | string) => {
      const report = again(first, second(then))
      return typeof report === "string" ? report : judge(report, [])
    }
    const onlyB = (status: string) => ({ testResults: files(status).testResults.slice(1) })
    assert.deepStrictEqual(outcome(files("failed"), onlyB("passed")), [])
    assert.deepStrictEqual(outcome(files("failed"), onlyB("failed")), ["b: failed"])
    assert.strictEqual(outcome(files("failed"), "no report: killed"), "no report: killed")
    assert.deepStrictEqual(outcome("no report: killed", files("passed")), [])
    assert.deepStrictEqual(asked, [["b.test.ts"], ["b.test.ts"], ["b.test.ts"], []])
  })

  it("are not run once more where nothing failed", () => {
    const report = reportOf({ two: "passed" })
    assert.strictEqual(
      again(report, () => assert.fail("run again")),
      report
    )
  })

  it("have a reason for each that fails", () => {
    for (const { known } of runtimes) for (const { reason } of known) assert.isAbove(reason.length, 20)
  })
})
