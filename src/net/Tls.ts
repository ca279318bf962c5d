/**
 * TLS over a link that is open already, by Node's `tls`. No session is ever taken up again: the runtime would not look
 * at the certificate then.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
import * as tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { TlsVersion } from "../config/Vocabulary.js"
import type { TransportFailure } from "../model/PgError.js"
import * as DuplexLink from "./DuplexLink.js"
import * as SystemFailure from "./SystemFailure.js"
import * as TlsEnd from "./TlsEnd.js"
import * as TlsFailure from "./TlsFailure.js"
import type { CheckIdentity } from "./TlsIdentity.js"
import * as TlsIdentity from "./TlsIdentity.js"
import type { Link } from "./Transport.js"

/** The one protocol PostgreSQL names in the handshake. */
export const alpn = "postgresql"

/**
 * OpenSSL's `SSL_OP_NO_RENEGOTIATION` (`openssl/ssl.h`): the renegotiation of a running connection is refused. The
 * runtime's own `disableRenegotiation` is for servers and does nothing on this side.
 */
export const noRenegotiation = 0x4000_0000

/** What goes into every handshake with one set of settings. All texts are PEM. */
export interface Material {
  /** Trusted certificates. Undefined: the server's certificate is not verified at all. */
  readonly root?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: Redacted.Redacted<string> | undefined
  /** Lists of revoked certificates, any number in one text. Looked at only where something is verified. */
  readonly crl?: string | undefined
  /** The texts of a folder's files, some of which hold such lists. Undefined: no folder is asked. */
  readonly crlDir?: ReadonlyArray<string> | undefined
  readonly minVersion: TlsVersion
  readonly maxVersion?: TlsVersion | undefined
}

/** Why material cannot be used: the setting at fault and a reason without contents of files. */
export interface MaterialProblem {
  readonly key: "sslrootcert" | "sslcert" | "sslkey" | "sslcrl" | "sslcrldir" | "ssl_min_protocol_version"
  readonly reason: string
}

/** Material made ready, once for any number of handshakes. */
export interface Prepared {
  readonly context: tls.SecureContext
  readonly verifies: boolean
  /** Whether there is a certificate of ours for a server that asks. */
  readonly certifies: boolean
  /** Takes the lines of a key log once a handshake is over, also one that failed; it must not fail. */
  readonly keyLog?: ((lines: Uint8Array) => Effect.Effect<void>) | undefined
}

const inPem = (text: string, label: RegExp): boolean => label.test(text)

/** The lists in a text; the runtime itself would read the first and pass over the others. */
const listsIn = (text: string): ReadonlyArray<string> =>
  text.match(/-----BEGIN X509 CRL-----[^]*?-----END X509 CRL-----/g) ?? []

/** Reads the material, so that what is wrong with it is found before a socket is opened. */
export const prepare = (material: Material): Either.Either<Prepared, MaterialProblem> => {
  const { cert, crl, crlDir, key, maxVersion, minVersion, passphrase, root } = material
  if (root !== undefined && !inPem(root, /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/)) {
    return problem("sslrootcert", "holds no certificate in PEM")
  }
  const inFile = crl === undefined || root === undefined ? undefined : listsIn(crl)
  if (inFile?.length === 0) return problem("sslcrl", "holds no list of revoked certificates in PEM")
  const inFolder = crlDir === undefined || root === undefined ? undefined : crlDir.flatMap(listsIn)
  if (inFolder?.length === 0) {
    return problem("sslcrldir", "holds no file with a list of revoked certificates in PEM")
  }
  const versions: tls.SecureContextOptions = {
    secureOptions: noRenegotiation,
    minVersion,
    ...(maxVersion === undefined ? {} : { maxVersion })
  }
  // An empty list keeps the runtime from loading its own roots, which nothing here asks for.
  const trust: tls.SecureContextOptions = { ca: root === undefined ? [] : [root] }
  const revoked: tls.SecureContextOptions = inFile === undefined ? {} : { crl: [...inFile] }
  const alsoRevoked: tls.SecureContextOptions =
    inFolder === undefined ? {} : { crl: [...(inFile ?? []), ...inFolder] }
  const own: tls.SecureContextOptions = cert === undefined ? {} : { cert }
  const secret: tls.SecureContextOptions =
    key === undefined
      ? {}
      : { key, ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }) }
  let options: tls.SecureContextOptions = {}
  let context = Either.right(undefined) as Either.Either<tls.SecureContext | undefined, MaterialProblem>
  for (const [name, part] of [
    ["ssl_min_protocol_version", versions],
    ["sslrootcert", trust],
    ["sslcrl", revoked],
    ["sslcrldir", alsoRevoked],
    ["sslcert", own],
    ["sslkey", secret]
  ] as const) {
    if (Object.keys(part).length === 0) continue
    options = { ...options, ...part }
    context = Either.try({
      try: () => tls.createSecureContext(options),
      catch: (error) => ({ key: name, reason: TlsFailure.ofMaterial(error, passphrase !== undefined) })
    })
    if (Either.isLeft(context)) return Either.left(context.left)
  }
  const ready = Either.getOrThrow(context)
  return ready === undefined
    ? problem("ssl_min_protocol_version", "cannot be used here")
    : Either.right({ context: ready, verifies: root !== undefined, certifies: cert !== undefined })
}

