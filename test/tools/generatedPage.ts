/** Writes a generated page, or with `--check` compares it with what lies there. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../architecture/imports.js"

export const isCheck = process.argv.includes("--check")

/** The page as it lies there; empty when it does not. */
export const readPage = (path: string): string => {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, "utf8") : ""
}

/** With `--check`, a page that differs fails the process and is left alone. */
export const publish = (path: string, text: string, command: string): void => {
  if (readPage(path) === text) return
  if (isCheck) {
    console.error(`${path} is out of date: run \`${command}\` and commit the result`)
    process.exitCode = 1
  } else {
    writeFileSync(join(root, path), text)
    console.log(`wrote ${path}`)
  }
}
