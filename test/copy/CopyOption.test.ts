import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as CopyOption from "../../src/copy/CopyOption.js"
import type { OptionName, Options, Situation, Use } from "../../src/copy/CopyOption.js"
import * as Statement from "../../src/model/Statement.js"
import { root } from "../architecture/imports.js"

const uses: ReadonlyArray<Use> = ["into", "from", "encode", "decode"]
const formats = ["binary", "text", "csv"] as const

const situation = (given: Partial<Situation> = {}): Situation => ({
  use: "into",
  data: "rows",
  version: 180_000,
  named: true,
  ...given
})

/** An option by itself, with what it cannot be without. */
const alone: { readonly [N in OptionName]: Partial<Options> } = {
  delimiter: { delimiter: "|" },
  nullText: { nullText: "-" },
  header: { header: true },
  quote: { quote: "'" },
  escape: { escape: "\\" },
  encoding: { encoding: "UTF8" },
  defaultText: { defaultText: "D" },
  forceQuote: { forceQuote: "*" },
  forceNotNull: { forceNotNull: "*" },
  forceNull: { forceNull: "*" },
  freeze: { freeze: true },
  where: { where: Statement.make("true") },
  onError: { onError: "ignore" },
  rejectLimit: { onError: "ignore", rejectLimit: 1 },
  logVerbosity: { logVerbosity: "verbose" }
}

const names = Object.keys(alone) as ReadonlyArray<OptionName>
const both: ReadonlyArray<Use> = ["into", "from"]

/** The manual's table: the formats and the ways of each option, with the files that we write and read ourselves. */
const manual: { readonly [N in OptionName]: readonly [string, ReadonlyArray<Use>] } = {
  delimiter: ["text csv", uses],
  nullText: ["text csv", uses],
  header: ["text csv", uses],
  quote: ["csv", uses],
  escape: ["csv", uses],
  encoding: ["text csv", uses],
  defaultText: ["text csv", ["into", "encode"]],
  forceQuote: ["csv", ["from", "encode"]],
  forceNotNull: ["csv", ["into", "decode"]],
  forceNull: ["csv", ["into", "decode"]],
  freeze: ["binary text csv", ["into"]],
  where: ["binary text csv", ["into"]],
  onError: ["text csv", ["into"]],
  rejectLimit: ["text csv", ["into"]],
  logVerbosity: ["text csv", ["into"]]
}

const page = readFileSync(join(root, "docs/copy.md"), "utf8")

