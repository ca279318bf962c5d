/** Which checklist items the tests name: read from what vitest collected or ran, where every title is written out. */
import { relative } from "node:path"
import type { Named } from "./assess.js"

const pattern = /\b(?:GEN|CON|AUT|MSG|FLW|ERR|REP|LOG|TYP|TRP)-\d{3}\b/g

/** One test: its file as an absolute path, and its title behind those of the groups around it. */
export interface Title {
  readonly file: string
  readonly text: string
}

interface ListedTest {
  readonly name: string
  readonly file: string
}

/** The output of `vitest list --json`: all tests that would run. */
export const listed = (text: string): ReadonlyArray<Title> =>
  (JSON.parse(text) as ReadonlyArray<ListedTest>).map(({ file, name }) => ({ file, text: name }))

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string }>
  }>
}

/** The output of vitest's JSON reporter: the tests that passed. A test that failed or was skipped shows nothing. */
export const reported = (text: string): ReadonlyArray<Title> =>
  (JSON.parse(text) as Report).testResults.flatMap(({ assertionResults, name }) =>
    assertionResults
      .filter(({ status }) => status === "passed")
      .map(({ fullName }) => ({ file: name, text: fullName }))
  )

/** The items that each file's titles name, by its path below `root`. The tests of this folder name items only as examples. */
export const namedIn = (titles: ReadonlyArray<Title>, root: string): Named => {
  const found = new Map<string, Set<string>>()
  for (const { file, text } of titles) {
    const path = relative(root, file).replaceAll("\\", "/")
    const ids = path.startsWith("test/conformance/") ? null : text.match(pattern)
    if (ids === null) continue
    const named = found.get(path) ?? new Set()
    found.set(path, named)
    for (const id of ids) named.add(id)
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}
