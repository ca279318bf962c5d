import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodeNet from "node:net"
import * as PgConfig from "../../../src/config/PgConfig.js"
import * as PgConnector from "../../../src/connection/PgConnector.js"
import * as Host from "../../../src/host/Host.js"
import * as Statement from "../../../src/model/Statement.js"
import * as DuplexTransport from "../../../src/net/DuplexTransport.js"
import { served, tlsFile } from "../support/fixtures.js"
import { open } from "../support/open.js"
import { describeWithServer, live } from "../support/server.js"

const root = `sslrootcert=${tlsFile("root.crt")}`

describeWithServer("traffic over TLS", { tls: served("good"), listen: "tcp" }, (server) => {
  const at = (more = "") =>
    `host=localhost hostaddr=127.0.0.1 port=${server().port} user=postgres dbname=postgres sslmode=verify-full ${root} ${more}`

  it.scoped("is the same bytes, many of them, read fast or slowly (GEN-003, GEN-006)", () =>
    Effect.gen(function* () {
      const connection = yield* open(at())
      const statement = Statement.make(
        "select i::int4 as i, repeat(chr(97 + i % 26), 1000) as text from generate_series(1, 20000) i"
      )
      const rows = yield* connection.query(statement)
      assert.lengthOf(rows, 20_000)
      assert.deepStrictEqual(rows[19_999], {
        i: 20_000,
        text: String.fromCharCode(97 + (20_000 % 26)).repeat(1000)
      })
      let bytes = 0
      yield* connection.stream(statement).pipe(
        Stream.chunks,
        Stream.mapEffect((chunk) => Effect.as(Effect.sleep("1 millis"), Chunk.toReadonlyArray(chunk))),
        Stream.runForEach((chunk) =>
          Effect.sync(() => {
            for (const row of chunk) bytes += String(row["text"]).length
          })
        )
      )
      assert.strictEqual(bytes, 20_000_000)
      assert.deepInclude(yield* connection.status, { state: "clean" })
    }).pipe(live)
  )

  it.scoped("goes back and forth in large messages too (GEN-006)", () =>
    Effect.gen(function* () {
      const connection = yield* open(at())
      const large = "ä".repeat(3_000_000)
      const rows = yield* connection.query(
        Statement.make("select length($1::text) as length, md5($1::text) = md5($1::text) as same", [large])
      )
      assert.deepStrictEqual(rows, [{ length: 3_000_000, same: true }])
    }).pipe(live)
  )

  it.scoped("is laid over any Node stream, such as a tunnel's", () =>
    Effect.gen(function* () {
      const names: Array<string> = []
      const tunnel = DuplexTransport.layer((address) => {
        names.push(address._tag === "Tcp" ? address.host : "")
        return NodeNet.connect({ host: "127.0.0.1", port: server().port })
      })
      const config = yield* PgConfig.fromConnectionString(
        `host=db.example.com user=postgres dbname=postgres sslmode=verify-full ${root}`
      )
      const connector = yield* PgConnector.make(config).pipe(
        Effect.provide(tunnel),
        Effect.provide(Host.layer)
      )
      const { facts } = yield* connector.open()
      assert.deepInclude(facts.encryption, { _tag: "Tls", verified: "identity" })
      // The name is the tunnel's to resolve.
      assert.deepStrictEqual(names, ["db.example.com"])
    }).pipe(live)
  )

  it.scoped("ends with the server's last word (CON-081, CON-134)", () =>
    Effect.gen(function* () {
      const connection = yield* open(at())
      const killer = yield* open(at())
      const [row] = yield* connection.query(Statement.make("select pg_backend_pid() as pid"))
      yield* killer.query(Statement.make("select pg_terminate_backend($1::int4)", [row?.["pid"]]))
      const ended = yield* connection.ended
      assert.include(ended.message, "57P01")
    }).pipe(live)
  )
})
