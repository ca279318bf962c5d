import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, vi } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as DuplexLink from "../../../src/net/DuplexLink.js"
import * as NodeTransport from "../../../src/net/NodeTransport.js"
import type { Address } from "../../../src/net/Transport.js"
import { Transport } from "../../../src/net/Transport.js"
import { linkContract } from "../../support/linkContract.js"
import { closedPort, listen, owner, pattern, turns, until } from "../../support/peer.js"

const transport = NodeTransport.make()
const linux = process.platform === "linux"

linkContract("NodeTransport over TCP", transport, { slowsThePeer: true })

/** A folder for sockets, gone with the scope. */
const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "net-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Handles of sockets, attempts and lookups that keep this process alive, and its open descriptors. */
const holdings = (): { readonly handles: number; readonly descriptors: number } => ({
  handles: process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Connect|AddrInfo/.test(name)).length,
  descriptors: linux ? readdirSync("/proc/self/fd").length : 0
})

/** Waits until no more is held than before; what leaks keeps the test from ending. */
const backTo = (before: ReturnType<typeof holdings>) =>
  until(() => {
    const now = holdings()
    return now.handles <= before.handles && now.descriptors <= before.descriptors
  }).pipe(
    Effect.timeoutFail({ duration: "2 minutes", onTimeout: () => ({ before, after: holdings() }) }),
    Effect.withClock(Clock.make())
  )

/**
 * Which timer the kernel runs for the connection between two ports, and in how many seconds it goes off: `02` is keepalive. One
 * port alone may be that of an older connection to somewhere else, too.
 */