const problem = (key: MaterialProblem["key"], reason: string): Either.Either<never, MaterialProblem> =>
  Either.left({ key, reason })

/** How one handshake is done. */
export interface Handshake {
  readonly prepared: Prepared
  /** The host as it was configured. */
  readonly host: string
  /** Whether the certificate must be for `host`; only with material that verifies. */
  readonly identity: boolean
  /** In place of libpq's rules. */
  readonly checkIdentity?: CheckIdentity | undefined
  /** Whether `host` is sent in the clear; an address never is. */
  readonly sni: boolean
  /** Whether the server must name PostgreSQL's protocol, as it must without an SSLRequest. */
  readonly alpnRequired: boolean
}

/** What is known of an encrypted channel. */
export interface TlsFacts {
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /** By its standard name, such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string
  /** `chain`: signed by a trusted authority; `identity`: and made for this host; `none`: not verified. */
  readonly verified: "none" | "chain" | "identity"
  /** The server's certificate as it came, in DER. */
  readonly certificate: Uint8Array
  /** Whether the server named PostgreSQL's protocol. */
  readonly alpn: boolean
  /** Whether the server asked for a certificate of ours and was shown one. */
  readonly certificateShown: boolean
}

export interface Upgraded {
  readonly link: Link
  readonly facts: TlsFacts
}

/** Code of the failure when bytes came in the clear where only TLS may come. */
export const plaintextBehindAnswer = "EFFECT_POSTGRES_PLAINTEXT"
/** Code of the failure when the link is not over a stream that TLS can be laid over. */
export const notAStream = "EFFECT_POSTGRES_NO_TLS"
/** Code of the failure when the server speaks TLS, but does not confirm PostgreSQL's protocol. */
export const wrongProtocol = "EFFECT_POSTGRES_ALPN"

/** The name sent in the clear: none for an address, and without the dot that ends a complete name. */
export const serverName = (host: string, sni: boolean): string | undefined => {
  const name = host.replace(/\.$/, "")
  // Digits and dots alone count as an address, as in libpq, right or wrong.
  return !sni || name === "" || name.includes(":") || /^[0-9.]+$/.test(name) ? undefined : name
}

const connectOptions = (socket: DuplexLink.Duplex, handshake: Handshake): tls.ConnectionOptions => {
  const { checkIdentity = TlsIdentity.check, host, identity, prepared, sni } = handshake
  const servername = serverName(host, sni)
  return {
    socket,
    secureContext: prepared.context,
    rejectUnauthorized: prepared.verifies,
    ALPNProtocols: [alpn],
    ...(servername === undefined ? {} : { servername }),
    checkServerIdentity: (_name, cert) => {
      if (!identity) return undefined
      const reason = checkIdentity(host, TlsIdentity.certificateOf(cert))
      return reason === undefined ? undefined : TlsFailure.identityError(reason)
    }
  }
}

/** What is looked at when a handshake is over. */
export type Secured = Pick<
  tls.TLSSocket,
  "alpnProtocol" | "getProtocol" | "getCipher" | "getPeerCertificate" | "getSharedSigalgs"
