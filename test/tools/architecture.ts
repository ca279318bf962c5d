/**
 * Prints what `docs/architecture.md` shows of the code between its markers: the table of rooms and the state diagrams.
 * `--check` compares instead of writing.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "../architecture/imports.js"
import {
  diagrams,
  exceptionTable,
  partTable,
  replaceBetween,
  roomTable,
  type NamedTable
} from "../architecture/print.js"
import { exceptions, rooms } from "../architecture/rooms.js"
import { publish, readPage } from "./generatedPage.js"

const loadTables = async (): Promise<ReadonlyArray<NamedTable>> => {
  const file = join(root, "src/protocol/Tables.ts")
  if (!existsSync(file)) return []
  const module = (await import(pathToFileURL(file).href)) as { readonly tables: ReadonlyArray<NamedTable> }
  return module.tables
}

const path = "docs/architecture.md"
const sections: ReadonlyArray<readonly [name: string, text: string]> = [
  ["rooms", `${roomTable(rooms)}\n\n${partTable(rooms)}\n\n${exceptionTable(exceptions)}`],
  ["machines", diagrams(await loadTables())]
]
const page = sections.reduce((text, [name, body]) => replaceBetween(text, name, body), readPage(path))
publish(path, page, "npm run architecture")
