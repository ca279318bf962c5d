/** The unit tests of the mutated room, in one worker that keeps its modules: a mutant is switched on by a number, not by loading anew. */
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { chosenRoom } from "./rooms.mjs"

const { tests } = chosenRoom()

/** The room's own tests first: they are the quickest to notice, and the first failure ends a mutant. */
class OwnTestsFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    const place = ({ moduleId }: TestSpecification): number =>
      tests.findIndex((folder) => moduleId.includes(`/test/${folder}/`))
    return files.sort((a, b) => place(a) - place(b) || (a.moduleId < b.moduleId ? -1 : 1))
  }
}

export default defineConfig({
  test: {
    include: tests.map((folder) => `test/${folder}/**/*.test.ts`),
    setupFiles: ["test/tools/mutation/setup.ts"],
    // A mutant that keeps a test waiting for ever ends with the test, and costs no new process, as one does that Stryker stops.
    testTimeout: 1000 * Number(process.env["MUTATION_TEST_SECONDS"] ?? 20),
    isolate: false,
    sequence: { sequencer: OwnTestsFirst }
  }
})
