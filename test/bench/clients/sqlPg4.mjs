/**
 * `@effect/sql-pg` 4 on Effect 4, with its own wire. Many fibers on a connection use its multiplexing, with room for
 * every fiber of a wave.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const options = ({ host, port, user, database, password }) => ({
  host,
  port,
  username: user,
  database,
  ...(password === undefined ? {} : { password: Redacted.make(password) })
})

export const open = async (config) => {
  const runtime = ManagedRuntime.make(
    PgClient.layer({
      ...options(config),
      maxConnections: config.connections,
      ...(config.pipelined ? { multiplex: true, multiplexConcurrency: config.fibers } : {})
    })
  )
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
        Stream.runForEachArray(sql.unsafe(text).stream, (rows) => {
          const wait = onRows(rows)
          return wait === undefined ? Effect.void : Effect.promise(() => wait)
        })
      ),
    sequential: (count) =>
      runtime.runPromise(
        Effect.gen(function* () {
          for (let i = 0; i < count; i++) yield* one(i)
        })
      ),
    concurrent: (count, fibers) =>
      runtime.runPromise(
        Effect.forEach(
          Array.from({ length: fibers }, (_, i) => i),
          (first) =>
            Effect.gen(function* () {
              for (let i = first; i < count; i += fibers) yield* one(i)
            }),
          { concurrency: fibers, discard: true }
        )
      ),
    close: () => runtime.dispose()
  }
}

export const connectOnce = (config) =>
  Effect.runPromise(Effect.provide(Effect.scoped(PgClient.makeClient(options(config))), Reactivity.layer))
