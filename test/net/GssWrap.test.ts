import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { GssContext } from "../../src/net/Gss.js"
import * as GssWrap from "../../src/net/GssWrap.js"
import type { TransportFailure } from "../../src/model/PgError.js"
import * as MemoryTransport from "../../src/testing/MemoryTransport.js"
import { flip } from "../support/gssProvider.js"

const framed = (body: Uint8Array, length = body.length): Uint8Array => {
  const packet = new Uint8Array(4 + body.length)
  new DataView(packet.buffer).setUint32(0, length)
  packet.set(body, 4)
  return packet
}

/** Established by nothing; encrypts by turning every bit around and adding one byte. */
const context = (overrides: Partial<GssContext> = {}): GssContext => ({
  step: () => Effect.succeed({ token: undefined, done: true }),
  confidential: () => true,
  wrap: (plain) => Either.right(Uint8Array.from([7, ...flip(plain)])),
  unwrap: (wrapped) =>
    wrapped[0] === 7 ? Either.right(flip(wrapped.subarray(1))) : Either.left("broken seal"),
  wrapLimit: (size) => size - 1,
  ...overrides
})

const heard = () => {
  const chunks: Array<number> = []
  let end: { readonly failure: TransportFailure | undefined } | undefined
  return {
    handlers: {
      onData: (chunk: Uint8Array) => void chunks.push(...chunk),
      onDrain: () => {},
      onEnd: (failure: TransportFailure | undefined) => {
        end = { failure }
      }
    },
    chunks,
    end: () => end
  }
}

const turns = Effect.forEach(Array.from({ length: 30 }), () => Effect.yieldNow(), { discard: true })

const upgraded = Effect.gen(function* () {
  const { client, server } = MemoryTransport.make()
  const link = yield* GssWrap.upgrade(client, context())
  const ear = heard()
  link.listen(ear.handlers)
  return { link, server, ...ear }
})

describe("a link wrapped by GSS", () => {
  it.effect("reads packets however they are cut (CON-045)", () =>
    Effect.gen(function* () {
      const { chunks, server } = yield* upgraded
      const plain = Uint8Array.from({ length: 300 }, (_, at) => at & 255)
      const sealed = (from: number, to: number) =>
        framed(Uint8Array.from([7, ...flip(plain.subarray(from, to))]))
      server.sendSliced(Uint8Array.from([...sealed(0, 100), ...sealed(100, 101), ...sealed(101, 300)]), 3)
      yield* turns
      yield* turns
      yield* turns
      yield* turns
      assert.deepStrictEqual(chunks, [...plain])
    })
  )

  it.effect("writes no packet longer than the protocol allows, and all of it (CON-045)", () =>
    Effect.gen(function* () {
      const { link, server } = yield* upgraded
      const plain = Uint8Array.from({ length: 40_000 }, (_, at) => at & 255)
      link.write(plain)
      const opened: Array<number> = []
      for (let left = 3; left > 0; left--) {
        const packet = (yield* server.take)!
        assert.isAtMost(packet.length, GssWrap.largestPacket)
        assert.strictEqual(new DataView(packet.buffer, packet.byteOffset).getUint32(0), packet.length - 4)
        opened.push(...flip(packet.subarray(5)))
      }
      assert.deepStrictEqual(opened, [...plain])
    })
  )

  for (const [name, packet] of [
    ["a length beyond the bound", framed(new Uint8Array(1), GssWrap.largestPacket - 3)],
    ["a length of four thousand million", framed(new Uint8Array(1), 0xffff_ffff)],
    ["a packet that cannot be opened", framed(Uint8Array.of(8, 1, 2))]
  ] as const) {
    it.effect(`ends at ${name}, and nothing is kept (CON-045)`, () =>
      Effect.gen(function* () {
        const { chunks, end, server } = yield* upgraded
        server.send(packet)
        yield* turns
        assert.deepStrictEqual(chunks, [])
        assert.strictEqual(end()?.failure?.code, GssWrap.gssFailed)
        assert.strictEqual(server.client(), "destroyed")
      })
    )
  }

  it.effect("is paused and let go like any other (GEN-006)", () =>
    Effect.gen(function* () {
      const { chunks, link, server } = yield* upgraded
      link.pause()
      server.send(framed(Uint8Array.of(7, 0xfe)))
      yield* turns
      assert.deepStrictEqual(chunks, [])
      link.resume()
      yield* turns
      assert.deepStrictEqual(chunks, [1])
    })
  )
})

describe("tokens", () => {
  const talking = context({
    step: (input) => Effect.succeed({ token: input ?? Uint8Array.of(1), done: false })
  })

  for (const [name, packet, words] of [
    ["longer than the bound", framed(new Uint8Array(1), GssWrap.largestToken - 3), "more than"],
    [
      "an error in their place, whose text is not shown",
      new TextEncoder().encode("E\0\0\0\tMbelieve me\0\0"),
      "error"
    ]
  ] as const) {
    it.effect(`end it when they are ${name} (CON-044, CON-045)`, () =>
      Effect.gen(function* () {
        const { client, server } = MemoryTransport.make()
        server.send(packet)
        const failure = yield* Effect.flip(GssWrap.upgrade(client, talking))
        assert.include(failure.message, words)
        assert.notInclude(failure.message, "believe me")
      })
    )
  }

  it.effect("that never come end with the stream", () =>
    Effect.gen(function* () {
      const { client, server } = MemoryTransport.make()
      server.hangUp()
      const failure = yield* Effect.flip(GssWrap.upgrade(client, talking))
      assert.strictEqual(failure.code, GssWrap.gssFailed)
    })
  )

  it.effect("of a context that only signs are worth nothing (CON-046)", () =>
    Effect.gen(function* () {
      const { client } = MemoryTransport.make()
      const failure = yield* Effect.flip(GssWrap.upgrade(client, context({ confidential: () => false })))
      assert.include(failure.message, "not encrypt")
    })
  )
})
