/**
 * Chooses which mutants are tried: a sample of each room, by a seed. Stryker has no sampling of its own, but asks a checker about every
 * mutant, and one that is said not to compile is neither run nor counted.
 *
 * `MUTATION_SAMPLE`: how many in all (1500). `MUTATION_SEED`: a whole number (1).
 */
import { createHash } from "node:crypto"
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin"
import { roomOf, rooms } from "./rooms.mjs"

const size = Number(process.env.MUTATION_SAMPLE ?? 1500)
const seed = process.env.MUTATION_SEED ?? "1"

const rank = (mutant) =>
  createHash("sha256")
    .update(
      [
        seed,
        mutant.fileName.replace(/^.*?src\//, ""),
        mutant.mutatorName,
        mutant.replacement,
        JSON.stringify(mutant.location)
      ].join("\n")
    )
    .digest("hex")

/** A room's share is that of its mutants, and at least a sixteenth of the sample. */
const chosen = (mutants) => {
  const taken = new Set()
  for (const room of rooms) {
    const own = mutants.filter(({ fileName }) => roomOf(fileName) === room)
    const share = Math.max(
      Math.round((size * own.length) / mutants.length),
      Math.round(size / (2 * rooms.length))
    )
    const ranked = own.map((mutant) => [rank(mutant), mutant]).sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [, { id }] of ranked.slice(0, share)) taken.add(id)
  }
  return taken
}

class SampleChecker {
  async init() {}

  /** All in one group, so that the sample is drawn from all. */
  async group(mutants) {
    return [mutants.map(({ id }) => id)]
  }

  async check(mutants) {
    const taken = chosen(mutants)
    return Object.fromEntries(
      mutants.map(({ id }) => [
        id,
        taken.has(id) ? { status: "passed" } : { status: "compileError", reason: "not in the sample" }
      ])
    )
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, "sample", SampleChecker)]
