import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import fc from "fast-check"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import type { Peer } from "../support/peers.js"
import { dial, serve } from "../support/peers.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"

/** Bytes that show when one is missing, doubled or moved. */
const sample = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 7 + at / 251) & 255))

/** An echo behind a proxy. */
const proxied = Effect.fnUntraced(function* (faults?: FaultProxy.Faults) {
  const server = yield* serve({ echo: true })
  const proxy = yield* FaultProxy.make({ target: server, ...(faults === undefined ? {} : { faults }) })
  return { server, proxy, client: yield* dial(proxy) }
})

const received = (peer: Peer, length: number) =>
  Effect.map(
    eventually(peer.seen, (seen) => seen.bytes.length >= length),
    (seen) => seen.bytes
  )
const ended = (peer: Peer) => eventually(peer.seen, (seen) => seen.ended)
const broken = (peer: Peer) => eventually(peer.seen, (seen) => seen.error !== undefined)
const somebodySleeps = eventually(TestClock.sleeps(), (sleeps) => Chunk.size(sleeps) > 0)

describe("a proxy without faults", () => {
  it.scoped("passes every byte on in order and counts them", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied()
      const bytes = sample(1_000_000)
      yield* client.send(bytes)
      assert.isTrue((yield* received(client, bytes.length)).equals(bytes))
      assert.deepStrictEqual(yield* proxy.bytes, { toServer: bytes.length, toClient: bytes.length })
      assert.deepStrictEqual(yield* proxy.connections, { arrived: 1, open: 1 })
    })
  )

  it.scoped("passes an ended half on and keeps the other one open until it ends too", () =>
    Effect.gen(function* () {
      const server = yield* serve()
      const proxy = yield* FaultProxy.make({ target: server })
      const client = yield* dial(proxy)
      yield* client.end
      const [peer] = yield* eventually(server.peers, (peers) => peers.length === 1)
      yield* ended(peer!)
      yield* peer!.send(sample(10))
      yield* peer!.end
      assert.strictEqual((yield* ended(client)).bytes.length, 10)
      yield* eventually(proxy.connections, ({ open }) => open === 0)
    })
  )

  it.scoped("resets the client when the target does not listen", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.scoped(serve())
      const proxy = yield* FaultProxy.make({ target: gone })
      const client = yield* dial(proxy)
      assert.strictEqual((yield* broken(client)).error, "ECONNRESET")
    })
  )

  it.scoped("reaches a target that listens on a Unix socket", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => NodeFs.mkdtempSync(`${NodeOs.tmpdir()}/peer-`)),
        (folder) => Effect.sync(() => NodeFs.rmSync(folder, { recursive: true }))
      )
      yield* serve({ echo: true, path: `${folder}/socket` })
      const proxy = yield* FaultProxy.make({ target: { path: `${folder}/socket` } })
      const client = yield* dial(proxy)
      yield* client.send(sample(100))
      assert.isTrue((yield* received(client, 100)).equals(sample(100)))
      yield* proxy.dropAll()
      assert.strictEqual((yield* broken(client)).error, "ECONNRESET")
    })
  )

  it.scoped("stops listening and resets what is open when its scope closes", () =>
    Effect.gen(function* () {
      const server = yield* serve({ echo: true })
      const scope = yield* Scope.make()
      const proxy = yield* Scope.extend(FaultProxy.make({ target: server }), scope)
      const client = yield* dial(proxy)
      yield* client.send(sample(1))
      yield* received(client, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* broken(client)).error, "ECONNRESET")
      assert.strictEqual(yield* Effect.flip(dial(proxy)), "ECONNREFUSED")
    })
  )

  it.scoped("lets a real conversation through", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared, faults: { toClient: { slice: 1 } } })
      assert.deepStrictEqual(yield* rawRows(proxy, "select 'through'"), [["through"]])
    })
  )
})

