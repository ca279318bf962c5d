/**
 * Reads Stryker's report, prints the score of each room and the mutants that lived, and writes the scores into
 * `docs/contributing.md`. Fails when a room is below its least score.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../architecture/imports.js"
import { roomOf, rooms } from "./rooms.mjs"

interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: ReadonlyArray<Mutant> }>>
}

const report = JSON.parse(readFileSync(join(root, ".stryker-tmp/report.json"), "utf8")) as Report
const killed: ReadonlySet<string> = new Set(["Killed", "Timeout"])
const lived: ReadonlySet<string> = new Set(["Survived", "NoCoverage"])

const all = Object.entries(report.files).flatMap(([path, { mutants }]) =>
  mutants.map((mutant) => ({ ...mutant, path, room: roomOf(path) }))
)

const lines = rooms.flatMap((room) => {
  const own = all.filter((mutant) => mutant.room === room)
  const dead = own.filter(({ status }) => killed.has(status)).length
  const tried = dead + own.filter(({ status }) => lived.has(status)).length
  if (tried === 0) return []
  const score = (100 * dead) / tried
  if (score < room.least) process.exitCode = 1
  return [{ room: room.name, tried, dead, score: score.toFixed(1), least: room.least }]
})

for (const { location, mutatorName, path, replacement, status } of all) {
  if (!lived.has(status)) continue
  const shown = (replacement ?? "").replaceAll(/\s+/g, " ").slice(0, 80)
  console.log(`${path}:${location.start.line}:${location.start.column} ${status} ${mutatorName} ${shown}`)
}

const table = [
  "| Room | Mutants tried | Killed | Score | At least |",
  "| --- | ---: | ---: | ---: | ---: |",
  ...lines.map(
    ({ dead, least, room, score, tried }) => `| \`${room}\` | ${tried} | ${dead} | ${score} % | ${least} % |`
  )
].join("\n")
console.log(`\n${table}`)

const page = join(root, "docs/contributing.md")
const [begin, end] = [
  "<!-- mutation: printed by test/tools/mutation/score.ts -->",
  "<!-- end of mutation -->"
]
const text = readFileSync(page, "utf8")
const at = text.indexOf(begin)
if (at >= 0) {
  writeFileSync(page, `${text.slice(0, at + begin.length)}\n\n${table}\n\n${text.slice(text.indexOf(end))}`)
}
