/** The other end of a link: a server on loopback or a Unix socket, whose connections a test takes in hand. */
import * as net from "node:net"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { TransportFailure } from "../../src/model/PgError.js"
import type { Address, Link, LinkHandlers } from "../../src/net/Transport.js"

export interface Peer {
  readonly address: Address
  /** The next connection, paused: nothing is read from it unless the test does. */
  readonly accept: Effect.Effect<net.Socket>
  readonly server: net.Server
}

const bind = (server: net.Server, path: string | undefined): Effect.Effect<Address> =>
  Effect.async((resume) => {
    const done = (): void => {
      const at = server.address()
      if (at === null) throw new Error("the server has no address")
      resume(
        Effect.succeed(
          typeof at === "string"
            ? { _tag: "Unix", path: path ?? at }
            : { _tag: "Tcp", host: at.address, port: at.port }
        )
      )
    }
    if (path === undefined) server.listen(0, "127.0.0.1", done)
    else server.listen(path.startsWith("@") ? `\0${path.slice(1)}` : path, done)
  })

/** Listens on loopback, or on the path. Every connection and the server are gone with the scope. */
export const listen = (path?: string): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const accepted = yield* Queue.unbounded<net.Socket>()
    const sockets = new Set<net.Socket>()
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      socket.on("error", () => {})
      socket.on("close", () => sockets.delete(socket))
      sockets.add(socket)
      Queue.unsafeOffer(accepted, socket)
    })
    const address = yield* bind(server, path)
    yield* Effect.addFinalizer(() =>
      Effect.async<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
    )
    return { address, accept: Queue.take(accepted), server }
  })

/** A port of loopback on which no server listens. */
export const closedPort: Effect.Effect<Address> = Effect.scoped(
  Effect.map(listen(), ({ address }) => address)
)

/** An event of an emitter, once. */
export const once = (socket: net.Socket, event: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    const done = (): void => resume(Effect.void)
    socket.once(event, done)
    return Effect.sync(() => socket.off(event, done))
  })

/** Some turns of the event loop, in which whatever is ready happens. */
export const turns = (count: number): Effect.Effect<void> =>
  Effect.promise(async () => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
  })

/** Waits for a condition by turning the event loop: no time is named, the test's own limit ends it. */
export const until = (condition: () => boolean): Effect.Effect<void> =>
  Effect.gen(function* () {
    while (!condition()) yield* turns(1)
  })

/** An owner that records what it receives. */
export interface Owner {
  readonly handlers: LinkHandlers
  readonly received: () => Buffer
  readonly size: () => number
  readonly drains: () => number
  readonly ended: () => boolean
  /** Waits for the end and answers its failure, if it was one. */
  readonly end: Effect.Effect<TransportFailure | undefined>
}

export const owner = (onChunk: (chunk: Uint8Array) => void = () => {}): Owner => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  let drains = 0
  let ends = 0
  const end = Deferred.unsafeMake<TransportFailure | undefined>(undefined as never)
  return {
    handlers: {
      onData: (chunk) => {
        if (ends > 0) throw new Error("data after the end")
        chunks.push(chunk)
        size += chunk.length
        onChunk(chunk)
      },
      onEnd: (failure) => {
        if (++ends > 1) throw new Error("told of the end twice")
        Deferred.unsafeDone(end, Effect.succeed(failure))
      },
      onDrain: () => void drains++
    },
    received: () => Buffer.concat(chunks),
    size: () => size,
    drains: () => drains,
    ended: () => ends > 0,
    end: Deferred.await(end)
  }
}

/** Bytes that differ from place to place, so that a loss or a swap shows. */
export const pattern = (size: number, seed = 1): Buffer => {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0, x = seed; at < size; at++) bytes[at] = x = (x * 1103515245 + 12345 + at) & 0xff
  return bytes
}

/** Writes as fast as the link lets, waiting for the drain where it asks for it. */
export const pump = (
  link: Link,
  sender: { drained: () => void },
  bytes: Uint8Array,
  piece: number
): Effect.Effect<number> =>
  Effect.async((resume) => {
    let at = 0
    let waits = 0
    const go = (): void => {
      while (at < bytes.length) {
        const part = bytes.subarray(at, at + piece)
        at += part.length
        if (!link.write(part)) {
          waits++
          sender.drained = go
          return
        }
      }
      resume(Effect.succeed(waits))
    }
    go()
  })
