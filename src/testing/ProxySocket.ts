/** One side of a proxied connection: a socket that is read when asked, so that not asking slows its peer. */
import * as Effect from "effect/Effect"
import type * as NodeNet from "node:net"

/** What a look at the socket finds: bytes, the end of the peer's half, or nothing yet. */
export type Taken =
  | { readonly _tag: "Chunk"; readonly bytes: Uint8Array }
  | { readonly _tag: "End" }
  | { readonly _tag: "Nothing" }

export interface ProxySocket {
  /** Waits until `take` finds something. Interrupting it loses nothing: it takes nothing itself. */
  readonly readable: Effect.Effect<void>
  /** Takes what is there without waiting; fails when the link broke. */
  readonly take: Effect.Effect<Taken, Error>
  /** Done when the operating system has taken the bytes. The next `take` reports a broken link. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void>
  /** FIN, after what was written. */
  readonly end: Effect.Effect<void>
  /** RST; a Unix socket knows no such thing and closes. */
  readonly reset: Effect.Effect<void>
  /** Waits until both halves have ended, and reads whatever still comes to nowhere. */
  readonly drain: Effect.Effect<void>
}

export const make = (socket: NodeNet.Socket): ProxySocket => {
  let failure: Error | undefined
  let ended = false
  let wake = () => {}
  socket.setNoDelay(true)
  socket.on("readable", () => {
    // The end of a stream is reported only to a reader that tries to read past it.
    if (socket.readableLength === 0) socket.read()
    wake()
  })
  socket.on("end", () => {
    ended = true
    wake()
  })
  socket.on("error", (error) => {
    failure = error
    wake()
  })
  socket.on("close", () => {
    ended = true
    wake()
  })

  const readable: ProxySocket["readable"] = Effect.async((resume) => {
    const look = () => {
      if (socket.readableLength === 0 && failure === undefined && !ended) return
      wake = () => {}
      resume(Effect.void)
    }
    wake = look
    look()
  })
  const take: ProxySocket["take"] = Effect.suspend(() => {
    const bytes: Uint8Array | null = socket.read()
    if (bytes !== null) return Effect.succeed<Taken>({ _tag: "Chunk", bytes })
    if (failure !== undefined) return Effect.fail(failure)
    return Effect.succeed<Taken>({ _tag: ended ? "End" : "Nothing" })
  })
  return {
    readable,
    take,
    write: (bytes) =>
      Effect.async((resume) => {
        socket.write(bytes, () => resume(Effect.void))
      }),
    end: Effect.sync(() => {
      if (!socket.destroyed) socket.end()
    }),
    reset: Effect.sync(() => {
      if (socket.remoteFamily === undefined) socket.destroy()
      else socket.resetAndDestroy()
    }),
    drain: Effect.zipRight(readable, take).pipe(
      Effect.repeat({ until: (taken) => taken._tag === "End" }),
      Effect.ignore
    )
  }
}
