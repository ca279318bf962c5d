/** Prints rooms and state machines as Markdown. */
import type { Exception, Room } from "./rooms.js"

const row = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n")

const orDash = (words: string): string => (words === "" ? "–" : words)

const effects = ({ effect }: Room): string => (effect === undefined ? "yes" : "")

const builtins = ({ builtins, builtinsNote }: Room): string =>
  orDash(builtins.join(", ") + (builtinsNote === undefined ? "" : `; ${builtinsNote}`)).replace(/^–?; /, "")

export const roomTable = (rooms: ReadonlyArray<Room>): string =>
  table(
    ["Room under `src/`", "Holds", "May import", "Effects", "Node built-ins"],
    rooms.map((room) => [
      `\`${room.name}\``,
      room.holds,
      orDash(room.mayImport.join(", ").replace("facade", "everything public")),
      effects(room),
      builtins(room)
    ])
  )

/** The folders inside large rooms. */
export const partTable = (rooms: ReadonlyArray<Room>): string =>
  table(
    ["Part of a room", "Holds"],
    rooms.flatMap(({ name, parts = [] }) =>
      parts.map((part) => [`\`${part.name === "." ? `${name}/*.ts` : `${name}/${part.name}`}\``, part.holds])
    )
  )

export const exceptionTable = (exceptions: ReadonlyArray<Exception>): string =>
  table(
    ["File with a built-in of its own", "Which", "Why"],
    exceptions.map(({ builtins, file, reason }) => [`\`${file}\``, builtins.join(", "), reason])
  )

/** The shape in which the protocol room gives its tables. */
export interface NamedTable {
  readonly name: string
  readonly initial: string
  readonly transitions: {
    readonly [state: string]: { readonly [message: string]: { readonly to: string; readonly emit: string } }
  }
}

/** Ways out of a table that are no states of it. */
const exits: ReadonlyMap<string, string> = new Map([
  ["Done", ""],
  ["Next", " (next step)"]
])

const label = (message: string, emit: string): string => (emit === "none" ? message : `${message} / ${emit}`)

/** One line for each arrow; messages that lead the same way share it. A state nothing leads out of stands alone. */
const arrows = (from: string, row: NamedTable["transitions"][string]): ReadonlyArray<string> => {
  const byTarget = new Map<string, ReadonlyArray<string>>()
  for (const [message, { emit, to }] of Object.entries(row)) {
    byTarget.set(to, [...(byTarget.get(to) ?? []), label(message, emit)])
  }
  if (byTarget.size === 0) return [`  ${from}`]
  return [...byTarget].map(([to, labels]) => {
    const exit = exits.get(to)
    return `  ${from} --> ${exit === undefined ? to : "[*]"}: ${labels.join("<br/>")}${exit ?? ""}`
  })
}

export const diagram = ({ initial, name, transitions }: NamedTable): string =>
  [
    `### ${name}`,
    "",
    "```mermaid",
    "stateDiagram-v2",
    `  [*] --> ${initial}`,
    ...Object.entries(transitions).flatMap(([state, row]) => arrows(state, row)),
    "```"
  ].join("\n")

export const diagrams = (tables: ReadonlyArray<NamedTable>): string => tables.map(diagram).join("\n\n")

/** Puts `body` between the page's markers of that name and tool. Throws where the markers are missing. */
export const replaceBetween = (
  page: string,
  name: string,
  body: string,
  tool = "architecture.ts"
): string => {
  const start = `<!-- ${name}: printed by test/tools/${tool} -->`
  const end = `<!-- end of ${name} -->`
  const from = page.indexOf(start)
  const until = page.indexOf(end)
  if (from < 0 || until < from) throw new Error(`the page has no markers for ${name}`)
  return `${page.slice(0, from + start.length)}\n\n${body}\n\n${page.slice(until)}`
}
