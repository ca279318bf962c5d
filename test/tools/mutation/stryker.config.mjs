/** Mutation tests of the pure rooms and of the session, by their unit tests. */
import { rooms } from "./rooms.mjs"

const only = process.env.MUTATION_ROOMS?.split(",")
const wanted = rooms.filter(({ name }) => only === undefined || only.includes(name))

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner", "./test/tools/mutation/sample.mjs"],
  checkers: ["sample"],
  vitest: { configFile: "test/tools/mutation/vitest.config.ts", related: false },
  mutate: [
    ...wanted.map(({ folder }) => `${folder}/**/*.ts`),
    ...["src/model/Oid.ts", "src/model/SqlState.ts", "src/auth/StringPrep.ts"].map(
      (generated) => `!${generated}`
    )
  ],
  // Vitest does not look at types.
  disableTypeChecks: false,
  // Texts of messages are held by the tests of messages; a mutant of every string says little about the code.
  mutator: { excludedMutations: ["StringLiteral"] },
  // What runs once, while a module is loaded, cannot be switched on for one test.
  ignoreStatic: true,
  coverageAnalysis: "perTest",
  concurrency: 2,
  timeoutMS: 20_000,
  timeoutFactor: 3,
  reporters: ["progress-append-only", "json", "clear-text"],
  clearTextReporter: { allowColor: false, logTests: false, reportScoreTable: false },
  jsonReporter: { fileName: ".stryker-tmp/report.json" },
  tempDirName: ".stryker-tmp/sandbox",
  cleanTempDir: "always",
  checkerNodeArgs: [],
  allowEmpty: false
}
