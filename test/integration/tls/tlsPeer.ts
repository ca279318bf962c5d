/** A peer that speaks TLS by Node's own server side and admits every client; what was seen of each client is written down. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeNet from "node:net"
import * as NodeTls from "node:tls"
import { tlsText } from "../support/fixtures.js"

export interface TlsPeerOptions {
  /** Name of the certificate, or one made for the test; `good` unless set. */
  readonly certificate?: string | { readonly cert: string; readonly key: string }
  /** Name of another certificate, shown to every client but the first. */
  readonly thenCertificate?: string
  /** Whether it asks for a certificate, and takes none for an answer. */
  readonly asks?: boolean
  /** Protocols it knows by ALPN; none unless set, and then it answers nothing. */
  readonly alpn?: ReadonlyArray<string>
  readonly minVersion?: NodeTls.SecureVersion
  readonly maxVersion?: NodeTls.SecureVersion
  /** Does with a session that is open what it likes. */
  readonly onReady?: (raw: NodeNet.Socket) => void
  /** Does with a query what it likes; unless set, every query is empty. */
  readonly onQuery?: (socket: NodeTls.TLSSocket, raw: NodeNet.Socket) => void
}

export interface SeenByPeer {
  /** Whether TLS was asked for first, or begun at once. */
  readonly direct: boolean
  /** The name sent in the clear; `false` for none. */
  readonly serverName: string | false | undefined
  readonly resumed: boolean
  /** Name in the certificate that was shown. */
  readonly shown: string | undefined
  /** The keys of the session, as its other side writes them down. */
  readonly keys: string
  /** The first packet inside. */
  readonly first: Buffer
  /** Tags of the messages that came later. */
  readonly later: ReadonlyArray<string>
}

export interface TlsPeer {
  readonly port: number
  readonly seen: () => ReadonlyArray<SeenByPeer>
}

export const message = (tag: string, body: string | Buffer): Buffer => {
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body
  const head = Buffer.alloc(5)
  head.write(tag, "latin1")
  head.writeInt32BE(bytes.length + 4, 1)
  return Buffer.concat([head, bytes])
}

export const ready = message("Z", "I")
const welcome = Buffer.concat([
  message("R", "\0\0\0\0"),
  message("S", "client_encoding\0UTF8\0"),
  message("S", "server_version\x0018.4\0"),
  message("K", "\0\0\0\x07\x01\x02\x03\x04"),
  ready
])

const cancelCode = 80_877_102

export const tlsPeer = (options: TlsPeerOptions = {}): Effect.Effect<TlsPeer, never, Scope.Scope> => {
  const {
    alpn,
    asks = false,
    certificate = "good",
    maxVersion,
    minVersion,
    onQuery,
    onReady,
    thenCertificate
  } = options
  const named = (name: string) => ({ cert: tlsText(`${name}.crt`), key: tlsText(`${name}.key`) })
  const own =
    typeof certificate === "string" ? named(certificate) : { cert: certificate.cert, key: certificate.key }
  let handshakes = 0
  const seen: Array<SeenByPeer> = []

  const secure = (raw: NodeNet.Socket, direct: boolean): void => {
    const socket = new NodeTls.TLSSocket(raw, {
      isServer: true,
      ...(handshakes++ > 0 && thenCertificate !== undefined ? named(thenCertificate) : own),
      requestCert: asks,
      rejectUnauthorized: false,
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...(minVersion === undefined ? {} : { minVersion }),
      ...(maxVersion === undefined ? {} : { maxVersion })
    })
    let first: Buffer | undefined
    let keys = ""
    const later: Array<string> = []
    socket.on("keylog", (line: Buffer) => {
      keys += line.toString("latin1")
    })
    socket.on("error", () => {})
    socket.on("data", (chunk: Buffer) => {
      if (first !== undefined) {
        later.push(String.fromCharCode(chunk[0] ?? 0))
        if (chunk[0] !== 0x51) return
        if (onQuery === undefined) socket.write(Buffer.concat([message("I", ""), ready]))
        else onQuery(socket, raw)
        return
      }
      first = chunk
      const serverName = "servername" in socket ? (socket.servername as string | false) : undefined
      // The types promise a certificate; there is an empty object, or none at all, where none was shown.
      const theirs = socket.getPeerCertificate() as NodeTls.PeerCertificate | undefined
      const shown = String((theirs?.subject as { CN?: string } | undefined)?.CN ?? "") || undefined
      seen.push({ direct, serverName, resumed: socket.isSessionReused(), shown, keys, first, later })
      if (chunk.readInt32BE(4) === cancelCode) socket.end()
      else socket.write(welcome, () => onReady?.(raw))
    })
  }

  const greet = (raw: NodeNet.Socket): void => {
    raw.on("error", () => {})
    raw.once("readable", () => {
      const chunk = raw.read() as Buffer | null
      if (chunk === null) return
      if (chunk[0] === 0x16) {
        raw.unshift(chunk)
        secure(raw, true)
        return
      }
      raw.write("S")
      secure(raw, false)
    })
  }

  return Effect.acquireRelease(
    Effect.async<{ server: NodeNet.Server; sockets: Set<NodeNet.Socket> }>((resume) => {
      const sockets = new Set<NodeNet.Socket>()
      const server = NodeNet.createServer((socket) => {
        sockets.add(socket)
        greet(socket)
      })
      server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
  ).pipe(
    Effect.map(({ server }) => {
      const address = server.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      return { port, seen: () => [...seen] }
    })
  )
}
