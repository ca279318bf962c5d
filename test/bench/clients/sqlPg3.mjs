/** `@effect/sql-pg` 0.53 on Effect 3, which wraps `pg` and its pool. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { inForkedWaves } from "./forkWaves.mjs"

const options = ({ host, port, user, database, password, connections }) => ({
  host,
  port,
  username: user,
  database,
  ...(password === undefined ? {} : { password: Redacted.make(password) }),
  maxConnections: connections
})

export const open = async (config) => {
  const runtime = ManagedRuntime.make(PgClient.layer(options(config)))
  const sql = await runtime.runPromise(PgClient.PgClient)
  const one = (i) => sql`select ${i}::int4 as x`

  return {
    all: (text) => runtime.runPromise(sql.unsafe(text)),
    repeatedly: (text, times) =>
      runtime.runPromise(
        Effect.gen(function* () {
          let items = 0
          for (let i = 0; i < times; i++) items += (yield* sql.unsafe(text)).length
          return items
        })
      ),
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

/** Its constructor sends a `SELECT 1`, which is part of what connecting costs with it. */
export const connectOnce = (config) =>
  Effect.runPromise(
    Effect.provide(Effect.scoped(PgClient.make(options({ ...config, connections: 1 }))), Reactivity.layer)
  )
