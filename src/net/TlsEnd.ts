/**
 * How a link by TLS ends: what was written, TLS's own end, then the socket's. The first two take turns of the event loop,
 * so that a link that was ended and is then let go must not be destroyed at once.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-TERMINATION
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Duplex } from "./DuplexLink.js"
import * as DuplexLink from "./DuplexLink.js"
import type { Link } from "./Transport.js"

/** The longest wait for the end to be sent: a peer that does not read never takes it. */
export const farewellLimit = Duration.seconds(1)

const isEnding = (socket: Duplex): boolean =>
  socket.writableEnded && !socket.writableFinished && !socket.destroyed

/** A link over the socket. Destroying it once it was ended silences it, and leaves the rest to `leave`. */
export const linkOver = (socket: Duplex, address: string): Link => {
  const link = DuplexLink.make(socket, address, { lends: true })
  return {
    ...link,
    destroy: () => {
      if (isEnding(socket)) DuplexLink.take(link)
      else link.destroy()
    }
  }
}

const ended = (socket: Duplex): Effect.Effect<void> =>
  Effect.async((resume) => {
    const done = (): void => resume(Effect.void)
    socket.on("finish", done)
    socket.on("close", done)
    return Effect.sync(() => {
      socket.off("finish", done)
      socket.off("close", done)
    })
  })

/** Destroys the socket; one that was ended first has `farewellLimit` to send its end. */
export const leave = (socket: Duplex): Effect.Effect<void> => {
  const destroy = Effect.sync(() => void socket.destroy())
  return Effect.suspend(() =>
    isEnding(socket)
      ? Effect.zipRight(Effect.timeoutOption(Effect.interruptible(ended(socket)), farewellLimit), destroy)
      : destroy
  )
}
