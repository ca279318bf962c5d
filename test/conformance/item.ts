/**
 * The form of the conformance data. A section's items are lines of text, because seven hundred of them are read more often
 * than they are edited: `ID what is demanded`, and at the end, where no test is to show it, ` :: ` and a mark.
 *
 * - `:: fact`: the server behaves so; probed once, and no client could break it.
 * - `:: not applicable, <reason>`.
 * - `:: waits for <part>`: not yet; the part that will bring it.
 */

/** Parts of the project that single items wait for. */
export const parts = [
  "TLS",
  "GSSAPI",
  "several hosts",
  "credentials",
  "version negotiation",
  "connection strings",
  "pools",
  "COPY row formats",
  "types",
  "logical replication",
  "physical replication",
  "base backup"
] as const

export type Part = (typeof parts)[number]

export type Mark =
  | { readonly _tag: "Fact" }
  | { readonly _tag: "NotApplicable"; readonly reason: string }
  | { readonly _tag: "WaitsFor"; readonly part: Part }

export interface Item {
  readonly id: string
  readonly text: string
  readonly mark: Mark | undefined
}

export interface Section {
  /** The number of the checklist's section, which items of the same subject share. */
  readonly number: string
  readonly title: string
  /** Page and anchor of the manual, below https://www.postgresql.org/docs/current/. */
  readonly manual: string
  /** Every item must be shown or marked. Elsewhere an item that nothing shows is simply not yet. */
  readonly settled: boolean
  /** What unmarked items of a section that is not settled wait for. */
  readonly waitsFor: Part | undefined
  readonly items: ReadonlyArray<Item>
}

const isPart = (text: string): text is Part => parts.some((part) => part === text)

const parseMark = (text: string): Mark | undefined => {
  if (text === "fact") return { _tag: "Fact" }
  const reason = /^not applicable, (.+)$/.exec(text)?.[1]
  if (reason !== undefined) return { _tag: "NotApplicable", reason }
  const part = /^waits for (.+)$/.exec(text)?.[1]
  return part !== undefined && isPart(part) ? { _tag: "WaitsFor", part } : undefined
}

/** Throws on a line it cannot read: the data is wrong, and must be corrected. */
export const parseItem = (line: string): Item => {
  const [, id, text, mark] = /^([A-Z]{3}-\d{3}) (.+?)(?: :: (.+))?$/.exec(line) ?? []
  const parsed = mark === undefined ? undefined : parseMark(mark)
  if (id === undefined || text === undefined || (mark !== undefined && parsed === undefined)) {
    throw new Error(`no item of the conformance data: ${line}`)
  }
  return { id, text, mark: parsed }
}

const section =
  (settled: boolean) =>
  (number: string, title: string, manual: string, waitsFor: Part | undefined, lines: string): Section => ({
    number,
    title,
    manual,
    settled,
    waitsFor,
    items: lines.trim().split("\n").map(parseItem)
  })

/** A section whose every item is shown by a test or carries its mark. */
export const settled = (number: string, title: string, manual: string, lines: string): Section =>
  section(true)(number, title, manual, undefined, lines)

/** A section whose unmarked items wait for the part, unless a test shows them already. */
export const later = section(false)
