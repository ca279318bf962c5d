/** Asking for TLS and shaking hands, independent of the client under test. */
import * as Effect from "effect/Effect"
import * as NodeNet from "node:net"
import * as NodeTls from "node:tls"
import type { RawTarget } from "./rawSession.js"
import { connectOptions } from "./rawSession.js"

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** The server's answer to SSLRequest, `S` or `N`, and the socket it came on. */
const ask = (
  target: RawTarget,
  answered: (answer: string, socket: NodeNet.Socket) => void
): NodeNet.Socket => {
  const socket = NodeNet.connect(connectOptions(target))
  socket.on("connect", () => socket.write(sslRequest))
  socket.once("data", (chunk: Buffer) => answered(chunk.toString("latin1"), socket))
  return socket
}

export const askForTls = (target: RawTarget): Effect.Effect<string, Error> =>
  Effect.async((resume) => {
    const socket = ask(target, (answer, socket) => {
      resume(Effect.succeed(answer))
      socket.destroy()
    })
    socket.on("error", (error) => resume(Effect.fail(error)))
  })

export interface Credentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/**
 * Goes through TLS with a client certificate and asks for a session of `postgres`: the tag of the server's first
 * message (`R`, `E`), or the code of the error that ended the handshake.
 */
export const shakeHands = (target: RawTarget, credentials: Credentials): Effect.Effect<string> =>
  Effect.async((resume) => {
    const failed = (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message))
    const socket = ask(target, (_answer, socket) => {
      const { ca, cert, key } = credentials
      const secure = NodeTls.connect({ socket, servername: "localhost", ca, cert, key })
      secure.on("error", failed)
      secure.on("secureConnect", () => {
        const body = Buffer.from("....\0\x03\0\0user\0postgres\0\0", "latin1")
        body.writeInt32BE(body.length, 0)
        secure.write(body)
      })
      secure.once("data", (chunk: Buffer) => {
        resume(Effect.succeed(chunk.toString("latin1", 0, 1)))
        secure.destroy()
      })
    })
    socket.on("error", failed)
    socket.on("close", () => resume(Effect.succeed("closed")))
  })
