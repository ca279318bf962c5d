/** Enums, whose labels are any text of at most 63 bytes. */
import type { Sample } from "./sample.js"
import { pick } from "./sample.js"

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

const moods = ["sad", 'so, "so"', "it's", "gl{a}d", "back\\slash\\", "NULL", "null", " (spaced) ", ""]
const odd = [
  `${"é".repeat(31)}x`,
  "x".repeat(63),
  "line\nbreak",
  "\t",
  "[1:2]={}",
  "😀",
  "__proto__",
  "%",
  ";"
]

/** How the types are made, for they are the server's only then. */
export const enumTypes = `
create type mood as enum (${moods.map(quoted).join(", ")});
create type "Odd ""{,}"" labels" as enum (${odd.map(quoted).join(", ")});`

/** SQL for a random one. */
export const mood = `${pick(...moods)}::mood`

export const enums: ReadonlyArray<Sample> = [
  { type: "mood", literals: moods, random: mood },
  { type: '"Odd ""{,}"" labels"', literals: odd, random: pick(...odd) }
]
