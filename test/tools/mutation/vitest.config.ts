/** The unit tests of the mutated rooms, in one worker that keeps its modules: a mutant is switched on by a number, not by loading anew. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/{model,bytes,wire,types,auth,protocol,config,connection}/**/*.test.ts"],
    testTimeout: 120_000,
    isolate: false
  }
})
