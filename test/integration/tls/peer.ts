/** A peer that admits every user, in the clear, and misbehaves in one way when it is asked for TLS. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"

export type Behaviour =
  | "refuses"
  | "closes"
  | "answers with an error"
  | "answers with another byte"
  | "fails in the handshake"
  | "closes in the handshake"
  | "adds plaintext to its yes"
  | "sends nothing"
  | "sends nothing in the handshake"

export interface MisbehavingPeer {
  readonly port: number
  /** What clients did since the last call, in words: `tls?`, `hello`, `startup`. */
  readonly events: () => ReadonlyArray<string>
  /** How many connections have been made, and how many of them the client has not closed. */
  readonly connections: () => { readonly made: number; readonly open: number }
}

const text = (tag: string, body: string): Buffer => {
  const bytes = Buffer.from(body, "latin1")
  const head = Buffer.alloc(5)
  head.write(tag, "latin1")
  head.writeInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

const ready = text("Z", "I")
const welcome = Buffer.concat([
  text("R", "\0\0\0\0"),
  text("S", "client_encoding\0UTF8\0"),
  text("S", "server_version\x0018.4\0"),
  ready
])
const forgedError = text("E", "SFATAL\0VFATAL\0C28000\0Mbelieve me\0\0")

const answerTo = (behaviour: Behaviour): Buffer | undefined => {
  switch (behaviour) {
    case "refuses":
      return Buffer.from("N")
    case "answers with an error":
      return forgedError
    case "answers with another byte":
      return Buffer.from("H")
    case "adds plaintext to its yes":
      return Buffer.concat([Buffer.from("S"), welcome])
    case "fails in the handshake":
    case "closes in the handshake":
    case "sends nothing in the handshake":
      return Buffer.from("S")
    default:
      return undefined
  }
}

const serve = (socket: NodeNet.Socket, behaviour: Behaviour, events: Array<string>): void => {
  let shaking = false
  let loggedIn = false
  socket.on("error", () => {})
  socket.on("data", (chunk: Buffer) => {
    if (loggedIn) {
      if (chunk[0] === 0x51) socket.write(Buffer.concat([text("I", ""), ready]))
      return
    }
    if (chunk[0] === 0x16) {
      events.push("hello")
      if (shaking && behaviour === "sends nothing in the handshake") return
      if (behaviour === "fails in the handshake") socket.end("this is no TLS at all\n")
      else socket.end()
      return
    }
    if (chunk.length === 8 && chunk.readInt32BE(4) === 80_877_103) {
      events.push("tls?")
      shaking = true
      const answer = answerTo(behaviour)
      if (answer !== undefined) socket.write(answer)
      else if (behaviour === "closes") socket.end()
      return
    }
    events.push("startup")
    loggedIn = true
    socket.write(welcome)
  })
}

export const peer = (behaviour: Behaviour): Effect.Effect<MisbehavingPeer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<{ server: NodeNet.Server; sockets: Set<NodeNet.Socket>; events: Array<string> }>(
      (resume) => {
        const sockets = new Set<NodeNet.Socket>()
        const events: Array<string> = []
        const server = NodeNet.createServer((socket) => {
          sockets.add(socket)
          serve(socket, behaviour, events)
        })
        server.listen({ host: "127.0.0.1", port: 0 }, () =>
          resume(Effect.succeed({ server, sockets, events }))
        )
      }
    ),
    ({ server, sockets }) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(
    Effect.map(({ events, server, sockets }) => {
      const address = server.address()
      return {
        port: address !== null && typeof address === "object" ? address.port : 0,
        events: () => events.splice(0),
        connections: () => ({
          made: sockets.size,
          open: [...sockets].filter((socket) => !socket.closed).length
        })
      }
    })
  )
