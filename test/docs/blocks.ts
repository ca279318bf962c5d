/** Finds the code in Markdown pages that a reader would paste and run. */

export interface Block {
  /** The page, relative to the project. */
  readonly page: string
  /** 1-based line of the page where the code begins. */
  readonly line: number
  readonly code: string
}

const opening = /^\s*```(?:ts|typescript)\s*$/
const closing = /^\s*```\s*$/
const us = /\bfrom "effect-postgres(?:\/[\w/-]+)?"/
/** Programs with another client, which pages set beside ours. */
const usesOthers = /^import \w+ from "(?:pg|postgres)"/m
const runs = /\b(?:Effect|runtime)\.runPromise\b|\bNodeRuntime\.runMain\b/

/** Code blocks in TypeScript that import this package, or another client, in order. */
export const blocksOf = (page: string, text: string): ReadonlyArray<Block> => {
  const lines = text.split("\n")
  return lines
    .flatMap((line, at) => {
      if (!opening.test(line)) return []
      const length = lines.slice(at + 1).findIndex((other) => closing.test(other))
      return length < 0 ? [] : [{ page, line: at + 2, code: lines.slice(at + 1, at + 1 + length).join("\n") }]
    })
    .filter(({ code }) => us.test(code) || usesOthers.test(code))
}

/** Whether the block imports this package. */
export const usesUs = ({ code }: Block): boolean => us.test(code)

/** Every line of a page that installs or removes a package, in blocks and in the text, in order. */
export const installLines = (text: string): ReadonlyArray<string> =>
  [
    ...text.matchAll(/^\s*(npm (?:install|i|uninstall) .+?)\s*$|`(npm (?:install|i|uninstall) [^`\n]+)`/gm)
  ].map(([, line, inline]) => line ?? inline ?? "")

/** What a program of `docs/examples/recipes` prints, as its page shows it: the block of text behind its name. */
export const printedBy = (page: string, name: string): string | undefined =>
  new RegExp("examples/recipes/" + name + "\\.ts[^]*?```text\\n([^]*?)```").exec(page)?.[1]

/** The output of such a program without what is logged: notices of the server, such as that a table to be dropped is not there. */
export const withoutLog = (output: string): string =>
  output
    .split("\n")
    .filter((line) => !/^\[[\d:.]+\] INFO /.test(line))
    .join("\n")

/** Whether the block runs by itself when it is started. */
export const isProgram = ({ code }: Block): boolean => runs.test(code) || usesOthers.test(code)

/** Programs with another client, each with the one that follows it on its page, which prints the same. */
export const pairsOf = (programs: ReadonlyArray<Block>): ReadonlyArray<readonly [Block, Block]> =>
  programs.flatMap((block, at) => {
    const next = programs[at + 1]
    return usesOthers.test(block.code) && next?.page === block.page ? [[block, next] as const] : []
  })

/** A name for the block's file that names its place on the page. */
export const fileName = ({ line, page }: Block): string => `${page.replace(/[^\w.-]/g, "-")}.${line}.ts`

/** The code, moved down so that the compiler's line numbers are the page's. */
export const asFile = ({ code, line }: Block): string => `${"\n".repeat(line - 1)}${code}\nexport {}\n`
