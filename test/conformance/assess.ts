/** Joins the checklist with what the tests name, and lists where the two disagree. */
import type { Item, Section } from "./item.js"

export type State = "shown" | "fact" | "not applicable" | "not yet"

export const states: ReadonlyArray<State> = ["shown", "fact", "not applicable", "not yet"]

export interface Assessed extends Item {
  readonly state: State
  /** Test files, a reason, or the part it waits for. */
  readonly because: string
}

export interface AssessedSection extends Omit<Section, "items"> {
  readonly items: ReadonlyArray<Assessed>
}

export interface Assessment {
  readonly sections: ReadonlyArray<AssessedSection>
  /** Data and tests that contradict each other, one line each; empty in a sound tree. */
  readonly faults: ReadonlyArray<string>
}

/** Test file (as a path) to the ids that its titles name. */
export type Named = ReadonlyMap<string, ReadonlySet<string>>

const assessItem = (section: Section, item: Item, files: ReadonlyArray<string>): Assessed => {
  if (files.length > 0)
    return { ...item, state: "shown", because: files.map((file) => `\`${file}\``).join(", ") }
  switch (item.mark?._tag) {
    case "Fact":
      return { ...item, state: "fact", because: "the server's own behaviour" }
    case "NotApplicable":
      return { ...item, state: "not applicable", because: item.mark.reason }
    case "WaitsFor":
      return { ...item, state: "not yet", because: `waits for ${item.mark.part}` }
    case undefined:
      return {
        ...item,
        state: "not yet",
        because: section.waitsFor === undefined ? "no test names it" : `waits for ${section.waitsFor}`
      }
  }
}

const faultsOf = (section: Section, item: Item, files: ReadonlyArray<string>): ReadonlyArray<string> => {
  const isShown = files.length > 0
  // Where nothing is settled yet, what an item waits for is a hint, and showing it early is no contradiction. A fact that a
  // test shows is no fact: it hides what a client has to do.
  const excludesTests =
    item.mark?._tag === "NotApplicable" ||
    item.mark?._tag === "Fact" ||
    (section.settled && item.mark?._tag === "WaitsFor")
  if (isShown && excludesTests) {
    return [`${item.id} is shown by ${files.join(", ")}: its mark is out of date`]
  }
  return section.settled && !isShown && item.mark === undefined
    ? [`${item.id} belongs to a settled section and is neither shown by a test nor marked`]
    : []
}

export const assess = (sections: ReadonlyArray<Section>, named: Named): Assessment => {
  const filesOf = (id: string) => [...named].filter(([, ids]) => ids.has(id)).map(([file]) => file)
  const all = sections.flatMap((section) =>
    section.items.map((item) => ({ section, item, files: filesOf(item.id) }))
  )
  const known = new Set(all.map(({ item }) => item.id))
  const twice = all.filter(({ item }, at) => all.findIndex((other) => other.item.id === item.id) !== at)
  const unknown = [...named].flatMap(([file, ids]) =>
    [...ids]
      .filter((id) => !known.has(id))
      .map((id) => `${id}, named in ${file}, is no item of the checklist`)
  )
  return {
    sections: sections.map((section) => ({
      ...section,
      items: section.items.map((item) => assessItem(section, item, filesOf(item.id)))
    })),
    faults: [
      ...twice.map(({ item }) => `${item.id} stands in the checklist twice`),
      ...unknown,
      ...all.flatMap(({ files, item, section }) => faultsOf(section, item, files))
    ]
  }
}

/** How many items are in each state, in the order of `states`. */
export const count = (items: ReadonlyArray<Assessed>): ReadonlyArray<number> =>
  states.map((state) => items.filter((item) => item.state === state).length)
