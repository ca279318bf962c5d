/** Migrations, and the schema of the database as a file, under the names of `@effect/sql-pg`. */
import * as Command from "@effect/platform/Command"
import type { CommandExecutor } from "@effect/platform/CommandExecutor"
import { FileSystem } from "@effect/platform/FileSystem"
import { Path } from "@effect/platform/Path"
import * as Migrator from "@effect/sql/Migrator"
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { PgClient } from "./PgClient.js"

/** Loaders and errors of `@effect/sql/Migrator`. */
export * from "@effect/sql/Migrator"
/** The loader of files of `@effect/sql/Migrator/FileSystem`. */
export * from "@effect/sql/Migrator/FileSystem"

const environmentOf = ({ database, host, password, port, ssl, username }: PgClient["config"]) => ({
  PGHOST: host,
  PGPORT: port?.toString(),
  PGUSER: username,
  PGPASSWORD: password === undefined ? undefined : Redacted.value(password),
  PGDATABASE: database,
  PGSSLMODE: ssl === undefined || ssl === false ? "prefer" : "require"
})

/** What `pg_dump` writes, without comments and settings, which differ from one version to another. */
const cleaned = (dump: string): string =>
  dump
    .replace(/^--.*$/gm, "")
    .replace(/^\\(?:un)?restrict .*$/gm, "")
    .replace(/^SET .*$/gm, "")
    .replace(/^SELECT pg_catalog\..*$/gm, "")
    .replace(/\n{2,}/gm, "\n\n")
    .trim()

const failed = (message: string) => new Migrator.MigrationError({ reason: "failed", message })

const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  Stream.mkString(Stream.decodeText(bytes))

const dump = (
  args: ReadonlyArray<string>
): Effect.Effect<string, Migrator.MigrationError, PgClient | CommandExecutor> =>
  Effect.gen(function* () {
    const { config } = yield* PgClient
    const command = Command.make("pg_dump", ...args, "--no-owner", "--no-privileges")
    const process = yield* Command.start(Command.env(command, environmentOf(config)))
    const [output, errors, code] = yield* Effect.all(
      [textOf(process.stdout), textOf(process.stderr), process.exitCode],
      { concurrency: "unbounded" }
    )
    if (code !== 0) return yield* Effect.fail(new Error(`exit code ${code}: ${errors.trim()}`))
    return cleaned(output)
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => failed(`pg_dump: ${error.message}`))
  )

/**
 * Runs the migrations that have not run. With the option schemaDirectory it then writes the schema of the database there, by `pg_dump`, which must be
 * installed and no older than the server. When `pg_dump` fails, its message is logged at the level INFO, and the
 * file stays as it was; the migrations are a success.
 */
export const run: <R2 = never>(
  options: Migrator.MigratorOptions<R2>
) => Effect.Effect<
  ReadonlyArray<readonly [id: number, name: string]>,
  Migrator.MigrationError | SqlError,
  FileSystem | Path | PgClient | SqlClient.SqlClient | CommandExecutor | R2
> = Migrator.make({
  dumpSchema: (path, table) =>
    Effect.gen(function* () {
      const files = yield* FileSystem
      const { dirname } = yield* Path
      const parts = yield* Effect.all(
        [dump(["--schema-only"]), dump(["--column-inserts", "--data-only", `--table=${table}`])],
        { concurrency: 2 }
      )
      yield* files.makeDirectory(dirname(path), { recursive: true })
      yield* files.writeFileString(path, parts.join("\n\n"))
    }).pipe(Effect.mapError((error) => failed(error.message)))
})

/** `run` as a layer, which provides nothing. */
export const layer = <R>(
  options: Migrator.MigratorOptions<R>
): Layer.Layer<
  never,
  Migrator.MigrationError | SqlError,
  PgClient | SqlClient.SqlClient | CommandExecutor | FileSystem | Path | R
> => Layer.effectDiscard(run(options))
