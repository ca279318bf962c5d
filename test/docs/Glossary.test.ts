/** The glossary and the code know the same coined words. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { readSources } from "../architecture/imports.js"
import { plainWords } from "./plainWords.js"

/** Words as rows of the table have them, those of ours apart from the manual's. */
const entries = (page: string): ReadonlyArray<{ readonly word: string; readonly isOurs: boolean }> =>
  [...page.matchAll(/^\| ([^|]+?)( \*)? +\| (?!Meaning)/gm)]
    .filter(([, word]) => !word!.startsWith("-"))
    .map(([, word, star]) => ({ word: word!, isOurs: star !== undefined }))

/** The words of a name such as `SideChannels.ts`, in lower case. */
const wordsOf = (path: string): ReadonlyArray<string> =>
  path
    .replace(/^.*\//, "")
    .replace(/\.ts$/, "")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(" ")

const singular = (word: string): string => (word.length > 3 ? word.replace(/s$/, "") : word)

const sources = readSources("src")
const glossary = entries(readFileSync(new URL("../../docs/glossary.md", import.meta.url), "utf8"))
const known = new Set(glossary.flatMap(({ word }) => word.toLowerCase().split(/[ ,]+/)).map(singular))

describe("the glossary", () => {
  it("has every word of a file's name that is not plain", () => {
    const missing = [...sources.keys()].flatMap((path) =>
      wordsOf(path)
        .filter((word) => !plainWords.has(word) && !known.has(singular(word)))
        .map((word) => `${word}, in src/${path}`)
    )
    assert.deepStrictEqual(missing, [], "explain the word in docs/glossary.md, or take the manual's")
  })

  it("has no word of ours that the code does not use", () => {
    const text = [...sources].map(([path, source]) => `${wordsOf(path).join(" ")} ${source}`).join("\n")
    const spaced = text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase()
    const unused = glossary.filter(({ isOurs, word }) => isOurs && !spaced.includes(word.toLowerCase()))
    assert.deepStrictEqual(unused, [])
  })

  it("is in the order of the alphabet, each word once", () => {
    const words = glossary.map(({ word }) => word.toLowerCase())
    assert.deepStrictEqual(words, [...new Set(words)].sort())
    assert.isAbove(words.length, 30)
  })
})
