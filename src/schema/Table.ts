/** A comparison as a table of text, for people: what the result has on the left, what the Schema wants on the right. */
import type { Compared, Nullability, Verdict } from "./Compared.js"

const remarks: { readonly [V in Verdict]: string } = {
  fits: "",
  missing: "<- not in the result",
  type: "<- another type",
  nullable: "<- may be NULL",
  unwanted: "not wanted, left out",
  excess: "<- not in the Schema, which takes no other columns"
}

const nulls: { readonly [N in Nullability]: string } = {
  nullable: "yes",
  "not null": "no",
  unknown: "unknown"
}

const header = ["column", "type", "may be NULL", "wanted", "takes NULL", ""]

const nothing = "-"

const remarkOf = ({ hint, type, verdict }: Compared): string => {
  if (verdict === "fits" && type === undefined) return "may be missing"
  return hint === undefined ? remarks[verdict] : `${remarks[verdict]}: ${hint}`
}

const cells = (compared: Compared): ReadonlyArray<string> => {
  const { name, nullability, type, wanted } = compared
  return [
    printable(name),
    type ?? nothing,
    type === undefined ? nothing : nulls[nullability],
    wanted === undefined ? nothing : (wanted.types?.map((each) => each.name).join(" or ") ?? "any type"),
    wanted === undefined ? nothing : wanted.nullable ? "yes" : "no",
    remarkOf(compared)
  ]
}

/** Names come from the server: none breaks out of its line. */
const printable = (name: string): string =>
  /^$|[\u0000-\u001f\u007f]/.test(name) ? JSON.stringify(name) : name

const width = (text: string): number => [...text].length

export const print = (columns: ReadonlyArray<Compared>): string => {
  const lines = [header, ...columns.map(cells)]
  const widths = header.map((_, at) => Math.max(...lines.map((line) => width(line[at]!))))
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell + " ".repeat(widths[at]! - width(cell)))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}
