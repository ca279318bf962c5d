import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import { tlsFile } from "../support/fixtures.js"
import { open, refused } from "../support/open.js"
import { live } from "../support/server.js"
import { message, ready, tlsPeer } from "./tlsPeer.js"

/** What a ClientHello offers, read from its bytes. */
interface Hello {
  readonly compression: ReadonlyArray<number>
  /** Bodies of the extensions, by their numbers. */
  readonly extensions: ReadonlyMap<number, Buffer>
}

const extension = { serverName: 0, alpn: 16, sessionTicket: 35, versions: 43, preSharedKey: 41 }

/** Of the first record of a connection. */
const helloIn = (record: Buffer): Hello => {
  assert.deepStrictEqual([record[0], record[5]], [0x16, 1])
  // Record header, handshake header, version, random; then lists with their lengths in front.
  let at = 5 + 4 + 2 + 32
  at += 1 + record.readUInt8(at)
  at += 2 + record.readUInt16BE(at)
  const compression = [...record.subarray(at + 1, at + 1 + record.readUInt8(at))]
  at += 1 + compression.length
  const end = at + 2 + record.readUInt16BE(at)
  at += 2
  const extensions = new Map<number, Buffer>()
  while (at < end) {
    const length = record.readUInt16BE(at + 2)
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return { compression, extensions }
}

/** Listens, keeps the first bytes of each connection, and hangs up. */
const listener: Effect.Effect<
  { readonly port: number; readonly first: ReadonlyArray<Buffer> },
  never,
  Scope.Scope
> = Effect.gen(function* () {
  const first: Array<Buffer> = []
  const server = yield* Effect.acquireRelease(
    Effect.async<NodeNet.Server>((resume) => {
      const server = NodeNet.createServer((socket) => {
        socket.on("error", () => {})
        socket.once("data", (chunk: Buffer) => {
          first.push(chunk)
          socket.destroy()
        })
      })
      server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  )
  const address = server.address()
  return { port: address !== null && typeof address === "object" ? address.port : 0, first }
})

const root = `sslrootcert=${tlsFile("root.crt")}`

/** The ClientHello of an attempt at `host` with these settings. */
const offered = (host: string, more = "") =>
  Effect.gen(function* () {
    const { first, port } = yield* listener
    yield* refused(
      `host=${host} hostaddr=127.0.0.1 port=${port} user=app sslmode=verify-full sslnegotiation=direct ${root} ${more}`
    )
    assert.lengthOf(first, 1)
    return helloIn(first[0]!)
  }).pipe(Effect.scoped)

const list = (values: ReadonlyArray<number>) => Buffer.from([values.length, ...values])

describe("the first flight of TLS", () => {
  it.effect("offers no compression, also where sslcompression asks for it (CON-035)", () =>
    Effect.gen(function* () {
      for (const more of ["", "sslcompression=1"]) {
        assert.deepStrictEqual((yield* offered("db.example.com", more)).compression, [0])
      }
    })
  )

  it.effect("names postgresql as the one protocol (CON-033, CON-038)", () =>
    Effect.gen(function* () {
      const { extensions } = yield* offered("db.example.com")
      assert.strictEqual(extensions.get(extension.alpn)?.toString("latin1"), "\0\x0b\x0apostgresql")
    })
  )

  it.effect("names the host without a last dot, and no address (CON-032, TRP-006)", () =>
    Effect.gen(function* () {
      for (const host of ["db.example.com", "db.example.com."]) {
        const { extensions } = yield* offered(host)
        assert.strictEqual(
          extensions.get(extension.serverName)?.toString("latin1"),
          "\0\x11\0\0\x0edb.example.com"
        )
      }
      for (const host of ["192.0.2.1", "::1"]) {
        assert.isFalse((yield* offered(host)).extensions.has(extension.serverName))
      }
      assert.isFalse((yield* offered("db.example.com", "sslsni=0")).extensions.has(extension.serverName))
    })
  )

  it.effect("offers TLS 1.2 and 1.3, or what the settings leave of them (CON-034)", () =>
    Effect.gen(function* () {
      const versions = (more: string) =>
        Effect.map(offered("db", more), ({ extensions }) => extensions.get(extension.versions))
      assert.deepStrictEqual(yield* versions(""), list([3, 4, 3, 3]))
      assert.deepStrictEqual(yield* versions("ssl_min_protocol_version=TLSv1.3"), list([3, 4]))
      // Up to 1.2 there is no such extension.
      assert.isUndefined(yield* versions("ssl_max_protocol_version=TLSv1.2"))
    })
  )

  it.scoped("takes up no earlier session (CON-036, TRP-007)", () =>
    Effect.gen(function* () {
      const { port } = yield* tlsPeer()
      yield* Effect.scoped(
        open(`host=localhost hostaddr=127.0.0.1 port=${port} user=app sslmode=verify-full ${root}`)
      )
      const { extensions } = yield* offered("localhost")
      assert.isFalse(extensions.has(extension.preSharedKey))
      assert.isAtMost(extensions.get(extension.sessionTicket)?.length ?? 0, 0)
    })
  )
})

describe("a server that wants to negotiate TLS anew", () => {
  it.scoped("amid an answer is hung up on, and the query fails (CON-035)", () =>
    Effect.gen(function* () {
      let renegotiated = false
      const { port } = yield* tlsPeer({
        maxVersion: "TLSv1.2",
        onQuery: (socket) => {
          socket.renegotiate({}, (error) => {
            renegotiated = error === null
            socket.write(Buffer.concat([message("I", ""), ready]))
          })
        }
      })
      const connection = yield* open(`host=127.0.0.1 port=${port} user=app sslmode=require`)
      const outcome = yield* Effect.either(connection.simple("select 1"))
      assert.isTrue(Either.isLeft(outcome))
      assert.isFalse(renegotiated)
    }).pipe(live)
  )
})
