/** Links between pages lead to a file that is there, and to one of its headings. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { root } from "../architecture/imports.js"

/** The prose of a page: without its programs. */
const proseOf = (path: string): string =>
  readFileSync(join(root, path), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "")

/** The anchor that GitHub gives to a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!)))

const pages = ["docs", "docs/decisions", "."].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
)
const prose = new Map(pages.map((path) => [path, proseOf(path)]))

const linksOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target))

/** Whether a link on `page` leads somewhere. */
const leads = (page: string, target: string): boolean => {
  const [path = "", anchor] = target.split("#")
  const file = path === "" ? page : normalize(join(dirname(page), path))
  const text = prose.get(file)
  return (
    existsSync(join(root, file)) &&
    (anchor === undefined || text === undefined || anchorsOf(text).has(anchor))
  )
}

describe("a link on a page", () => {
  it("leads to a file and a heading that are there", () => {
    const links = [...prose].flatMap(([page, text]) => linksOf(text).map((target) => [page, target] as const))
    assert.isAbove(links.length, 200)
    assert.deepStrictEqual(
      links.filter(([page, target]) => !leads(page, target)),
      []
    )
  })

  it("has the anchor that GitHub gives to a heading", () => {
    assert.deepStrictEqual(
      ["How do I archive the log?", "What does `statementCacheSize: 0` cost?", "[TLS](tls.md) and more"].map(
        anchorOf
      ),
      ["how-do-i-archive-the-log", "what-does-statementcachesize-0-cost", "tls-and-more"]
    )
  })
})
