/** How the files of `test` are named: the first letter of a file distinguishes tests from their helpers. */
import { assert, describe, it } from "@effect/vitest"
import { readSources } from "./imports.js"

/** The bench and the mutations are programs, whose modules are named as those of `src`. */
const isProgram = (path: string): boolean => path.startsWith("bench/") || path.startsWith("tools/")

const paths = [...readSources("test").keys()].filter((path) => !isProgram(path))
const initial = (path: string): string => path.slice(path.lastIndexOf("/") + 1)[0]!
const isLower = (letter: string): boolean => letter === letter.toLowerCase()

describe("the files of test", () => {
  it("that are tests begin with an upper case letter, as the modules of src do", () => {
    const tests = paths.filter((path) => path.endsWith(".test.ts"))
    assert.isAbove(tests.length, 200)
    assert.deepStrictEqual(
      tests.filter((path) => isLower(initial(path))),
      []
    )
  })

  it("that help them begin with a lower case letter", () => {
    const helpers = paths.filter((path) => !path.endsWith(".test.ts"))
    assert.isAbove(helpers.length, 50)
    assert.deepStrictEqual(
      helpers.filter((path) => !isLower(initial(path))),
      []
    )
  })
})