const kernelTimer = (from: number, to: number) => {
  const [local, remote] = [from, to].map((port) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`)
  const rows = readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
  const timer = rows.find((row) => row[1]?.endsWith(local!) && row[2]?.endsWith(remote!))?.[5] ?? ""
  // In ticks, of which the kernel always shows a hundred a second.
  return { kind: timer.slice(0, 2), seconds: parseInt(timer.slice(3), 16) / 100 }
}

const echoes = (address: Address) =>
  Effect.gen(function* () {
    const peer = yield* listen(address._tag === "Unix" ? address.path : undefined)
    const link = yield* transport.open(peer.address)
    const socket = yield* peer.accept
    socket.on("data", (chunk) => socket.write(chunk))
    socket.resume()
    const heard = owner()
    link.listen(heard.handlers)
    const sent = pattern(200_000)
    link.write(sent)
    yield* until(() => heard.size() >= sent.length)
    assert.isTrue(sent.equals(heard.received()))
    return link
  })

describe("NodeTransport", () => {
  it.scoped("speaks over a Unix socket (CON-012)", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, ".s.PGSQL.5432")
      const link = yield* echoes({ _tag: "Unix", path })
      assert.strictEqual(link.address, path)
    })
  )

  it.scoped.skipIf(!linux)("takes a leading @ for the abstract namespace (CON-012)", () =>
    Effect.gen(function* () {
      const path = `@effect-postgres-${process.pid}/.s.PGSQL.5432`
      const link = yield* echoes({ _tag: "Unix", path })
      assert.strictEqual(link.address, path)
    })
  )

  it.effect("reports how long a Unix socket's path may be (CON-012)", () =>
    Effect.gen(function* () {
      const longest = linux ? 107 : 103
      const fits = "/" + "é".repeat((longest - 1) / 2)
      const failure = yield* Effect.flip(Effect.scoped(transport.open({ _tag: "Unix", path: `${fits}x` })))
      assert.strictEqual(failure.code, "ENAMETOOLONG")
      assert.include(failure.message, `${longest + 1} bytes and the system allows ${longest}`)
      const other = yield* Effect.flip(Effect.scoped(transport.open({ _tag: "Unix", path: fits })))
      assert.strictEqual(other.code, "ENOENT")
    })
  )

  it.effect("fails, and does not throw, for what cannot be dialled at all", () =>
    Effect.gen(function* () {
      const open = (address: Address) => Effect.flip(Effect.scoped(transport.open(address)))
      assert.deepStrictEqual(yield* open({ _tag: "Unix", path: "/nowhere/at/all" }), {
        _tag: "TransportFailure",
        code: "ENOENT",
        message: "no such socket file (ENOENT)"
      })
      const port = yield* open({ _tag: "Tcp", host: "127.0.0.1", port: 70_000 })
      assert.strictEqual(port.code, "ERR_SOCKET_BAD_PORT")
      const { port: closed } = (yield* closedPort) as Extract<Address, { _tag: "Tcp" }>
      const several = yield* open({ _tag: "Tcp", host: "localhost", port: closed })
      assert.strictEqual(several.code, "ECONNREFUSED")
      assert.include(several.message, "connection refused")
    })
  )

  it.scoped("turns Nagle off (GEN-007)", () =>
    Effect.gen(function* () {
      const noDelay = vi.spyOn(net.Socket.prototype, "setNoDelay")
      const peer = yield* listen()
      yield* transport.open(peer.address)
      assert.deepStrictEqual(noDelay.mock.calls, [[true]])
      noDelay.mockRestore()
    })
  )

  it.scoped.skipIf(!linux)("sends keepalive probes to a silent peer by default (GEN-007, CON-018)", () =>
    Effect.gen(function* () {
      const peer = yield* listen()
      const timerOf = (layer: typeof NodeTransport.layer) =>
        Effect.gen(function* () {
          const { open } = yield* Transport
          yield* open(peer.address)
          const socket = yield* peer.accept
          return kernelTimer(socket.remotePort ?? 0, socket.localPort ?? 0)
        }).pipe(Effect.provide(layer))
      const usual = yield* timerOf(NodeTransport.layer)
      assert.strictEqual(usual.kind, "02")
      assert.isAtMost(usual.seconds, 61)
      assert.isAbove(usual.seconds, 31)
      const shorter = yield* timerOf(NodeTransport.layerWith({ keepAliveIdle: "30 seconds" }))
      assert.strictEqual(shorter.kind, "02")
      assert.isAtMost(shorter.seconds, 31)
      assert.strictEqual((yield* timerOf(NodeTransport.layerWith({ keepAlive: false }))).kind, "00")
    })
  )

  it.scoped(
    "the peer's last bytes are received although a write failed before they were read (CON-134)",
    () =>
      Effect.gen(function* () {
        const peer = yield* listen()
        const link = yield* transport.open(peer.address)
        const socket = yield* peer.accept
        const heard = owner()
        link.listen(heard.handlers)
        link.pause()
        link.write(pattern(10))
        // More than is read ahead while the brake is on, so that the end of it is still the kernel's.
        const sent = Buffer.concat([pattern(100_000), Buffer.from("terminating connection")])
        socket.end(sent)
        yield* turns(20)
        socket.destroy() // with our ten bytes unread: the kernel answers with a reset
        yield* turns(20)
        for (let round = 0; round < 5; round++) {
          link.write(pattern(1000))
          yield* turns(5)
        }
        assert.isFalse(heard.ended())
        link.resume()
        const failure = yield* heard.end
        assert.isTrue(sent.equals(heard.received()))
        assert.include(["EPIPE", "ECONNRESET"], failure?.code)
      })
  )

  it.scoped("gives its stream away for encryption, with what it had buffered", () =>
    Effect.gen(function* () {
      const peer = yield* listen()
      const link = yield* transport.open(peer.address)
      const socket = yield* peer.accept
      const heard = owner()
      link.listen(heard.handlers)
      socket.write("S")
      yield* until(() => heard.size() === 1)
      const duplex = DuplexLink.take(link)
      if (duplex === undefined) return assert.fail("the link is over a stream")
      assert.isUndefined(DuplexLink.take(link), "only once")
      link.listen(heard.handlers)
      link.resume()
      socket.write("handshake")
      yield* turns(20)
      assert.strictEqual(heard.size(), 1)
      const over = DuplexLink.make(duplex, link.address)
      const next = owner()
      over.listen(next.handlers)
      yield* until(() => next.size() === 9)
      assert.strictEqual(next.received().toString(), "handshake")
      link.destroy()
      assert.isTrue(duplex.destroyed)
      assert.isFalse(heard.ended())
    })
  )

  it.effect("two thousand failing attempts leave no handle or descriptor behind (X10)", () =>
    Effect.gen(function* () {
      const address = yield* closedPort
      const attempt = Effect.flip(Effect.scoped(transport.open(address)))
      yield* attempt
      yield* turns(20)
      const before = holdings()
      yield* Effect.forEach(Array.from({ length: 2000 }), () => attempt, { concurrency: 50, discard: true })
      yield* backTo(before)
    })
  )

  it.effect("attempts that are interrupted while connecting leave no handle or descriptor behind (X10)", () =>
    Effect.gen(function* () {
      const address = yield* closedPort
      if (address._tag === "Unix") return assert.fail("a port was asked for")
      const before = holdings()
      for (const host of ["127.0.0.1", "localhost", "192.0.2.1"]) {
        for (let round = 0; round < 20; round++) {
          const attempt = yield* Effect.fork(Effect.scoped(transport.open({ ...address, host })))
          yield* Effect.yieldNow()
          yield* Fiber.interrupt(attempt)
        }
      }
      // A lookup that the system has begun cannot be called back; its answer finds the socket gone.
      yield* backTo(before)
    })
  )
})
