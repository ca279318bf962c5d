/** Runtimes beside Node on which the unit tests are run, and what is known to fail there. */

/** A test that cannot pass on a runtime, and why that does no harm. */
export interface Known {
  /** Title with those of its groups, as the reporters print it. */
  readonly test: string
  readonly reason: string
}

export interface Runtime {
  readonly name: "bun" | "deno"
  readonly version: string
  /** Scope of the packages by platform, and the program's place in one. */
  readonly scope: string
  readonly program: string
  /** Arguments before the script. */
  readonly start: ReadonlyArray<string>
  readonly known: ReadonlyArray<Known>
}

export const runtimes: ReadonlyArray<Runtime> = [
  {
    name: "bun",
    version: "1.4.5",
    scope: "@oven",
    program: "bin/bun",
    start: ["--bun"],
    known: [
      {
        test: "TLS laid over a link passes OpenSSL's own option against renegotiation (CON-035)",
        reason:
          "Bun's TLS is BoringSSL, which has no such option, because a client renegotiates only when it is asked to"
      }
    ]
  },
  {
    name: "deno",
    version: "2.9.6",
    scope: "@deno",
    program: "deno",
    start: ["run", "--allow-all"],
    known: ["an invalid certificate", "a key of something else", "an invalid key"].map((material) => ({
      test: `certificates and keys are refused by the setting's name: ${material} (CON-055, CON-059, CON-060)`,
      reason:
        "Deno reads certificates and keys in the handshake only, so the attempt to connect fails and not its preparation"
    }))
  }
]

/** What is read of vitest's report in JSON. */
export interface VitestReport {
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: ReadonlyArray<string> | null
    }>
  }>
}

/** What is wrong with a run: failures that are not known, and known failures that did not fail. */
export const judge = ({ testResults }: VitestReport, known: ReadonlyArray<Known>): ReadonlyArray<string> => {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const statusOf = (test: string) =>
    tests.filter(({ fullName }) => fullName.trim() === test).map(({ status }) => status)
  const files = testResults.filter(
    ({ assertionResults, status }) =>
      status === "failed" && !assertionResults.some((test) => test.status === "failed")
  )
  return [
    ...(tests.some(({ status }) => status === "passed") ? [] : ["no test passed"]),
    ...files.map(({ message, name }) => `${name}: ${message ?? "failed as a whole"}`),
    ...tests
      .filter(
        ({ fullName, status }) => status === "failed" && !known.some(({ test }) => test === fullName.trim())
      )
      .map(({ failureMessages, fullName }) => `${fullName}: ${failureMessages?.[0] ?? "failed"}`),
    ...known
      .filter(({ test }) => !statusOf(test).includes("failed"))
      .map(({ test }) => `known to fail, but did not: ${test}`)
  ]
}

/** Names of the files with a test that failed, or that failed as a whole. */
const failedFiles = ({ testResults }: VitestReport): ReadonlyArray<string> =>
  testResults.filter(({ status }) => status === "failed").map(({ name }) => name)

/**
 * A run whose failed files are run once more, each file by what it shows the second time. What a runtime cannot do fails again;
 * without a report everything is run again.
 */
export const again = (
  first: VitestReport | string,
  tested: (files: ReadonlyArray<string>) => VitestReport | string
): VitestReport | string => {
  if (typeof first === "string") return tested([])
  const files = failedFiles(first)
  if (files.length === 0) return first
  const second = tested(files)
  if (typeof second === "string") return second
  return {
    testResults: first.testResults.map(
      (file) => second.testResults.find(({ name }) => name === file.name) ?? file
    )
  }
}
