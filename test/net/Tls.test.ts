import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import { constants } from "node:crypto"
import * as DuplexLink from "../../src/net/DuplexLink.js"
import * as Tls from "../../src/net/Tls.js"
import * as MemoryTransport from "../../src/testing/MemoryTransport.js"
import { TestDuplex } from "../support/duplex.js"

const prepared = Either.getOrThrow(Tls.prepare({ minVersion: "TLSv1.2" }))
const handshake: Tls.Handshake = {
  prepared,
  host: "db",
  identity: false,
  sni: true,
  alpnRequired: false
}

/** Streams hand over what they were given in a later turn. */
const turn = Effect.promise(() => new Promise(setImmediate))

/** A link that asked, received its answer, and was paused with it. */
const asked = (chunk: string, behind: string) => {
  const duplex = new TestDuplex()
  const link = DuplexLink.make(duplex, "db:5432")
  const heard: Array<string> = []
  link.listen({
    onData: (chunk) => {
      link.pause()
      heard.push(Buffer.from(chunk).toString("latin1"))
      // Comes after the answer was read and before anything is done about it.
      if (behind !== "") duplex.push(Buffer.from(behind))
    },
    onDrain: () => {},
    onEnd: () => {}
  })
  duplex.push(Buffer.from(chunk))
  return { duplex, heard, link }
}

describe("TLS laid over a link", () => {
  it("passes OpenSSL's own option against renegotiation (CON-035)", () => {
    assert.strictEqual(Tls.noRenegotiation, constants.SSL_OP_NO_RENEGOTIATION)
  })

  it.effect(
    "is begun by the client, and closed with the stream when the caller is interrupted (CON-028)",
    () =>
      Effect.gen(function* () {
        const { duplex, link } = asked("S", "")
        yield* turn
        const shaking = yield* Effect.fork(Effect.scoped(Tls.upgrade(link, handshake)))
        while (duplex.written.length === 0) yield* turn
        assert.strictEqual(duplex.written[0]?.[0], 0x16)
        yield* Fiber.interrupt(shaking)
        assert.isTrue(duplex.destroyed)
      })
  )

  it.effect(
    "is not begun when bytes in the clear are waiting, and they are never read (CON-025, CON-026)",
    () =>
      Effect.gen(function* () {
        const { duplex, heard, link } = asked("S", "R\0\0\0\x08\0\0\0\0")
        yield* turn
        const failure = yield* Effect.flip(Effect.scoped(Tls.upgrade(link, handshake)))
        assert.strictEqual(failure.code, Tls.plaintextBehindAnswer)
        assert.deepStrictEqual(heard, ["S"])
        assert.isEmpty(duplex.written)
        assert.isTrue(duplex.destroyed)
      })
  )

  it.effect("needs a stream, and refuses any other link by name", () =>
    Effect.gen(function* () {
      const { client } = MemoryTransport.make()
      const failure = yield* Effect.flip(Effect.scoped(Tls.upgrade(client, handshake)))
      assert.strictEqual(failure.code, Tls.notAStream)
    })
  )
})

describe("a handshake that is over", () => {
  const der = Buffer.from([1, 2, 3])
  const secured = (alpnProtocol: string | false, algorithms: ReadonlyArray<string> = []): Tls.Secured => ({
    alpnProtocol,
    getProtocol: () => "TLSv1.3",
    getCipher: () => ({ name: "a", standardName: "A", version: "TLSv1.3" }),
    getPeerCertificate: () => ({ raw: der }) as never,
    getSharedSigalgs: () => [...algorithms]
  })
  const verdict = (socket: Tls.Secured, more: Partial<Tls.Handshake> = {}) => {
    const judged = Tls.judge(socket, { ...handshake, ...more })
    return "_tag" in judged ? judged.code : judged.alpn
  }

  it("names PostgreSQL's protocol or none, and never another (CON-033, CON-039)", () => {
    assert.deepStrictEqual(
      [verdict(secured("postgresql")), verdict(secured(false)), verdict(secured("http/1.1"))],
      [true, false, Tls.wrongProtocol]
    )
  })

  it("must name it where TLS was begun without asking (CON-039, TRP-005)", () => {
    const direct = { alpnRequired: true }
    assert.deepStrictEqual(
      [
        verdict(secured("postgresql"), direct),
        verdict(secured(false), direct),
        verdict(secured("h2"), direct)
      ],
      [true, Tls.wrongProtocol, Tls.wrongProtocol]
    )
  })

  it("reports whether a client certificate was sent: one is configured, and the server asked for it (CON-060)", () => {
    const shown = (certifies: boolean, algorithms: ReadonlyArray<string>) =>
      Tls.judge(secured(false, algorithms), { ...handshake, prepared: { ...prepared, certifies } })
    assert.deepInclude(shown(true, ["ECDSA+SHA256"]), { certificateShown: true })
    assert.deepInclude(shown(false, ["ECDSA+SHA256"]), { certificateShown: false })
    assert.deepInclude(shown(true, []), { certificateShown: false })
  })
})
