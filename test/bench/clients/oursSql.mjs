/** The client of this package for `@effect/sql`, under the names of `@effect/sql-pg`, as built into `dist`. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { PgConfig } from "effect-postgres"
import { PgSqlClient } from "effect-postgres/sql"
import { inForkedWaves } from "./forkWaves.mjs"

const settings = ({ host, port, user, database, password }) =>
  Either.getOrThrow(
    PgConfig.make({
      host,
      port,
      user,
      database,
      ...(password === undefined ? {} : { password }),
      sslMode: "disable"
    })
  )

export const open = async (config) => {
  const multiplex = config.multiplex ?? (config.pipelined ? { depth: config.fibers } : undefined)
  const runtime = ManagedRuntime.make(
    PgSqlClient.layer(settings(config), {
      max: config.connections,
      ...(multiplex === undefined ? {} : { multiplex })
    })
  )
  const sql = await runtime.runPromise(PgSqlClient.PgSqlClient)
  const one = (i) => sql`select ${i}::int4 as x`

  return {
    all: (text) => runtime.runPromise(sql.unsafe(text)),
    stream: (text, onRows) =>
      runtime.runPromise(
        Stream.runForEachChunk(sql.unsafe(text).stream, (chunk) => {
          const wait = onRows(Chunk.toReadonlyArray(chunk))
          return wait === undefined ? Effect.void : Effect.promise(() => wait)
        })
      ),
    sequential: (count) =>
      runtime.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) yield* one(i)
        })
      ),
    concurrent: (count, fibers) => runtime.runPromise(inForkedWaves(count, fibers, one)),
    transactions: (count, fibers) =>
      runtime.runPromise(inForkedWaves(count, fibers, (i) => sql.withTransaction(one(i)))),
    close: () => runtime.dispose()
  }
}
