/**
 * Reads Stryker's reports, prints the score of each room and the mutants that lived, and writes the scores into
 * `docs/contributing.md`. Fails when a room is below its least score, or has no report.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../architecture/imports.js"
import type { Room } from "./rooms.mjs"
import { reportOf, rooms } from "./rooms.mjs"

interface Mutant {
  readonly mutatorName: string
  readonly replacement?: string
  readonly status: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: ReadonlyArray<Mutant> }>>
}

const mutantsOf = (room: Room) => {
  const path = join(root, reportOf(room))
  if (!existsSync(path)) return []
  const { files } = JSON.parse(readFileSync(path, "utf8")) as Report
  return Object.entries(files).flatMap(([path, { mutants }]) =>
    mutants.map((mutant) => ({ ...mutant, path }))
  )
}

const killed: ReadonlySet<string> = new Set(["Killed", "Timeout"])
const lived: ReadonlySet<string> = new Set(["Survived", "NoCoverage"])

const lines = rooms.flatMap((room) => {
  const own = mutantsOf(room)
  const dead = own.filter(({ status }) => killed.has(status)).length
  const left = own.filter(({ status }) => lived.has(status))
  for (const { location, mutatorName, path, replacement, status } of left) {
    const shown = (replacement ?? "").replaceAll(/\s+/g, " ").slice(0, 80)
    console.log(`${path}:${location.start.line}:${location.start.column} ${status} ${mutatorName} ${shown}`)
  }
  const tried = dead + left.length
  const score = tried === 0 ? 0 : (100 * dead) / tried
  if (score < room.least) process.exitCode = 1
  return tried === 0 ? [] : [{ room: room.name, tried, dead, score: score.toFixed(1), least: room.least }]
})

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
  spawnSync("npx", ["prettier", "--write", page], { cwd: root, stdio: "ignore" })
}
