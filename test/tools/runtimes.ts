/**
 * The unit tests on Bun and on Deno: `runtimes.ts bun`, `runtimes.ts deno`. The runtime comes from npm, in the package of its own for
 * this platform, without its install script, into a folder that the next run finds again. Tests that are known to fail there are
 * listed with their reasons; any other that fails twice, and one that no longer does, fails the gate. What fails once is printed.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../architecture/imports.js"
import { again, judge, runtimes, type VitestReport } from "../support/runtimes.js"
import { report, run } from "./process.js"

const name = process.argv[2] ?? ""
const runtime = runtimes.find((runtime) => runtime.name === name)
if (runtime === undefined) throw new Error(`name one of ${runtimes.map(({ name }) => name).join(", ")}`)
const { known, program, scope, start, version } = runtime

const folder = join(root, "node_modules/.cache/runtimes", `${name}-${version}`)
const scoped = join(folder, "node_modules", scope)

/** The program, installed unless it is there: npm takes the package that fits this platform. */
const install = (): string | undefined => {
  if (existsSync(scoped)) return undefined
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), "{}")
  const flags = ["--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"]
  return run({
    command: "npm",
    args: ["install", ...flags, `${name}@${version}`],
    cwd: folder,
    seconds: 300
  })
}

/** The unit tests, or some files of them: what vitest reports, or why it reports nothing. */
const tested = (files: ReadonlyArray<string>): VitestReport | string => {
  const [platform] = readdirSync(scoped)
  const output = mkdtempSync(join(tmpdir(), "runtime-"))
  const json = join(output, "report.json")
  const vitest = [
    join(root, "node_modules/vitest/vitest.mjs"),
    ...["run", "--project", "unit", "--reporter=json", "--reporter=dot", `--outputFile.json=${json}`]
  ]
  try {
    const exit = run({
      command: join(scoped, platform ?? "", program),
      args: [...start, ...vitest, ...files],
      cwd: root,
      env: { EFFECT_POSTGRES_RUNTIME: name },
      seconds: 850
    })
    return existsSync(json)
      ? (JSON.parse(readFileSync(json, "utf8")) as VitestReport)
      : `no report: ${exit ?? "exit code 0"}`
  } finally {
    rmSync(output, { recursive: true, force: true })
  }
}

/** The problems of a run, as text; undefined when the run has no problem. */
const problemsOf = (outcome: VitestReport | string): string | undefined => {
  const problems = typeof outcome === "string" ? [outcome] : judge(outcome, known)
  return problems.length === 0 ? undefined : `\n${problems.join("\n")}`
}

const failure = install()
report(`${name} ${version} comes from npm`, failure)
if (failure === undefined) {
  let outcome = tested([])
  const first = problemsOf(outcome)
  if (first !== undefined) {
    console.log(`FAILED THE FIRST TIME, and run once more: ${first}`)
    outcome = again(outcome, tested)
  }
  report(`the unit tests pass on ${name}, but for ${known.length} known`, problemsOf(outcome))
}
