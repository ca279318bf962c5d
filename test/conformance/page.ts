/** Prints the assessment as `docs/conformance.md`. */
import { count, states, type Assessed, type Assessment, type AssessedSection } from "./assess.js"

const manual = "https://www.postgresql.org/docs/current/"

const row = (cells: ReadonlyArray<string | number>): string => `| ${cells.join(" | ")} |`

const table = (head: ReadonlyArray<string>, numbers: number, rows: ReadonlyArray<string>): string =>
  [row(head), row(head.map((_, at) => (at < head.length - numbers ? "---" : "---:"))), ...rows].join("\n")

const chapter = (section: AssessedSection): string => `${section.number} ${section.title}`

/** GitHub's anchor of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-")

const counts = (assessment: Assessment): string => {
  const all = assessment.sections.flatMap((section) => section.items)
  return table(["Section", "Settled", "Items", ...states], 5, [
    ...assessment.sections.map((section) =>
      row([
        `[${chapter(section)}](#${slug(chapter(section))})`,
        section.settled ? "yes" : "",
        section.items.length,
        ...count(section.items)
      ])
    ),
    row(["**all**", "", all.length, ...count(all)])
  ])
}

const itemRow = ({ because, id, state, text }: Assessed): string =>
  row([id, text.replaceAll("|", "\\|"), state === "shown" ? because : `${state}: ${because}`])

const sectionText = (section: AssessedSection): string =>
  [
    `## ${chapter(section)}`,
    `[In the manual](${manual}${section.manual})`,
    table(["Id", "What is demanded", "State"], 0, section.items.map(itemRow))
  ].join("\n\n")

export const page = (assessment: Assessment): string =>
  `${[
    "# Conformance",
    "<!-- Printed by test/tools/conformance.ts from test/conformance/items and the titles of the tests. Do not edit. -->",
    [
      "What the protocol demands of a client, item by item, and where each is shown. An item is *shown* when the title of a",
      "test names it and that test would fail if it were broken; a *fact* is the server's behaviour, which no client can",
      "break; *not applicable* comes with its reason; *not yet* names the part it waits for. In a settled section every item",
      "is shown or carries its mark, and CI refuses anything else."
    ].join("\n"),
    counts(assessment),
    ...assessment.sections.map(sectionText)
  ].join("\n\n")}\n`

/** For the terminal: one line for each state. */
export const summary = (assessment: Assessment): string => {
  const sums = (sections: ReadonlyArray<AssessedSection>) => {
    const items = sections.flatMap((section) => section.items)
    return [`${items.length} items`, ...count(items).map((sum, at) => `${sum} ${states[at]}`)].join(", ")
  }
  const { sections } = assessment
  return `conformance: ${sums(sections)}\nin settled sections: ${sums(sections.filter(({ settled }) => settled))}`
}
