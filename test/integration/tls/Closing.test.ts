import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import { eventually } from "../support/eventually.js"
import { open } from "../support/open.js"
import { live } from "../support/server.js"
import { tlsPeer } from "./tlsPeer.js"

const at = (port: number): string => `host=127.0.0.1 port=${port} user=app sslmode=require`

/** Passes everything on, and keeps what the client sends on each connection. */
const listening = (
  target: number
): Effect.Effect<
  { readonly port: number; readonly said: () => Buffer; readonly ended: () => boolean },
  never,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const chunks: Array<Buffer> = []
    let ended = false
    const server = yield* Effect.acquireRelease(
      Effect.async<NodeNet.Server>((resume) => {
        const server = NodeNet.createServer((client) => {
          const upstream = NodeNet.connect({ host: "127.0.0.1", port: target })
          for (const socket of [client, upstream]) socket.on("error", () => {})
          client.on("data", (chunk: Buffer) => chunks.push(chunk))
          client.on("end", () => {
            ended = true
          })
          client.pipe(upstream).pipe(client)
        })
        server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    return { port, said: () => Buffer.concat(chunks), ended: () => ended }
  })

/** Kinds and lengths of the TLS records behind an SSLRequest. */
const records = (bytes: Buffer): ReadonlyArray<{ readonly kind: number; readonly length: number }> => {
  const found: Array<{ kind: number; length: number }> = []
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt16BE(at + 3)
    found.push({ kind: bytes.readUInt8(at), length })
    at += 5 + length
  }
  return found
}

const applicationData = 0x17
const alert = 0x15

describe("the end of a session over TLS", () => {
  for (const [maxVersion, kind] of [
    ["TLSv1.2", alert],
    // From 1.3 on all records look alike.
    ["TLSv1.3", applicationData]
  ] as const) {
    it.scoped(`is Terminate, then TLS's own end, then the socket's: ${maxVersion} (CON-037, CON-132)`, () =>
      Effect.gen(function* () {
        const { port, seen } = yield* tlsPeer({ maxVersion })
        const wire = yield* listening(port)
        yield* Effect.scoped(open(at(wire.port)))
        yield* eventually(Effect.sync(wire.ended), (ended) => ended)
        assert.deepStrictEqual(seen()[0]?.later, ["X"])
        const [last, end] = records(wire.said()).slice(-2)
        assert.deepStrictEqual([last?.kind, end?.kind], [applicationData, kind])
        // Terminate has five bytes, the alert two.
        assert.strictEqual((last?.length ?? 0) - (end?.length ?? 0), 3)
      }).pipe(live)
    )

    it.scoped(
      `is an end like any other when TLS has none and nothing was asked: ${maxVersion} (CON-037)`,
      () =>
        Effect.gen(function* () {
          const { port } = yield* tlsPeer({ maxVersion, onReady: (raw) => raw.end() })
          const connection = yield* open(at(port))
          assert.strictEqual((yield* connection.ended)._tag, "PgClosedError")
          assert.deepInclude(yield* connection.status, { state: "broken" })
          const refused = yield* Effect.flip(connection.simple("select 1"))
          assert.isTrue(refused.nothingSent)
        }).pipe(live)
    )
  }
})
