/** Transports of the caller's, by the public modules alone, as an application has them. */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as net from "node:net"
import { PgClient, PgConfig, PgConnector, Sql, Transport } from "../../../src/index.js"
import { Host, ScriptedServer } from "../../../src/Testing.js"
import { served, tlsFile } from "../support/fixtures.js"
import { describeWithServer } from "../support/server.js"

const { sql, unsafe } = Sql

describeWithServer("over a transport of the caller's", { tls: served("good"), listen: "tcp" }, (server) => {
  const duplex = Transport.DuplexTransport.layer(() => net.connect(server().port, "127.0.0.1"))
  const socket = (options?: Transport.SocketTransport.Options) =>
    Transport.SocketTransport.layer(
      () => NodeSocket.makeNet({ host: "127.0.0.1", port: server().port }),
      options
    )

  /** A session to a name that only the transport knows the way to. */
  const open = (
    transport: Layer.Layer<Transport.Transport>,
    settings = "sslmode=disable",
    host = "in.the.tunnel"
  ) =>
    Effect.gen(function* () {
      const config = yield* PgConfig.fromUri(
        `postgresql://postgres@${host}:${server().port}/postgres?${settings}`,
        {
          overrides: { streamBufferBytes: 100_000 }
        }
      )
      return yield* Effect.flatMap(PgConnector.PgConnector, ({ open }) => open()).pipe(
        Effect.provide(PgConnector.layerTransport(config)),
        Effect.provide(transport)
      )
    })

  for (const [name, transport] of [
    ["DuplexTransport", duplex],
    ["SocketTransport", socket()]
  ] as const) {
    it.scopedLive(`${name}: statements, streams, a cancelled one, and a copy`, () =>
      Effect.gen(function* () {
        const pg = yield* open(transport)
        assert.strictEqual(pg.facts.host, "in.the.tunnel")
        assert.deepStrictEqual(yield* pg.query(sql`select ${1}::int4 as x`), [{ x: 1 }])
        const rows = pg.stream(sql`select generate_series(1, 50000) as n`)
        assert.strictEqual(yield* Stream.runCount(rows), 50_000)
        assert.strictEqual(yield* Stream.runCount(Stream.take(rows, 1)), 1)
        const late = yield* Effect.flip(pg.query(sql`select pg_sleep(60)`, { timeout: "50 millis" }))
        assert.strictEqual(late._tag, "PgTimeoutError")
        yield* pg.simple("create temp table t (x int4)")
        const copied = yield* pg.copyFrom(
          "copy t from stdin",
          Stream.make(new TextEncoder().encode("1\n2\n"))
        )
        assert.strictEqual(copied.rows, 2n)
        assert.strictEqual((yield* pg.status).state, "clean")
      })
    )
  }

  const ways = [
    ["TCP", Transport.NodeTransport.layer, "sslmode=disable"],
    ["TLS", Transport.NodeTransport.layer, "sslmode=require"],
    ["DuplexTransport", duplex, "sslmode=disable"],
    ["SocketTransport", socket(), "sslmode=disable"]
  ] as const
  for (const [name, transport, settings] of ways) {
    it.scopedLive(`${name}: the source of a copy may fill the same memory again for each chunk`, () =>
      Effect.gen(function* () {
        const pg = yield* open(transport, settings, "127.0.0.1")
        yield* pg.simple("create temp table t (chunk int4, pad text)")
        const rows = 256
        const chunks = 200
        const memory = Buffer.alloc(rows * 1024)
        const source = Stream.map(Stream.rechunk(Stream.range(1, chunks), 1), (chunk) => {
          const line = `${String(chunk).padStart(7, "0")}\t${"x".repeat(1015)}\n`
          memory.write(line.repeat(rows))
          return memory
        })
        assert.strictEqual((yield* pg.copyFrom("copy t from stdin", source)).rows, BigInt(rows * chunks))
        const counts = "select chunk, count(*)::int4 as rows from t group by 1"
        const summary = yield* pg.query(
          sql`select count(*)::int4 as chunks, min(rows) as least, max(rows) as most from (${unsafe(counts)}) as counts`
        )
        assert.deepStrictEqual(summary, [{ chunks, least: rows, most: rows }])
      })
    )
  }

  it.scopedLive("DuplexTransport carries TLS, and the name that was configured is the one checked", () =>
    Effect.gen(function* () {
      const verified = `sslmode=verify-full&sslrootcert=${tlsFile("root.crt")}`
      const wrong = yield* Effect.flip(open(duplex, verified))
      assert.strictEqual(wrong._tag, "PgConnectError")
      assert.include(wrong.message, "in.the.tunnel")
      const pg = yield* open(duplex, verified.replace("verify-full", "verify-ca"))
      assert.deepInclude(pg.facts.encryption, { _tag: "Tls", verified: "chain" })
    })
  )

  it.scopedLive(
    "SocketTransport, which cannot stop its peer, fails by name when the rows are not taken",
    () =>
      Effect.gen(function* () {
        const pg = yield* open(socket({ bufferBytes: 100_000 }))
        const rows = pg.stream(sql`select repeat('x', 1000) as pad from generate_series(1, 100000)`)
        const taken: Array<unknown> = []
        const error = yield* Effect.flip(
          Stream.runForEachChunk(rows, (chunk) =>
            Effect.delay(
              Effect.sync(() => taken.push(...chunk)),
              "100 millis"
            )
          )
        )
        assert.strictEqual(error._tag, "PgClosedError")
        assert.include(error.message, "more than 100000 bytes arrived and were not read")
        assert.isBelow(taken.length, 100_000)
      })
  )

  it.effect("a scripted server answers a client that sees nothing of this machine", () =>
    Effect.gen(function* () {
      const config = yield* PgConfig.make({ host: "db", user: "app", sslMode: "disable" })
      const script = [
        ScriptedServer.startup(),
        ScriptedServer.extendedQuery({
          sql: "select name from people",
          columns: [ScriptedServer.column("name")],
          rows: [["Ada"]]
        }),
        ScriptedServer.goodbye
      ]
      const asked = Effect.flatMap(PgClient.PgClient, (pg) => pg.query(sql`select name from people`)).pipe(
        Effect.provide(PgClient.layerFromConnector()),
        Effect.provide(PgConnector.layerWith(config)),
        Effect.provide(Host.layerTest())
      )
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* asked, [{ name: "Ada" }])
        yield* Effect.flatMap(ScriptedServer.ScriptedServer, ({ done }) => done)
      }).pipe(Effect.provide(ScriptedServer.layer([script])))
    })
  )
})
