/**
 * Prints `docs/conformance.md` from the checklist and the titles of the tests, and the counts to the terminal. `--check`
 * compares instead of writing, and also fails where tests and checklist contradict each other.
 *
 * The titles are those of a run, where reports of vitest's JSON reporter are given (`--report <file>`, once or more: only tests
 * that passed count). Without one vitest is asked which tests there are.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../architecture/imports.js"
import { assess } from "../conformance/assess.js"
import { checklist } from "../conformance/checklist.js"
import { page, summary } from "../conformance/page.js"
import type { Title } from "../conformance/reports.js"
import { listed, namedIn, reported } from "../conformance/reports.js"
import { isCheck, publish } from "./generatedPage.js"

const reports = process.argv.filter((_, at) => process.argv[at - 1] === "--report")

/** Asks vitest for the tests of all projects. It starts no server for that. */
const collected = (): ReadonlyArray<Title> => {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"))
  try {
    const file = join(folder, "tests.json")
    // Files that share the modules of a thread are not all listed.
    execFileSync("npx", ["vitest", "list", "--poolOptions.threads.isolate", `--json=${file}`], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"]
    })
    return listed(readFileSync(file, "utf8"))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const titles =
  reports.length > 0 ? reports.flatMap((file) => reported(readFileSync(file, "utf8"))) : collected()
const assessment = assess(checklist, namedIn(titles, root))

publish("docs/conformance.md", page(assessment), "npm run conformance")
console.log(summary(assessment))
for (const fault of assessment.faults) console.error(fault)
if (isCheck && assessment.faults.length > 0) process.exitCode = 1
