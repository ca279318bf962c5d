/** Who follows the pages from an empty folder: which pages, in which order, and what such a reader has installed before. */
import type { Manifest } from "./consumer.js"

export interface Reader {
  readonly name: string
  /** Lines that stand for what the reader's project has before the first page. */
  readonly has: ReadonlyArray<string>
  /** The pages, in the order of reading: each stands on the install lines of those before it. */
  readonly pages: ReadonlyArray<string>
  /** A folder under `docs/examples` whose programs run on what the pages install. */
  readonly examples: string
  /** Files of it that need something that the pages do not install. */
  readonly leftOut: ReadonlyArray<string>
}

/** Pages that install the same packages share a folder, because each folder costs an installation. */
export const readers = ({ devDependencies }: Manifest): ReadonlyArray<Reader> => [
  {
    name: "a newcomer",
    has: [],
    pages: [
      "README.md",
      "docs/first-hour.md",
      "docs/migrating-from-pg.md",
      "docs/migrating-from-postgres.md",
      "docs/testing.md",
      "docs/telemetry.md",
      "docs/effect-sql.md"
    ],
    examples: "recipes",
    leftOut: []
  },
  {
    name: "a user of @effect/sql-pg",
    has: [
      [
        "npm install",
        ...["effect", "@effect/platform", "@effect/platform-node", "@effect/sql", "@effect/sql-pg"].map(
          (name) => `'${name}@${devDependencies[name]}'`
        )
      ].join(" ")
    ],
    pages: ["docs/migrating-from-effect-sql-pg.md"],
    examples: "sql",
    leftOut: ["onSqlPg.ts"]
  }
]

/** The package that an import names; undefined for files and for Node's own modules. */
const packageOf = (specifier: string): string | undefined =>
  /^(?:\.|node:)/.test(specifier) ? undefined : /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0]

/** The packages that code imports. */
export const packagesOf = (code: string): ReadonlyArray<string> => {
  const specifiers = [...code.matchAll(/^(?:import|\}) .*?\bfrom "([^"]+)"/gm)].map(
    ([, specifier]) => specifier!
  )
  return [...new Set(specifiers.flatMap((specifier) => packageOf(specifier) ?? []))]
}

/** The packages that an install line names, without their versions. */
export const installedBy = (line: string): ReadonlyArray<string> =>
  line
    .split(" ")
    .slice(2)
    .map((word) => word.replaceAll("'", ""))
    .filter((word) => !word.startsWith("-"))
    .map((word) => word.replace(/(?<=.)@.*$/, ""))
