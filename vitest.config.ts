import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))
/** Subpaths that are not named like their file. */
const renamed: Readonly<Record<string, string>> = {
  pg: "NodePostgres",
  sql: "EffectSql",
  "sql-pg": "SqlPg",
  "sql-pg/PgClient": "SqlPgClient",
  "sql-pg/PgMigrator": "SqlPgMigrator"
}
const alias = [
  ...Object.entries(renamed).map(([subpath, file]) => ({
    find: new RegExp(`^effect-postgres/${subpath}$`),
    replacement: src(`${file}.ts`)
  })),
  { find: /^effect-postgres$/, replacement: src("index.ts") },
  { find: /^effect-postgres\/(.+)$/, replacement: `${src("")}$1.ts` }
]

/** When a test counts as hanging. No test is judged by its speed: a busy machine may take a hundred times as long as a quiet one. */
const hang = 300_000

/** Unit tests touch no socket; integration tests run on real servers; campaigns are long and seeded. */
export default defineConfig({
  test: {
    pool: "forks",
    poolOptions: {
      forks: { maxForks: 2, minForks: 1 },
      threads: { maxThreads: 2, minThreads: 1, isolate: false }
    },
    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          // Unit tests leave nothing behind in their modules, and loading these once per thread takes a third of the processor time.
          pool: process.env["EFFECT_POSTGRES_RUNTIME"] === undefined ? "threads" : "forks",
          include: ["test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "test/integration/**", "test/campaign/**", "test/bench/peers/**"],
          setupFiles: ["test/support/messagesOnPage.ts"],
          testTimeout: hang
        }
      },
      {
        resolve: { alias },
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/integration/globalSetup.ts"],
          testTimeout: hang,
          hookTimeout: hang
        }
      },
      {
        resolve: { alias },
        test: {
          name: "campaign",
          include: ["test/campaign/**/*.test.ts"],
          globalSetup: ["test/integration/globalSetup.ts"],
          testTimeout: 1_800_000,
          hookTimeout: hang
        }
      }
    ]
  }
})
