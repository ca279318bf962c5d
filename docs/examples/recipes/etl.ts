/**
 * A pipeline from one table into another by COPY both ways: read, changed in the program, written, with memory that does not grow. It works in pieces, and how
 * far it is stands in the transaction that writes a piece: interrupted anywhere and started again, it stores every row once.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Fiber, Option, Schema, Stream } from "effect"
import { Copy, PgClient, PgConfig, PgSchema, Sql } from "effect-postgres"

const { sql } = Sql

const Reading = Schema.Struct({ id: PgSchema.Int8, sensor: PgSchema.Text, celsius: PgSchema.Float8 })
const Report = Schema.Struct({ id: PgSchema.Int8, sensor: PgSchema.Text, fahrenheit: PgSchema.Float8 })

const pieceSize = 20_000n

/** What happens to a row; `undefined` leaves it out. */
const transform = (row: typeof Reading.Type): typeof Report.Type | undefined =>
  row.celsius < -273.15
    ? undefined
    : { id: row.id, sensor: row.sensor.toUpperCase(), fahrenheit: row.celsius * 1.8 + 32 }

/** The rows behind `from`, up to the end of the piece. A COPY statement has no parameters: bigints are the only values in its text. */
const source = (from: bigint) => ({
  query: sql`select id, sensor, celsius from recipe_readings
    where id > ${Sql.unsafe(String(from))} and id <= ${Sql.unsafe(String(from + pieceSize))}`
})

const run = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  // The reading copy has a connection of its own, taken outside of the transaction of which the writing copy is part.
  const reader = yield* pg.connection
  const last = (yield* pg.values(sql`select max(id) from recipe_readings`))[0]?.[0] as bigint
  const piece = pg.withTransaction(
    Effect.gen(function* () {
      // Locks the position: a second pipeline would wait here, and go on behind this piece.
      const [row] = yield* pg.values(sql`select position from recipe_progress for update`)
      const from = row?.[0] as bigint
      if (from >= last) return false
      const rows = Stream.filterMap(Copy.on(reader).rowsFrom(source(from), Reading), (reading) =>
        Option.fromNullable(transform(reading))
      )
      yield* Copy.rowsInto({ table: "recipe_reports" }, Report, rows)
      yield* pg.query(sql`update recipe_progress set position = ${from + pieceSize}`)
      return true
    })
  )
  yield* Effect.repeat(piece, { while: (isMore) => isMore })
}).pipe(Effect.scoped)

const tables = Effect.gen(function* () {
  const pg = yield* PgClient.PgClient
  const connection = yield* pg.connection
  yield* connection.simple(`
    drop table if exists recipe_readings, recipe_reports, recipe_progress;
    create table recipe_readings (id int8 primary key, sensor text not null, celsius float8 not null);
    insert into recipe_readings
      select n, 'sensor ' || n % 7, case when n % 1000 = 0 then -999 else n % 40 end from generate_series(1, 200000) n;
    create table recipe_reports (id int8 primary key, sensor text not null, fahrenheit float8 not null);
    create table recipe_progress (position int8 not null);
    insert into recipe_progress values (0);
  `)
}).pipe(Effect.scoped)

const stored = Effect.flatMap(PgClient.PgClient, (pg) =>
  Effect.map(pg.values(sql`select count(*)::int4 from recipe_reports`), ([row]) => Number(row?.[0]))
)

const program = Effect.gen(function* () {
  yield* tables
  const first = yield* Effect.fork(run)
  // Interrupted in the middle of its work, as by a deployment.
  yield* Effect.repeat(stored, { until: (count) => count > 0 })
  yield* Fiber.interrupt(first)
  const half = yield* stored
  yield* Console.log(`interrupted with ${half > 0 && half < 199_800 ? "a part of the" : half} rows stored`)
  yield* run
  const pg = yield* PgClient.PgClient
  const [row] = yield* pg.values(
    sql`select count(*)::int4, count(distinct id)::int4, min(fahrenheit), max(fahrenheit) from recipe_reports`
  )
  yield* Console.log("started again, in the end:", row)
})

NodeRuntime.runMain(program.pipe(Effect.provide(PgClient.layerConfig(PgConfig.fromEnv))))
