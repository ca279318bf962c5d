import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { PgConfigInput } from "../../../src/config/Input.js"
import type { ConnectorOptions } from "../../../src/connection/PgConnector.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import type { Target } from "./sessions.js"
import { configOf, s } from "./sessions.js"
import { eventually } from "../support/eventually.js"
import { served } from "../support/fixtures.js"
import { rawRows } from "../support/rawSession.js"
import { describeEachVersion, shared } from "../support/server.js"

const stalled = { toServer: { stallAfter: 0 }, toClient: { stallAfter: 0 } } as const

/** A session through a proxy, in the scope. */
const proxied = (
  options: ConnectorOptions,
  config: PgConfigInput = {},
  target: { readonly host: string; readonly port: number } = shared
) =>
  Effect.gen(function* () {
    const proxy = yield* FaultProxy.make({ target })
    const connector = yield* Layer.build(PgConnector.layer(configOf({ target: proxy, config }), options))
    const pg = yield* Effect.provide(
      Effect.flatMap(PgConnector.PgConnector, ({ open }) => open()),
      connector
    )
    return { proxy, pg, pid: pg.facts.processId ?? 0 }
  })

/** The server's view of a session's process, from another session. */
const stateOf = (pid: number) =>
  Effect.map(rawRows(shared, `select state from pg_stat_activity where pid = ${pid}`), ([row]) => row?.[0])

/** The processes of all sessions but the one that asks. */
const clients = (target: Target) =>
  rawRows(
    target,
    "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
  )

describe("a session on a network that may be dead", () => {
  it.scopedLive(
    "waits for a statement that is merely long, and finds the server by other connections meanwhile",
    () =>
      Effect.gen(function* () {
        const { pg, proxy } = yield* proxied({ silenceProbe: "100 millis" })
        const sleeping = yield* Effect.fork(pg.values(s("select pg_sleep(2), 'done'")))
        yield* eventually(proxy.connections, ({ arrived }) => arrived > 5)
        assert.strictEqual((yield* Fiber.join(sleeping))[0]?.[1], "done")
        assert.deepInclude(yield* pg.status, { state: "clean" })
      })
  )

  it.scopedLive("ends when nothing comes and no other connection can be opened", () =>
    Effect.gen(function* () {
      const { pg, proxy } = yield* proxied({ silenceProbe: "200 millis" })
      yield* pg.values(s("select 1"))
      yield* proxy.setFault(stalled)
      yield* proxy.refuse(true)
      const error = yield* Effect.flip(pg.values(s("select 1")))
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence", millis: 200, sent: true })
      assert.include(error.message, `Nothing came from 127.0.0.1:${proxy.port} in that time`)
      assert.include(error.message, "ECONNREFUSED")
      assert.deepInclude(yield* pg.status, { state: "broken" })
    })
  )

  it.scopedLive("ends when the proxy before the server accepts connections, and the server is gone", () =>
    Effect.gen(function* () {
      const { pg, proxy } = yield* proxied({ silenceProbe: "200 millis" })
      yield* pg.values(s("select 1"))
      yield* proxy.retarget({ host: "127.0.0.1", port: 1 })
      yield* proxy.setFault((index) => (index === 0 ? stalled : {}))
      const error = yield* Effect.flip(pg.values(s("select 1")))
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence", millis: 200, sent: true })
    })
  )

  it.scopedLive("ends a COPY in that has filled the socket", () =>
    Effect.gen(function* () {
      const { pg, proxy } = yield* proxied({ silenceProbe: "200 millis" })
      yield* pg.simple("create temporary table t (x text)")
      yield* proxy.setFault(stalled)
      yield* proxy.refuse(true)
      const endless = Stream.forever(Stream.make(new TextEncoder().encode("x".repeat(65_535) + "\n")))
      const error = yield* Effect.flip(pg.copyFrom("copy t from stdin", endless))
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence" })
    })
  )

  it.scopedLive(
    "ended by a limit on silence leaves no statement at work on a server that can be reached",
    () =>
      Effect.gen(function* () {
        const { pg, pid } = yield* proxied({ silenceLimit: "300 millis" })
        const error = yield* Effect.flip(pg.simple("select pg_sleep(600)"))
        assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence", millis: 300 })
        // Without the cancel its process is there, and active, for ten minutes.
        yield* eventually(stateOf(pid), (state) => state === undefined)
      })
  )

  it.scopedLive("fails a statement by its deadline, alone and in a transaction, and is given up", () =>
    Effect.gen(function* () {
      for (const inTransaction of [false, true]) {
        const { pg, proxy } = yield* proxied({})
        yield* pg.values(s("select 1"))
        const query = Effect.zipRight(
          proxy.setFault(stalled),
          pg.values(s("select 1"), { timeout: "200 millis" })
        )
        const error = yield* Effect.flip(inTransaction ? pg.withTransaction(query) : query)
        assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "statement", millis: 200 })
        assert.deepInclude(yield* pg.status, { state: "broken" })
      }
    })
  )
})

describeEachVersion(
  "a second connection that looks for the server",
  (server, version) => {
    const ways: ReadonlyArray<readonly [string, PgConfigInput]> = [
      ["without TLS", { sslMode: "disable" }],
      ["with TLS", { sslMode: "require" }],
      ...(version < 17
        ? []
        : ([["with TLS from the first byte", { sslMode: "require", sslNegotiation: "direct" }]] as const))
    ]
    for (const [how, config] of ways) {
      it.scopedLive(`is answered, and leaves nothing in its log, ${how}`, () =>
        Effect.gen(function* () {
          const { pg, proxy } = yield* proxied({ silenceProbe: "100 millis" }, config, server())
          // Until then, the log may have lines of sessions of the test before.
          yield* eventually(clients(server()), (pids) => pids.length === 1)
          const before = yield* server().log
          yield* Effect.fork(pg.values(s("select pg_sleep(600)")))
          yield* eventually(proxy.connections, ({ arrived }) => arrived > 5)
          assert.deepInclude(yield* pg.status, { state: "busy" })
          assert.strictEqual((yield* server().log).slice(before.length), "")
        })
      )

      it.scopedLive(`ends the session when a proxy accepts for a server that is gone, ${how}`, () =>
        Effect.gen(function* () {
          const { pg, proxy } = yield* proxied({ silenceProbe: "200 millis" }, config, server())
          yield* pg.values(s("select 1"))
          yield* proxy.retarget({ host: "127.0.0.1", port: 1 })
          yield* proxy.setFault((index) => (index === 0 ? stalled : {}))
          const error = yield* Effect.flip(pg.values(s("select 1")))
          assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence", millis: 200 })
        })
      )
    }
  },
  { tls: served("good"), listen: "tcp" }
)