describe("a fault of one direction", () => {
  it.scoped("cuts after so many bytes: exactly those arrive, and then the end of the stream", () =>
    Effect.gen(function* () {
      const { client } = yield* proxied({ toClient: { cutAfter: 5 } })
      yield* client.send(sample(100))
      const seen = yield* ended(client)
      assert.isTrue(seen.bytes.equals(sample(5)))
      assert.isUndefined(seen.error)
    })
  )

  it.scoped("resets after so many bytes: exactly those reach the server, and both sides see a reset", () =>
    Effect.gen(function* () {
      const server = yield* serve()
      const proxy = yield* FaultProxy.make({ target: server, faults: { toServer: { resetAfter: 7 } } })
      const client = yield* dial(proxy)
      yield* client.send(sample(100))
      const [peer] = yield* eventually(server.peers, (peers) => peers.length === 1)
      const seen = yield* broken(peer!)
      assert.strictEqual(seen.error, "ECONNRESET")
      assert.isTrue(seen.bytes.equals(sample(7)))
      assert.strictEqual((yield* broken(client)).error, "ECONNRESET")
    })
  )

  it.scoped("ends at once when the count is nought, before any byte came", () =>
    Effect.gen(function* () {
      const { client } = yield* proxied({ toServer: { cutAfter: 0 } })
      assert.strictEqual((yield* ended(client)).bytes.length, 0)
    })
  )

  it.scoped("stalls after so many bytes, and lets the rest go when the fault is lifted", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied({ toServer: { stallAfter: 10 } })
      yield* client.send(sample(100))
      yield* received(client, 10)
      // The other direction and other connections still move while this one stands.
      const other = yield* dial(proxy)
      yield* other.send(sample(4))
      yield* received(other, 4)
      const seen = yield* client.seen
      assert.strictEqual(seen.bytes.length, 10)
      assert.isFalse(seen.ended)
      yield* proxy.setFault({})
      assert.isTrue((yield* received(client, 100)).equals(sample(100)))
    })
  )

  it.scoped("takes hold of a connection that is open and silent", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied()
      yield* client.send(sample(1))
      yield* received(client, 1)
      yield* proxy.setFault({ toClient: { cutAfter: 0 } })
      yield* ended(client)
    })
  )

  it.scoped("slices the stream so that a reader gets it byte by byte", () =>
    Effect.gen(function* () {
      const { client } = yield* proxied({ toClient: { slice: 1 } })
      yield* client.send(sample(50))
      assert.isTrue((yield* received(client, 50)).equals(sample(50)))
      assert.deepStrictEqual((yield* client.seen).chunks, Array(50).fill(1))
    })
  )

  it.scoped("delays every chunk by the clock", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied({ toServer: { delay: "30 seconds" } })
      yield* client.send(sample(3))
      yield* somebodySleeps
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* proxy.bytes, { toServer: 0, toClient: 0 })
      yield* TestClock.adjust("1 second")
      assert.isTrue((yield* received(client, 3)).equals(sample(3)))
    })
  )

  it.scoped("throttles by the clock", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied({ toServer: { bytesPerSecond: 10, slice: 20 } })
      yield* client.send(sample(40))
      yield* received(client, 20)
      yield* somebodySleeps
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual((yield* proxy.bytes).toServer, 20)
      yield* TestClock.adjust("1 millis")
      assert.isTrue((yield* received(client, 40)).equals(sample(40)))
    })
  )

  it.effect("never loses, doubles or moves a byte, however it slices and stalls", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: 300 }),
          fc.integer({ min: 1, max: 64 }),
          fc.integer({ min: 1, max: 64 }),
          fc.integer({ min: 0, max: 300 }),
          (length, there, back, stallAfter) =>
            Effect.gen(function* () {
              const { client, proxy } = yield* proxied({
                toServer: { slice: there, stallAfter },
                toClient: { slice: back }
              })
              yield* client.send(sample(length))
              yield* received(client, Math.min(length, stallAfter))
              yield* proxy.setFault({ toClient: { slice: back } })
              yield* client.end
              assert.isTrue((yield* ended(client)).bytes.equals(sample(length)))
            }).pipe(Effect.scoped, Effect.runPromise)
        ),
        { numRuns: 40 }
      )
    )
  )
})

describe("a proxy as a whole", () => {
  it.scoped("gives each connection the fault of its number", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied((connection) =>
        connection === 1 ? { toClient: { cutAfter: 2 } } : {}
      )
      const second = yield* dial(proxy)
      yield* client.send(sample(9))
      yield* second.send(sample(9))
      assert.strictEqual((yield* ended(second)).bytes.length, 2)
      assert.strictEqual((yield* received(client, 9)).length, 9)
    })
  )

  it.scoped("drops every open connection and welcomes new ones", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied()
      const second = yield* dial(proxy)
      yield* eventually(proxy.connections, ({ open }) => open === 2)
      yield* proxy.dropAll()
      assert.strictEqual((yield* broken(client)).error, "ECONNRESET")
      assert.strictEqual((yield* broken(second)).error, "ECONNRESET")
      const third = yield* dial(proxy)
      yield* third.send(sample(3))
      yield* received(third, 3)
      yield* proxy.dropAll("cut")
      assert.isUndefined((yield* ended(third)).error)
    })
  )

  it.scoped("refuses new connections while refuse is on, at the same port, and keeps the open ones", () =>
    Effect.gen(function* () {
      const { client, proxy } = yield* proxied()
      yield* client.send(sample(1))
      yield* received(client, 1)
      yield* proxy.refuse(true)
      assert.strictEqual(yield* Effect.flip(dial(proxy)), "ECONNREFUSED")
      yield* client.send(sample(1))
      yield* received(client, 2)
      yield* proxy.refuse(false)
      const again = yield* dial(proxy)
      yield* again.send(sample(5))
      yield* received(again, 5)
    })
  )
})
