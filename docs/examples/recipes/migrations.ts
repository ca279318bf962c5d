/**
 * Migration files, run in the order of their names, each once. A second runner waits; a file that was changed after it had run is refused; each file is
 * one transaction, and a file that ends its transaction itself is refused. A file that begins with `-- no transaction` runs without one: it holds one
 * command, such as CREATE INDEX CONCURRENTLY, that can be run again when it has failed half-way.
 */
import { FileSystem, Path } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Data, Effect, Schedule } from "effect"
import { AdvisoryLock, PgClient, PgConfig, Sql } from "effect-postgres"
import { createHash } from "node:crypto"

const { sql } = Sql

class MigrationRefused extends Data.TaggedError("MigrationRefused")<{
  readonly file: string
  readonly reason: string
}> {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex")

/**
 * One runner at a time. A runner asks for the lock again and again instead of waiting for it in the server: a statement that waits holds a snapshot, and CREATE
 * INDEX CONCURRENTLY of the other runner would wait for that.
 */
const alone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  AdvisoryLock.tryHold("recipe_migrations").pipe(
    Effect.repeat({ until: (isHeld) => isHeld, schedule: Schedule.spaced("100 millis") }),
    Effect.zipRight(effect),
    Effect.scoped
  )

/** Runs what has not run yet, and gives the names of those files. */
const migrate = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const pg = yield* PgClient.PgClient
    yield* pg.query(sql`create table if not exists recipe_migrations
      (file text primary key, hash text not null, applied_at timestamptz not null default now())`)
    const known = new Map(
      (yield* pg.query(sql`select file, hash from recipe_migrations`)).map((row) => [
        row["file"],
        row["hash"]
      ])
    )
    const files = (yield* fs.readDirectory(folder)).filter((name) => name.endsWith(".sql")).sort()
    const applied: Array<string> = []
    for (const file of files) {
      const text = yield* fs.readFileString(path.join(folder, file))
      const hash = hashOf(text)
      const before = known.get(file)
      if (before === hash) continue
      if (before !== undefined)
        return yield* new MigrationRefused({ file, reason: "it has run already and was changed since" })
      const remember = sql`insert into recipe_migrations (file, hash) values (${file}, ${hash})`
      const isBare = /^--\s*no transaction\b/.test(text)
      // Behind the text comes one more statement: so a COMMIT at its very end is refused like any other.
      const sent = isBare ? text : `${text}\n;select 1`
      // A file holds many statements, which the simple protocol runs. It is a connection's.
      const run = Effect.scoped(
        Effect.flatMap(pg.connection, (connection) =>
          Effect.zipRight(connection.simple(sent), connection.query(remember))
        )
      )
      yield* (isBare ? run : pg.withTransaction(run)).pipe(
        // In a transaction a text with COMMIT or ROLLBACK is refused before it is sent.
        Effect.catchTag("PgUsageError", ({ reason }) => new MigrationRefused({ file, reason }))
      )
      applied.push(file)
    }
    return applied
  }).pipe(alone)

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const pg = yield* PgClient.PgClient
  const folder = yield* fs.makeTempDirectoryScoped()
  const write = (name: string, text: string) => fs.writeFileString(`${folder}/${name}`, text)
  yield* pg.query(sql`drop table if exists recipe_migrations, recipe_books`)

  yield* write(
    "001_books.sql",
    "create table recipe_books (id int8 primary key, title text);\ninsert into recipe_books values (1, 'Faust');"
  )
  yield* write(
    "002_index.sql",
    "-- no transaction\ncreate index concurrently if not exists recipe_books_title on recipe_books (title);"
  )
  // Two runners at once: one works, the other waits and finds nothing to do.
  const both = yield* Effect.all([migrate(folder), migrate(folder)], { concurrency: "unbounded" })
  yield* Console.log("applied:", both.flat().join(", "))

  yield* write("003_half.sql", "alter table recipe_books add author text; commit;")
  yield* Console.log((yield* Effect.flip(migrate(folder))).message.split(":")[0], "is refused")
  yield* write("003_half.sql", "alter table recipe_books add author text; select 1 / 0;")
  yield* Console.log((yield* Effect.flip(migrate(folder))).message.split("\n")[0])
  const [column] = yield* pg.values(sql`select count(*)::int4 from information_schema.columns
    where table_name = 'recipe_books' and column_name = 'author'`)
  yield* Console.log("columns that a failed file has left:", column?.[0])
  yield* fs.remove(`${folder}/003_half.sql`)

  yield* write("001_books.sql", "create table recipe_books (id int8 primary key);")
  yield* Console.log((yield* Effect.flip(migrate(folder))).message)
}).pipe(Effect.scoped)

NodeRuntime.runMain(
  program.pipe(Effect.provide(PgClient.layerConfig(PgConfig.fromEnv)), Effect.provide(NodeContext.layer))
)