describe("an option of COPY", () => {
  it("has its line in the documentation, with its formats and the version that it came with", () => {
    for (const name of names) {
      const rule: { readonly formats: ReadonlyArray<string>; readonly since?: number } =
        CopyOption.rules[name]
      const { formats, since } = rule
      const line =
        new RegExp(`^\\| \`${name}\` .*$`, "m").exec(page)?.[0] ?? assert.fail(`no line for ${name}`)
      const cells = line.split("|").map((cell) => cell.trim())
      const shown =
        formats.length === 3 ? "all" : formats.map((each) => (each === "csv" ? "CSV" : each)).join(", ")
      assert.deepStrictEqual([cells[3], cells[5]], [shown, since === undefined ? "" : String(since)], name)
    }
  })

  for (const name of names) {
    it(`${name} is taken where it means something, and refused by name elsewhere`, () => {
      const [its, ways] = manual[name]
      for (const use of uses) {
        for (const format of formats) {
          const reason = CopyOption.refusal({ ...alone[name], format }, situation({ use }))
          if (its.split(" ").includes(format) && ways.includes(use)) assert.isUndefined(reason)
          else
            assert.match(
              reason ?? "",
              name === "rejectLimit"
                ? /^(?:onError|rejectLimit) is an option of/
                : new RegExp(`^${name} is an option of `)
            )
        }
      }
    })
  }

  it("of lines needs a format that is stated", () => {
    assert.strictEqual(
      CopyOption.refusal({ delimiter: "|" }, situation()),
      "delimiter is an option of the format text or csv, and no format is given"
    )
    assert.isUndefined(CopyOption.refusal({ freeze: true, where: Statement.make("true") }, situation()))
    assert.isUndefined(CopyOption.refusal({}, situation()))
  })

  it("is refused by name on a server that does not know it yet", () => {
    const since: ReadonlyArray<readonly [Partial<Options>, number, string]> = [
      [{ defaultText: "D" }, 16, "defaultText"],
      [{ onError: "stop" }, 17, "onError"],
      [{ onError: "set_null" }, 19, 'onError: "set_null"'],
      [{ logVerbosity: "default" }, 17, "logVerbosity"],
      [{ logVerbosity: "silent" }, 18, 'logVerbosity: "silent"'],
      [{ header: "match" }, 15, 'header: "match"']
    ]
    for (const [options, first, what] of since) {
      const refusal = (version: number) =>
        CopyOption.refusal({ format: "csv", ...options }, situation({ version }))
      assert.isUndefined(refusal(first * 10_000))
      assert.strictEqual(
        refusal(first * 10_000 - 1),
        `${what} needs PostgreSQL ${first} or later, and the server has ${first - 1}.9999`
      )
      assert.isUndefined(
        CopyOption.refusal({ format: "csv", ...options }, situation({ version: undefined })),
        "a version that nobody knows refuses nothing"
      )
    }
    const limited = { format: "text", onError: "ignore", rejectLimit: 1 } as const
    assert.match(
      CopyOption.refusal(limited, situation({ version: 170_006 })) ?? "",
      /^rejectLimit .* has 17\.6$/
    )
  })

  it("header came to the text format in 15, in both directions", () => {
    for (const use of both) {
      const refusal = (format: "text" | "csv", header: boolean, version: number) =>
        CopyOption.refusal({ format, header }, situation({ use, version }))
      assert.match(refusal("text", true, 140_020) ?? "", /^header in the text format needs PostgreSQL 15/)
      assert.isUndefined(refusal("text", false, 140_020))
      assert.isUndefined(refusal("text", true, 150_000))
      assert.isUndefined(refusal("csv", true, 140_020))
    }
    // On the way out the names are compared by us.
    assert.isUndefined(
      CopyOption.refusal({ format: "csv", header: "match" }, situation({ use: "from", version: 140_020 }))
    )
  })

  it("that chooses all columns for NULL needs 17 only where they are not known by name", () => {
    for (const name of ["forceNull", "forceNotNull"] as const) {
      const refusal = (named: boolean, version: number) =>
        CopyOption.refusal({ format: "csv", [name]: "*" }, situation({ data: "bytes", named, version }))
      assert.isUndefined(refusal(true, 140_020))
      assert.isUndefined(refusal(false, 170_000))
      assert.match(refusal(false, 160_009) ?? "", new RegExp(`^${name}: "\\*" without columns by name needs`))
    }
  })

  it("encoding is UTF-8 where rows are read or written here", () => {
    for (const encoding of ["UTF8", "utf-8", "Unicode"])
      assert.isUndefined(CopyOption.refusal({ format: "csv", encoding }, situation()))
    assert.strictEqual(
      CopyOption.refusal({ format: "csv", encoding: "LATIN1" }, situation()),
      "encoding must be UTF8 for rows, got LATIN1: for another encoding copy bytes"
    )
    assert.isUndefined(
      CopyOption.refusal({ format: "csv", encoding: "LATIN1" }, situation({ data: "bytes" }))
    )
  })

  it("rejectLimit is a whole number from 1, and goes with rows that are passed over", () => {
    const refusal = (options: Partial<Options>) =>
      CopyOption.refusal({ format: "text", ...options }, situation())
    for (const rejectLimit of [0, -1, 1.5, Number.NaN])
      assert.strictEqual(
        refusal({ onError: "ignore", rejectLimit }),
        `rejectLimit must be a whole number from 1, got ${rejectLimit}`
      )
    for (const options of [{ rejectLimit: 1 }, { onError: "stop", rejectLimit: 1 }] as const)
      assert.strictEqual(refusal(options), `rejectLimit needs onError: "ignore"`)
  })

  it("header matches nothing where the server writes bytes", () => {
    const refusal = (use: Use) =>
      CopyOption.refusal({ format: "csv", header: "match" }, situation({ use, data: "bytes" }))
    assert.match(refusal("from") ?? "", /^header: "match" is an option of COPY FROM/)
    assert.isUndefined(refusal("into"))
  })
})
