/** Properties try few inputs, and the same ones for every mutant: what notices a mutant does not depend on luck. */
import * as fc from "fast-check"

fc.configureGlobal({ numRuns: 25, seed: Number(process.env["MUTATION_SEED"] ?? 1) })
