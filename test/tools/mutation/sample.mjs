/**
 * Chooses which mutants of a room are tried: a sample, by a seed. Stryker has no sampling of its own, but asks a checker about every
 * mutant, and one that is reported not to compile is neither run nor counted.
 *
 * `MUTATION_SAMPLE`: how many in all rooms (1740). `MUTATION_SEED`: a whole number (1).
 */
import { createHash } from "node:crypto"
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin"
import { chosenRoom, rooms } from "./rooms.mjs"

const shares = rooms.reduce((sum, { share }) => sum + share, 0)
const size = Number(process.env.MUTATION_SAMPLE ?? shares)
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

const chosen = (mutants) => {
  const ranked = mutants.map((mutant) => [rank(mutant), mutant.id]).sort(([a], [b]) => (a < b ? -1 : 1))
  return new Set(ranked.slice(0, Math.round((size * chosenRoom().share) / shares)).map(([, id]) => id))
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
