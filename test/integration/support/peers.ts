/** Plain sockets for both ends of a proxy: a server that does what a test wants, and a client that remembers. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"

/** What a socket has seen so far. */
export interface Seen {
  readonly bytes: Buffer
  /** The sizes of the chunks as they were read. */
  readonly chunks: ReadonlyArray<number>
  /** FIN came. */
  readonly ended: boolean
  /** The code of the error that broke it, such as `ECONNRESET`. */
  readonly error: string | undefined
}

export interface Peer {
  readonly send: (bytes: Uint8Array) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  readonly seen: Effect.Effect<Seen>
}

const peerOf = (socket: NodeNet.Socket): Peer => {
  const chunks: Array<Buffer> = []
  let ended = false
  let error: string | undefined
  socket.setNoDelay(true)
  socket.on("data", (chunk: Buffer) => chunks.push(chunk))
  socket.on("end", () => {
    ended = true
  })
  socket.on("error", (cause: NodeJS.ErrnoException) => {
    error = cause.code ?? cause.message
  })
  return {
    send: (bytes) => Effect.sync(() => void socket.write(bytes)),
    end: Effect.sync(() => void socket.end()),
    seen: Effect.sync(() => ({
      bytes: Buffer.concat(chunks),
      chunks: chunks.map((chunk) => chunk.length),
      ended,
      error
    }))
  }
}

const opened = (connect: () => NodeNet.Socket): Effect.Effect<NodeNet.Socket, string, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<NodeNet.Socket, string>((resume) => {
      const socket = connect()
      socket.once("connect", () => resume(Effect.succeed(socket)))
      socket.once("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Connects; fails with the code, such as `ECONNREFUSED`. */
export const dial = (target: NodeNet.NetConnectOpts): Effect.Effect<Peer, string, Scope.Scope> =>
  Effect.map(
    opened(() => NodeNet.connect({ ...target, allowHalfOpen: true })),
    peerOf
  )

export interface PeerServer {
  readonly host: string
  readonly port: number
  /** The connections that have arrived, in order. */
  readonly peers: Effect.Effect<ReadonlyArray<Peer>>
}

/** Listens on loopback, at a free port by default, or at `path`. With `echo` everything comes back, the end of the stream too. */
export const serve = (
  options: { readonly echo?: boolean; readonly path?: string; readonly port?: number } = {}
): Effect.Effect<PeerServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ server: NodeNet.Server; sockets: Array<NodeNet.Socket>; peers: Array<Peer> }>((resume) => {
      const sockets: Array<NodeNet.Socket> = []
      const peers: Array<Peer> = []
      const server = NodeNet.createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket)
        peers.push(peerOf(socket))
        if (options.echo === true) socket.pipe(socket)
      })
      const place =
        options.path === undefined ? { host: "127.0.0.1", port: options.port ?? 0 } : { path: options.path }
      server.listen(place, () => resume(Effect.succeed({ server, sockets, peers })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(
    Effect.map(({ peers, server }) => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { host: "127.0.0.1", port, peers: Effect.sync(() => [...peers]) }
    })
  )
