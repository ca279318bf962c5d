/** Every option that a user may set is named on a page, where its default and its unit belong. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, readdirSync } from "node:fs"
import ts from "typescript"
import { publicExports } from "../architecture/docs.js"
import { readSources } from "../architecture/imports.js"

const folder = new URL("../../docs/", import.meta.url)
const pages = readdirSync(folder)
  .filter((name) => name.endsWith(".md") && name !== "conformance.md" && name !== "messages.md")
  .map((name) => readFileSync(new URL(name, folder), "utf8"))
  .join("\n")

const sources = readSources("src")

/** Interfaces of options that users write, those of `config` apart, which are no options of a call; `Wire` and `Protocol` are for those who build other clients. */
const names = new Set(
  publicExports(sources)
    .map(({ path }) => path.split("."))
    .filter(([module]) => module !== "Wire" && module !== "Protocol")
    .map((path) => path.at(-1)!)
    .filter((name) => /(Options|Settings|Limits)$/.test(name))
)

const optionsOf = (path: string, text: string): ReadonlyArray<string> =>
  ts
    .createSourceFile(path, text, ts.ScriptTarget.Latest)
    .statements.filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => names.has(name.text))
    .flatMap(({ members, name }) =>
      members.flatMap((member) =>
        ts.isPropertySignature(member) && member.questionToken !== undefined && ts.isIdentifier(member.name)
          ? [`${name.text}.${member.name.text}`]
          : []
      )
    )

const isOnAPage = (option: string): boolean =>
  new RegExp(`[\`\\s{(]${option.split(".")[1]!}[\`:\\s,}?]`).test(pages)

describe("the pages", () => {
  const options = [...sources]
    .filter(([path]) => !path.startsWith("config/"))
    .flatMap(([path, text]) => optionsOf(path, text))

  it("name every option", () => {
    assert.isAbove(options.length, 100)
    assert.deepStrictEqual(
      options.filter((option) => !isOnAPage(option)),
      []
    )
  })
})
