/**
 * Writes `src/auth/StringPrep.ts` from `stringprepTables.txt`, the tables of RFC 3454 as the `stringprep` module of Python's
 * standard library knows them. A test compares the two; run with tsx to write.
 */
import { readFileSync, writeFileSync } from "node:fs"

type Range = readonly [from: number, to: number]

/** The tables by name, in ranges. */
export const readTables = (text: string): ReadonlyMap<string, ReadonlyArray<Range>> =>
  new Map(
    [...text.matchAll(/^\[(.+)\]\n([^[]*)/gm)].map(([, name, body]) => [
      name!,
      body!
        .trim()
        .split(/\s+/)
        .map((range): Range => {
          const [from, to = from] = range.split("-")
          return [parseInt(from!, 16), parseInt(to!, 16)]
        })
    ])
  )

/** Sorted, with neighbours and overlaps made one. */
const merge = (ranges: ReadonlyArray<Range>): ReadonlyArray<Range> => {
  const merged: Array<[number, number]> = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

export const stringPrepModule = (text: string): string => {
  const tables = readTables(text)
  const pick = (...names: ReadonlyArray<string>) => merge(names.flatMap((name) => tables.get(name)!))
  const define = (name: string, comment: string, ranges: ReadonlyArray<Range>): string => {
    const numbers = ranges.flat().map((code) => `0x${code.toString(16)}`)
    const lines: Array<string> = []
    for (const number of numbers) {
      const last = lines.at(-1)
      if (last === undefined || last.length + number.length + 2 > 110 - 1) lines.push(`  ${number}`)
      else lines[lines.length - 1] = `${last}, ${number}`
    }
    const whole = `export const ${name}: Ranges = [${numbers.join(", ")}]`
    return (
      `/** ${comment} */\n` +
      (whole.length <= 110 ? whole : `export const ${name}: Ranges = [\n${lines.join(",\n")}\n]`)
    )
  }
  return `// Generated from test/auth/stringprepTables.txt by test/auth/generateStringPrep.ts; do not edit.
/**
 * Code points of stringprep, Unicode 3.2: first and last of each range, in order.
 *
 * @see https://www.rfc-editor.org/rfc/rfc3454
 */
type Ranges = ReadonlyArray<number>

${[
  define("space", "Spaces other than the ASCII one (C.1.2).", pick("C.1.2")),
  define("nothing", "Commonly mapped to nothing (B.1).", pick("B.1")),
  define(
    "forbidden",
    "Prohibited (C.1.2 to C.9) or unassigned (A.1).",
    pick("A.1", "C.1.2", "C.2.1", "C.2.2", "C.3", "C.4", "C.5", "C.6", "C.7", "C.8", "C.9")
  ),
  define("rightToLeft", "Written from right to left: RandALCat (D.1).", pick("D.1")),
  define("leftToRight", "Written from left to right: LCat (D.2).", pick("D.2"))
].join("\n\n")}

/** Whether \`code\` lies in one of the ranges. */
export const has = (ranges: Ranges, code: number): boolean => {
  let low = 0
  let high = ranges.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (code < ranges[middle * 2]!) high = middle
    else if (code > ranges[middle * 2 + 1]!) low = middle + 1
    else return true
  }
  return false
}
`
}

if (process.argv[1]?.endsWith("generateStringPrep.ts") === true) {
  const tables = readFileSync(new URL("stringprepTables.txt", import.meta.url), "utf8")
  writeFileSync(new URL("../../src/auth/StringPrep.ts", import.meta.url), stringPrepModule(tables))
}
