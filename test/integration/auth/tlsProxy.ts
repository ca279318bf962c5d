/** A proxy that ends the client's TLS and begins another with the server, as some load balancers do. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import * as NodeTls from "node:tls"
import { tlsText } from "../support/fixtures.js"

export interface TlsProxy {
  readonly port: number
  /** How many have come. */
  readonly connections: () => number
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

const join = (client: NodeNet.Socket, serverPort: number): void => {
  client.on("error", () => {})
  client.once("data", () => {
    client.pause()
    const upstream = NodeNet.connect({ host: "127.0.0.1", port: serverPort })
    upstream.on("error", () => client.destroy())
    upstream.write(sslRequest)
    upstream.once("data", () => {
      const behind = NodeTls.connect({
        socket: upstream,
        rejectUnauthorized: false,
        ALPNProtocols: ["postgresql"]
      })
      client.write("S")
      const before = new NodeTls.TLSSocket(client, {
        isServer: true,
        cert: tlsText("sha384.crt"),
        key: tlsText("sha384.key")
      })
      for (const socket of [before, behind]) socket.on("error", () => {})
      before.pipe(behind).pipe(before)
      before.on("close", () => behind.destroy())
    })
  })
}

/** Shows another certificate than the server does. */
export const tlsProxy = (serverPort: number): Effect.Effect<TlsProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ server: NodeNet.Server; sockets: Set<NodeNet.Socket> }>((resume) => {
      const sockets = new Set<NodeNet.Socket>()
      const server = NodeNet.createServer((socket) => {
        sockets.add(socket)
        join(socket, serverPort)
      })
      server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(
    Effect.map(({ server, sockets }) => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { port, connections: () => sockets.size }
    })
  )
