/** A backup of the busy server, and a second server that starts from it. */
import { FileSystem } from "@effect/platform"
import { Effect, Fiber, Option, Schedule, Stream } from "effect"
import { PgClient, PgConfig, Replication, Sql } from "effect-postgres"
import { start } from "effect-postgres/Testing"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

const { sql } = Sql

/** One number for all rows up to a given one. */
const checksum = (stock: Sql.Fragment, most: number) =>
  sql`select count(*)::int4 as rows, md5(string_agg(id || item, ',' order by id)) as sum from ${stock} where id <= ${most}`

export const backup = (stage: Stage) =>
  Effect.gen(function* () {
    const { pg, schema } = stage
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped({ prefix: "effect-postgres-demo-" })
    // The second server may run under another user.
    yield* fs.chmod(folder, 0o755)
    const stock = Sql.identifier(schema, "stock")
    yield* pg.query(sql`create table ${stock} (id int4 primary key, item text not null)`)
    let rows = 0
    const writer = yield* Effect.suspend(() =>
      pg.query(sql`insert into ${stock} values (${rows + 1}, ${`box ${rows + 1}`})`)
    ).pipe(
      Effect.map(() => void rows++),
      Effect.forever,
      Effect.fork
    )
    yield* Effect.repeat(
      Effect.sync(() => rows),
      {
        until: (count) => count > 100,
        schedule: Schedule.spaced("10 millis")
      }
    )
    const before = rows
    const [millis, last] = yield* timed(
      Stream.runLast(
        Replication.BaseBackup.toFolderProgress({ folder: `${folder}/data`, checkpoint: "fast", sync: false })
      )
    )
    yield* Fiber.interrupt(writer)
    const taken = Option.getOrThrow(last)
    const bytes = taken._tag === "FolderBackup" ? taken.receivedBytes : taken.bytes
    yield* Screen.number("backup", Screen.megabytes(Number(bytes)), `MB in ${Screen.time(millis)}`)
    yield* Screen.number("meanwhile", Screen.count(rows - before), "rows were committed")

    const report = yield* Replication.BaseBackup.verify(`${folder}/data`)
    yield* Expect.equal("deviations from the manifest", report.deviationCount, 0)
    yield* Screen.number("verified", Screen.count(report.files), "files")

    const second = yield* start({
      listen: "tcp",
      dataFolder: `${folder}/data`,
      inPlace: true
    })
    const config = yield* PgConfig.fromUri(second.uri)
    yield* Effect.gen(function* () {
      const restored = yield* PgClient.PgClient
      const [newest] = yield* restored.query(sql`select max(id) as id from ${stock}`)
      const most = Number(newest?.["id"])
      const [here] = yield* restored.query(checksum(stock, most))
      const [there] = yield* pg.query(checksum(stock, most))
      yield* Expect.equal("the same rows on both servers", here?.["sum"], there?.["sum"])
      yield* Expect.equal("no row from before is missing", most >= before, true)
      yield* Screen.number("second server", Screen.count(most), "rows, the same as on the first")
    }).pipe(Effect.provide(PgClient.layer(config)))
  }).pipe(Effect.scoped)
