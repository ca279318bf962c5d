/** Mutation tests of one room, by unit tests. */
import { chosenRoom, reportOf } from "./rooms.mjs"

const room = chosenRoom()

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner", "./test/tools/mutation/sample.mjs"],
  checkers: ["sample"],
  vitest: { configFile: "test/tools/mutation/vitest.config.ts", related: false },
  mutate: [
    `${room.folder}/**/*.ts`,
    ...["src/model/Oid.ts", "src/model/SqlState.ts", "src/auth/StringPrep.ts"].map(
      (generated) => `!${generated}`
    )
  ],
  // Vitest does not look at types.
  disableTypeChecks: false,
  // Texts of messages are held by the tests of messages; a mutant of every string shows little about the code.
  mutator: { excludedMutations: ["StringLiteral"] },
  // What runs once, while a module is loaded, cannot be switched on for one test.
  ignoreStatic: true,
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 2),
  // Behind the time that a test has: what waits ends with its test, what turns in a circle ends here.
  timeoutMS: 30_000,
  timeoutFactor: 3,
  reporters: ["progress-append-only", "json"],
  jsonReporter: { fileName: reportOf(room) },
  tempDirName: `.stryker-tmp/${room.name.replace("/", "-")}`,
  cleanTempDir: "always",
  checkerNodeArgs: [],
  allowEmpty: false
}
