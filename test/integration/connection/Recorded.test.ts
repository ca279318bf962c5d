import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import * as NodeTransport from "../../../src/net/NodeTransport.js"
import type { Link, LinkHandlers } from "../../../src/net/Transport.js"
import { Transport } from "../../../src/net/Transport.js"
import { describeEachVersion, live } from "../support/server.js"
import { s } from "./sessions.js"

/** What the server sent between two writes of the client. */
type Recording = Array<Array<number>>

const real = NodeTransport.make()

/** Links over the real transport whose received bytes are written down. */
const recording = (turns: Recording): Layer.Layer<Transport> =>
  Layer.succeed(Transport, {
    open: (address) =>
      Effect.map(real.open(address), (link): Link => {
        turns.push([])
        return {
          ...link,
          listen: (handlers) =>
            link.listen({
              ...handlers,
              onData: (chunk) => {
                turns[turns.length - 1]!.push(...chunk)
                handlers.onData(chunk)
              }
            }),
          write: (bytes) => {
            turns.push([])
            return link.write(bytes)
          }
        }
      })
  })

/** Links that answer each write with the next turn of the recording, cut after every `size` bytes. */
const replaying = (turns: Recording, size: number): Layer.Layer<Transport> =>
  Layer.succeed(Transport, {
    open: () =>
      Effect.sync((): Link => {
        let handlers: LinkHandlers | undefined
        let turn = 0
        return {
          address: "recorded",
          listen: (next) => {
            handlers = next
          },
          pause: () => {},
          resume: () => {},
          write: () => {
            const bytes = Uint8Array.from(turns[++turn] ?? [])
            queueMicrotask(() => {
              for (let at = 0; at < bytes.length; at += size) handlers?.onData(bytes.slice(at, at + size))
            })
            return true
          },
          end: () => {},
          destroy: () => {}
        }
      })
  })

/** Rows, an error and a notice in the middle, by both protocols. */
const conversation = (connection: PgConnection) =>
  Effect.gen(function* () {
    const rows = yield* connection.query(
      s("select i, 'ä€😀' || i as t, i * 1.5::float8 as f, null::text as n from generate_series(1, 20) i")
    )
    const error = yield* Effect.flip(connection.query(s("select 'ä€😀' as \"😀\", 1 / 0")))
    const results = yield* connection.simple(
      "select 1 as a; do $$ begin raise notice 'ä€😀'; end $$; select repeat('x', 300) as b"
    )
    return { rows, error: { ...error }, results: results.map(({ columns, rows }) => ({ columns, rows })) }
  })

const run = (transport: Layer.Layer<Transport>, host: string, port: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const config = Either.getOrThrow(
        PgConfig.make({ host, port, user: "postgres", database: "postgres", sslMode: "disable" })
      )
      const connector = yield* PgConnector.make(config)
      return yield* Effect.flatMap(connector.open(), conversation)
    })
  ).pipe(Effect.provide(Layer.merge(transport, Host.layer)), live)

describeEachVersion("a recorded conversation", (server) => {
  it.effect("gives the same results however its bytes are cut (TRP-129, TRP-131, GEN-003)", () =>
    Effect.gen(function* () {
      const { host, port } = server()
      const turns: Recording = []
      const original = yield* run(recording(turns), host, port)
      assert.strictEqual(original.rows.length, 20)
      assert.deepInclude(original.error, { code: "22012" })
      for (const size of [1, 2, 3, 5, 7, 11, 64, 1 << 20]) {
        assert.deepStrictEqual(yield* run(replaying(turns, size), host, port), original)
      }
    })
  )
})
