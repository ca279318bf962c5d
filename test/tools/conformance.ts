/**
 * Prints `docs/conformance.md` from the checklist and the titles of the tests, and the counts to the terminal. `--check`
 * compares instead of writing, and also fails where tests and checklist contradict each other.
 */
import { readSources } from "../architecture/imports.js"
import { assess } from "../conformance/assess.js"
import { checklist } from "../conformance/checklist.js"
import { page, summary } from "../conformance/page.js"
import { idsInTitles } from "../conformance/titles.js"
import { isCheck, publish } from "./generatedPage.js"

const named = new Map(
  [...readSources("test", ".test.ts")]
    .filter(([path]) => !path.startsWith("conformance/"))
    .map(([path, source]) => [`test/${path}`, idsInTitles(path, source)] as const)
)
const assessment = assess(checklist, named)

publish("docs/conformance.md", page(assessment), "npm run conformance")
console.log(summary(assessment))
for (const fault of assessment.faults) console.error(fault)
if (isCheck && assessment.faults.length > 0) process.exitCode = 1
