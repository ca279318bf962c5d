/** All rows back as a Stream, then the same with a consumer that is slow, then one that leaves early. */
import { Chunk, Effect, Stream } from "effect"
import { PgTypes, Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import { rowCount } from "./Fill.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

const { sql } = Sql

/** Remembers the most memory the process has had while it was looked at. */
const memoryWatch = () => {
  const before = process.memoryUsage.rss()
  let peak = before
  return {
    look: () => {
      peak = Math.max(peak, process.memoryUsage.rss())
    },
    get peak() {
      return peak
    },
    get growth() {
      return peak - before
    }
  }
}

/** The sum of 0 … n − 1, to see that every row came once. */
const sumBelow = (n: number): number => (n * (n - 1)) / 2

export const readBack = ({ connection, readings }: Stage) =>
  Effect.gen(function* () {
    const progress = Screen.progress("streaming", rowCount)
    const memory = memoryWatch()
    let rows = 0
    let sum = 0
    let hottest = -Infinity
    const stream = connection.stream(sql`select id, sensor, taken_at, celsius, valid, note from ${readings}`)
    const [millis] = yield* timed(
      Stream.runForEachChunk(stream, (chunk) =>
        Effect.sync(() => {
          for (const row of Chunk.toReadonlyArray(chunk)) {
            sum += row["id"] as number
            hottest = Math.max(hottest, row["celsius"] as number)
          }
          rows += chunk.length
          memory.look()
          progress(rows)
        })
      )
    )
    yield* Expect.equal("rows streamed", rows, rowCount)
    yield* Expect.equal("sum of the ids", sum, sumBelow(rowCount))
    yield* Expect.equal("the hottest reading", hottest, 29.9)
    yield* Screen.number(
      "rows",
      Screen.count(rows),
      `in ${Screen.time(millis)}, every value decoded, the sum of the ids is right`
    )
    yield* Screen.number("rate", Screen.count(Math.round((rows / millis) * 1000)), "rows/s")
    yield* Screen.number(
      "peak memory",
      Screen.megabytes(memory.peak),
      `MB resident, ${Screen.megabytes(memory.growth)} MB more than before the first row`
    )
  })

/** Waits until the server reports that it waits for us. */
const heldUp = ({ connection, watcher }: Stage) =>
  watcher
    .query(
      sql`select 1 from pg_stat_activity
          where pid = ${connection.facts.processId ?? 0} and wait_event = 'ClientWrite'`
    )
    .pipe(
      Effect.delay("20 millis"),
      Effect.repeat({ until: (rows) => rows.length === 1 }),
      Effect.timeoutFail({
        duration: "10 seconds",
        onTimeout: () =>
          new Expect.Unexpected({
            what: "a slow consumer",
            expected: "the server's process to wait in ClientWrite",
            got: "something else for ten seconds"
          })
      })
    )

export const slowConsumer = (stage: Stage) =>
  Effect.gen(function* () {
    const { connection, readings } = stage
    const memory = memoryWatch()
    const taken = yield* connection.stream(sql`select * from ${readings}`).pipe(
      Stream.take(5_000),
      Stream.rechunk(1_000),
      Stream.chunks,
      Stream.tap(() => Effect.zipRight(heldUp(stage), Effect.sleep("100 millis"))),
      Stream.tap(() => Effect.sync(memory.look)),
      Stream.runFold(0, (rows, chunk) => rows + chunk.length)
    )
    yield* Expect.equal("rows taken", taken, 5_000)
    yield* Screen.fact(
      "the server",
      "waits in ClientWrite while our consumer thinks (seen in pg_stat_activity)"
    )
    yield* Screen.number(
      "rows taken",
      Screen.count(taken),
      `of ${Screen.count(rowCount)}; the rest was cancelled on the server, not read`
    )
    yield* Screen.number("memory", Screen.megabytes(memory.growth), "MB more while it waited")
    yield* Expect.equal("the session's state", (yield* connection.status).state, "clean")
  })

/** Values keep every digit: by default nothing is squeezed into a double or a Date. */
export const values = ({ connection }: Stage) =>
  Effect.gen(function* () {
    const rows = yield* connection.query(sql`
      select 9007199254740993::int8 as int8, 0.10::numeric as numeric,
             '2024-02-29 12:00:00.123456+00'::timestamptz as timestamptz, '{1,NULL,3}'::int4[] as int4s`)
    const row = rows[0] ?? {}
    yield* Expect.equal("2^53 + 1", row["int8"], 9007199254740993n)
    yield* Expect.equal("0.10", String(row["numeric"]), "0.10")
    yield* Expect.equal("microseconds", String(row["timestamptz"]), "2024-02-29 12:00:00.123456+00")
    yield* Expect.equal("a type that is known", connection.types.nameOf(PgTypes.Oid.jsonb), "jsonb")
    yield* Screen.fact("int8", `${String(row["int8"])}, a bigint`)
    yield* Screen.fact("numeric", `${String(row["numeric"])}, with its zero`)
    yield* Screen.fact("timestamptz", `${String(row["timestamptz"])}, with its microseconds`)
    yield* Screen.fact("int4[]", JSON.stringify(row["int4s"]))
  })
