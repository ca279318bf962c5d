/** A loopback port that nobody listens on. */
import * as Effect from "effect/Effect"
import * as NodeNet from "node:net"

/**
 * Below the ports that systems hand out to outgoing connections (32768 and up on Linux, 49152 elsewhere): a server that
 * is stopped and started again must find its port free, and a client that tries meanwhile must not connect to itself.
 */
const lowest = 15_000
const count = 17_000

let next = -1

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.async((resume) => {
    const server = NodeNet.createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.close(() => resume(Effect.succeed(true)))
    })
    return Effect.sync(() => server.close())
  })

/** Larger than what one process asks for in a while. */
const stride = 997

/** Goes elsewhere, by another way in each process: somebody who looks in the same places at the same time would be met there again and again. */
export const leap: Effect.Effect<void> = Effect.sync(() => {
  next += stride * (1 + (process.pid % 13))
})

/** The next free one; processes begin at different places, and without a `leap` no port is named twice before all were. */
export const find: Effect.Effect<number> = Effect.suspend(() => {
  if (next < 0) next = (process.pid * 61) % count
  const port = lowest + (next++ % count)
  return Effect.flatMap(isFree(port), (free) => (free ? Effect.succeed(port) : find))
})