>

/** The facts of a channel, or why it is not accepted. */
export const judge = (socket: Secured, handshake: Handshake): TlsFacts | TransportFailure => {
  const spoken = socket.alpnProtocol
  if (typeof spoken === "string" ? spoken !== alpn : handshake.alpnRequired) {
    return SystemFailure.make(
      wrongProtocol,
      `the server did not confirm the protocol ${alpn} in the TLS handshake: it is not PostgreSQL 17 or later, ` +
        `or something stands in between`
    )
  }
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().standardName,
    verified: !handshake.prepared.verifies ? "none" : handshake.identity ? "identity" : "chain",
    certificate: new Uint8Array(socket.getPeerCertificate().raw),
    alpn: spoken === alpn,
    // What both can sign with is known on this side only from a request for a certificate.
    certificateShown: handshake.prepared.certifies && socket.getSharedSigalgs().length > 0
  }
}

/**
 * Lays TLS over a link, which is used up. Fails when a byte has come already, which was sent unencrypted, when the
 * handshake fails, when the certificate is not good enough, and when the server names another protocol. Interrupting and
 * the scope destroy the stream; a link that was ended sends TLS's closing message first. The lines of the key log are
 * handed over either way. A stream that ends without TLS's own mark ends like any other: only the messages decide whether
 * an answer was complete.
 */
export const upgrade = (
  link: Link,
  handshake: Handshake
): Effect.Effect<Upgraded, TransportFailure, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const started = yield* Effect.suspend(() => start(link, handshake))
      const logged = keyLogOf(started, handshake.prepared)
      yield* Effect.addFinalizer(() => TlsEnd.leave(started))
      yield* restore(secured(started)).pipe(
        Effect.onError(() => Effect.sync(() => started.destroy())),
        Effect.ensuring(logged)
      )
      const facts = judge(started, handshake)
      if ("_tag" in facts) return yield* Effect.fail(facts)
      return { link: TlsEnd.linkOver(started, link.address), facts }
    })
  )

const start = (link: Link, handshake: Handshake): Effect.Effect<tls.TLSSocket, TransportFailure> => {
  const duplex = DuplexLink.take(link)
  if (duplex === undefined) {
    return Effect.fail(
      SystemFailure.make(notAStream, "this transport's links cannot carry TLS, or the link has ended")
    )
  }
  if (duplex.readableLength > 0) {
    duplex.destroy()
    return Effect.fail(
      SystemFailure.make(
        plaintextBehindAnswer,
        "unencrypted bytes came where only the TLS handshake may begin: the connection may have been tampered with"
      )
    )
  }
  return Effect.try({
    try: () => {
      const socket = tls.connect(connectOptions(duplex, handshake))
      // Stays for good: a late error of an unused socket must not become an uncaught exception.
      socket.on("error", () => {})
      return socket
    },
    catch: TlsFailure.ofHandshake
  })
}

/** Collects the key log; all of it is there when the handshake is over. */
const keyLogOf = (socket: tls.TLSSocket, { keyLog }: Prepared): Effect.Effect<void> => {
  if (keyLog === undefined) return Effect.void
  const lines: Array<Uint8Array> = []
  socket.on("keylog", (line) => lines.push(line))
  return Effect.suspend(() => (lines.length === 0 ? Effect.void : keyLog(joined(lines))))
}

const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

const secured = (socket: tls.TLSSocket): Effect.Effect<void, TransportFailure> =>
  Effect.async((resume) => {
    const forget = (): void => {
      socket.off("secureConnect", onSecure)
      socket.off("error", onError)
      socket.off("close", onClose)
    }
    const done = (result: Effect.Effect<void, TransportFailure>): void => {
      forget()
      resume(result)
    }
    const onSecure = (): void => {
      // What follows must not be lost before the link listens.
      socket.pause()
      done(Effect.void)
    }
    const onError = (error: Error): void => done(Effect.fail(TlsFailure.ofHandshake(error)))
    const onClose = (): void => done(Effect.fail(TlsFailure.closedInHandshake))
    socket.on("secureConnect", onSecure)
    socket.on("error", onError)
    socket.on("close", onClose)
    return Effect.sync(forget)
  })
