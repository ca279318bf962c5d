/** A port that is free on loopback addresses. */
import * as Effect from "effect/Effect"
import * as NodeNet from "node:net"

/**
 * Below the ports that systems hand out to outgoing connections (32768 and up on Linux, 49152 elsewhere): a server that
 * is stopped and started again must find its port free, and a client that tries meanwhile must not connect to itself.
 */
const lowest = 15_000
const count = 17_000

let next = -1

/** The machine has no such address, so that every port would look taken: the server's own word on it is clearer. */
const hasNoAddress: ReadonlySet<string | undefined> = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT"])

const isFree = (host: string, port: number): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const server = NodeNet.createServer()
    server.once("error", ({ code }: NodeJS.ErrnoException) => resume(Effect.succeed(hasNoAddress.has(code))))
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resume(Effect.succeed(true)))
    })
    return Effect.sync(() => server.close())
  })

/** Larger than what one process asks for in a while. */
const stride = 997

/**
 * Jumps to other ports, by a distance that differs between processes: processes that search in the same place at the same
 * time would collide again and again.
 */
export const leap: Effect.Effect<void> = Effect.sync(() => {
  next += stride * (1 + (process.pid % 13))
})

/**
 * The next port that is free on all of the addresses; processes begin at different places, and without a `leap` no port is named
 * twice before all were.
 */
export const findOn = (hosts: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.suspend(() => {
    if (next < 0) next = (process.pid * 61) % count
    const port = lowest + (next++ % count)
    return Effect.flatMap(
      Effect.forEach(hosts, (host) => isFree(host, port)),
      (free) => (free.every(Boolean) ? Effect.succeed(port) : findOn(hosts))
    )
  })

/** The same on 127.0.0.1. */
export const find: Effect.Effect<number> = findOn(["127.0.0.1"])
