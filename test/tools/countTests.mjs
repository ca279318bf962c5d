// Prints `N passed, N failed` from vitest's JSON report. A file that could not be loaded counts as one failure.
import { readFileSync } from "node:fs"

const report = JSON.parse(readFileSync(process.argv[2], "utf8"))
const unloaded = report.testResults.filter(
  (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
)
const failed = report.numFailedTests + unloaded.length
console.log(`${report.numPassedTests} passed, ${failed} failed`)
process.exitCode = report.success && failed === 0 ? 0 : 1
