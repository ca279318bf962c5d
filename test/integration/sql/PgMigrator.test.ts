/** `PgMigrator`: migrations, and the schema that `pg_dump` writes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { SqlClient } from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { execFileSync } from "node:child_process"
import { PgClient, PgMigrator } from "../../../src/SqlPg.js"
import { isolated, shared } from "../support/server.js"

const at = { host: shared.host, port: shared.port, username: "postgres", database: "postgres" }

const migrate = (table: string, schemaDirectory: string) =>
  PgMigrator.run({
    loader: PgMigrator.fromRecord({
      "1_first": Effect.flatMap(SqlClient, (sql) => sql.unsafe(`create table ${table}_made (a int4)`))
    }),
    schemaDirectory,
    table
  })

/** A folder with a script named `pg_dump`, the first on the path until the scope closes. */
const standIn = (script: string) =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const folder = yield* files.makeTempDirectoryScoped()
    yield* files.writeFileString(`${folder}/pg_dump`, `#!/bin/sh\n${script}\n`)
    yield* files.chmod(`${folder}/pg_dump`, 0o755)
    const before = process.env["PATH"]
    yield* Effect.acquireRelease(
      Effect.sync(() => (process.env["PATH"] = `${folder}:${before}`)),
      () => Effect.sync(() => (process.env["PATH"] = before))
    )
    return folder
  })

const find = (): number | undefined => {
  try {
    return Number(/ (\d+)/.exec(execFileSync("pg_dump", ["--version"], { encoding: "utf8" }))?.[1])
  } catch {
    return undefined
  }
}

/** Major version of the `pg_dump` on the path; `undefined` when it is not installed. It must not be older than its server. */
const pgDumpVersion = find()

const skipped =
  pgDumpVersion === undefined
    ? " (skipped: pg_dump is not installed)"
    : pgDumpVersion < 15
      ? ` (skipped: pg_dump ${pgDumpVersion} is older than the server)`
      : ""

describe("the migrator of @effect/sql-pg", () => {
  it.scopedLive("runs pg_dump with the settings of the client, and writes what it prints", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = yield* standIn(
        `echo "-- a comment"\necho "SET x = 1;"\necho "$PGHOST $PGPORT $PGUSER $PGDATABASE $PGSSLMODE $*"`
      )
      const table = `migrations_${process.pid}`
      const sql = yield* SqlClient
      yield* Effect.addFinalizer(() =>
        Effect.ignore(sql.unsafe(`drop table if exists ${table}, ${table}_made`))
      )
      const run = migrate(table, `${folder}/schema`)
      assert.deepStrictEqual(yield* run, [[1, "first"]])
      assert.deepStrictEqual(yield* run, [])
      const place = `${shared.host} ${shared.port} postgres postgres prefer`
      assert.strictEqual(
        yield* files.readFileString(`${folder}/schema/_schema.sql`),
        `${place} --schema-only --no-owner --no-privileges\n\n` +
          `${place} --column-inserts --data-only --table=${table} --no-owner --no-privileges`
      )
    }).pipe(Effect.provide(Layer.merge(PgClient.layer(at), NodeContext.layer)))
  )

  it.scopedLive("logs the message of a pg_dump that fails, and leaves the file as it was", () =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      const folder = yield* standIn(`echo "select 1;"\necho "no such version" >&2\nexit 3`)
      yield* files.makeDirectory(`${folder}/schema`)
      yield* files.writeFileString(`${folder}/schema/_schema.sql`, "as it was")
      const table = `failing_${process.pid}`
      const sql = yield* SqlClient
      yield* Effect.addFinalizer(() =>
        Effect.ignore(sql.unsafe(`drop table if exists ${table}, ${table}_made`))
      )
      const logged: Array<string> = []
      const logger = Logger.make(({ cause }) => void logged.push(Cause.pretty(cause)))
      const run = migrate(table, `${folder}/schema`).pipe(
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
      assert.deepStrictEqual(yield* run, [[1, "first"]])
      assert.include(logged.join("\n"), "pg_dump: exit code 3: no such version")
      assert.strictEqual(yield* files.readFileString(`${folder}/schema/_schema.sql`), "as it was")
      assert.deepStrictEqual(yield* sql.unsafe(`select name from ${table}`), [{ name: "first" }])
    }).pipe(Effect.provide(Layer.merge(PgClient.layer(at), NodeContext.layer)))
  )

  it.scopedLive.skipIf(skipped !== "")(
    `writes a schema from which an empty database has all tables, and no migration to run${skipped}`,
    () =>
      Effect.gen(function* () {
        const server = yield* isolated({ version: 15 })
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const on = (database: string) =>
          PgClient.layer({ ...at, host: server.host, port: server.port, database })
        yield* Effect.provide(
          Effect.gen(function* () {
            const sql = yield* SqlClient
            assert.deepStrictEqual(yield* migrate("migrations", folder), [[1, "first"]])
            yield* sql`create database restored`
          }),
          on("postgres")
        )
        const schema = yield* files.readFileString(`${folder}/_schema.sql`)
        assert.notMatch(schema, /^(?:--|SET |\\)/m)
        yield* Effect.provide(
          Effect.gen(function* () {
            const sql = yield* SqlClient
            yield* sql.unsafe(schema)
            assert.deepStrictEqual(yield* sql`select migration_id, name from public.migrations`, [
              { migration_id: 1, name: "first" }
            ])
            assert.deepStrictEqual(yield* sql`select a from public.migrations_made`, [])
            assert.deepStrictEqual(yield* migrate("migrations", folder), [])
          }),
          on("restored")
        )
        assert.strictEqual(yield* files.readFileString(`${folder}/_schema.sql`), schema)
      }).pipe(Effect.provide(NodeContext.layer))
  )
})
