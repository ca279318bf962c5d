/**
 * From an open link to a channel: in the clear, by TLS or by GSS, as `sslmode` and `gssencmode` allow, in libpq's order.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ByteWriter } from "../../bytes/ByteWriter.js"
import type { HostEntry, PgConfig } from "../../config/PgConfig.js"
import { PgClosedError, PgProtocolError } from "../../model/PgError.js"
import type { TransportFailure } from "../../model/PgError.js"
import type { GssProvider } from "../../net/Gss.js"
import * as GssWrap from "../../net/GssWrap.js"
import * as HostList from "../../net/HostList.js"
import * as SystemFailure from "../../net/SystemFailure.js"
import type { Prepared } from "../../net/Tls.js"
import * as Tls from "../../net/Tls.js"
import type { CheckIdentity } from "../../net/TlsIdentity.js"
import type { Link } from "../../net/Transport.js"
import * as Negotiation from "../../protocol/Negotiation.js"
import { GSSENCRequest, SSLRequest } from "../../wire/messages/Negotiation.js"
import type { Encryption } from "../session/ConnectFacts.js"

/** How the bytes may travel. */
export type ChannelKind = "plain" | "tls" | "gss"

/** What comes after a failure: the next way to the same address on a new link, the next address, or the end. */
export type AfterFailure = "way" | "address" | "stop"

export interface EncryptFailure {
  readonly _tag: "EncryptFailure"
  readonly cause: TransportFailure | PgProtocolError | PgClosedError
  readonly next: AfterFailure
}

/** What encrypting the links to one host takes. */
export interface HostEncryption {
  readonly config: PgConfig
  readonly entry: HostEntry
  /** Undefined when no way is TLS. */
  readonly tls: Prepared | undefined
  readonly gss: GssProvider | undefined
  readonly checkIdentity: CheckIdentity | undefined
}

export interface Channel {
  readonly link: Link
  readonly encryption: Encryption
  readonly way: ChannelKind
}

/** What only TLS can give, in words, if the settings demand any of it. */
export const demandOfTls = (config: PgConfig): string | undefined =>
  config.channelBinding === "require"
    ? "channel_binding=require"
    : config.sslCertMode === "require"
      ? "sslcertmode=require"
      : undefined

/**
 * The ways to a host in the order in which they are tried. `gss`: whether a provider is there and has credentials. Where
 * the settings demand what only TLS can give, only TLS is left. None: the settings rule all of them out.
 */
export const channelKindsFor = (
  config: PgConfig,
  entry: HostEntry,
  gss: boolean
): ReadonlyArray<ChannelKind> => {
  if (HostList.isUnix(entry)) return ["plain"]
  const ways: Array<ChannelKind> = []
  if (gss && config.gssEncMode !== "disable") ways.push("gss")
  if (config.gssEncMode !== "require") {
    const { sslMode } = config
    if (sslMode === "disable" || sslMode === "allow") ways.push("plain")
    if (sslMode !== "disable") ways.push("tls")
    if (sslMode === "prefer") ways.push("plain")
  }
  return demandOfTls(config) === undefined ? ways : ways.filter((way) => way === "tls")
}

const failure = (cause: EncryptFailure["cause"], next: AfterFailure): EncryptFailure => ({
  _tag: "EncryptFailure",
  cause,
  next
})

/** Code of the failure when the server does not encrypt and the settings demand it. */
export const refusedByServer = "EFFECT_POSTGRES_NO_ENCRYPTION"
/** Code of the failure when the server did not ask for our certificate and the settings demand it. */
export const certificateUnasked = "EFFECT_POSTGRES_NO_CERTIFICATE_REQUEST"

const violation = (state: string, tag: string, reason: string): EncryptFailure =>
  failure(new PgProtocolError({ state: `Negotiation.${state}`, tag, reason }), "stop")

type Question = "TlsRequested" | "GssRequested"

/** Sends the request and waits for the first bytes; the link is paused again when they are there. */
const ask = (link: Link, question: Question): Effect.Effect<Uint8Array, EncryptFailure> =>
  Effect.async((resume) => {
    const writer = new ByteWriter(8)
    if (question === "TlsRequested") SSLRequest.encode(writer, SSLRequest.value)
    else GSSENCRequest.encode(writer, GSSENCRequest.value)
    link.listen({
      onData: (chunk) => {
        link.pause()
        resume(Effect.succeed(chunk))
      },
      onDrain: () => {},
      onEnd: (reason) =>
        resume(
          Effect.fail(
            failure(
              reason ??
                new PgClosedError({
                  reason: "the server closed the connection when it was asked to encrypt",
                  sent: false,
                  server: undefined,
                  sql: ""
                }),
              "address"
            )
          )
        )
    })
    link.resume()
    link.write(writer.detach())
  })

/** The action for the server's answer. No unencrypted text of the server is shown. */
const answered = (
  question: Question,
  chunk: Uint8Array
): Effect.Effect<Negotiation.NegotiationAction, EncryptFailure> => {
  const answer = chunk[0]!
  const shown = answer > 0x20 && answer < 0x7f ? String.fromCharCode(answer) : `byte ${answer}`
  const arrow = Negotiation.step(question, answer)
  if (arrow === undefined) {
    return Effect.fail(violation(question, shown, "this answer to the request for encryption means nothing"))
  }
  if (arrow.emit === "giveUp") {
    return Effect.fail(
      failure(
        new PgProtocolError({
          state: `Negotiation.${question}`,
          tag: "E",
          reason:
            "the server answered the request for encryption with an error, whose text cannot be trusted; see its log"
        }),
        // As libpq: an old server may not know GSS, but an error in answer to TLS is final.
        question === "GssRequested" ? "way" : "stop"
      )
    )
  }
  if (chunk.length > 1) {
    return Effect.fail(
      violation(
        question,
        shown,
        `${chunk.length - 1} unencrypted bytes came behind the answer: the connection may have been tampered with`
      )
    )
  }
  return Effect.succeed(arrow.emit)
}

const request = (
  link: Link,
  question: Question
): Effect.Effect<Negotiation.NegotiationAction, EncryptFailure> =>
  Effect.flatMap(ask(link, question), (chunk) => answered(question, chunk))

const unasked = SystemFailure.make(
  certificateUnasked,
  "the server did not request a client certificate, and sslcertmode=require demands that it does"
)

const handshake = (
  link: Link,
  means: HostEncryption
): Effect.Effect<Channel, EncryptFailure, Scope.Scope> => {
  const { checkIdentity, config, entry, tls } = means
  if (tls === undefined)
    return Effect.fail(
      failure(SystemFailure.make("", "no certificates and keys were prepared for TLS to this host"), "stop")
    )
  return Tls.upgrade(link, {
    prepared: tls,
    host: entry.host,
    identity: config.sslMode === "verify-full",
    checkIdentity,
    sni: config.sslSni,
    alpnRequired: config.sslNegotiation === "direct"
  }).pipe(
    Effect.mapError((cause) => failure(cause, cause.code === Tls.plaintextBehindAnswer ? "stop" : "way")),
    Effect.flatMap(({ facts, link }) =>
      config.sslCertMode === "require" && !facts.certificateShown
        ? Effect.fail(failure(unasked, "stop"))
        : Effect.succeed<Channel>({ link, encryption: { _tag: "Tls", ...facts }, way: "tls" })
    )
  )
}

const throughGss = (link: Link, means: HostEncryption): Effect.Effect<Channel, EncryptFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const { config, entry, gss } = means
    if (gss === undefined)
      return yield* Effect.fail(failure(SystemFailure.make("", "no GSS provider"), "way"))
    const context = yield* gss
      .initiate({ service: config.krbSrvName, host: entry.host, purpose: "encryption", mechanism: "gss" })
      .pipe(Effect.mapError(({ message }) => failure(SystemFailure.make(GssWrap.gssFailed, message), "way")))
    const wrapped = yield* Effect.mapError(GssWrap.upgrade(link, context), (cause) => failure(cause, "way"))
    return { link: wrapped, encryption: { _tag: "Gss" }, way: "gss" }
  })

const plain = (link: Link): Channel => ({ link, encryption: { _tag: "None" }, way: "plain" })

/**
 * Makes a channel of a link by the first of `ways`, or by a later one where the server's `N` lets the same link be used
 * further. `onWay` is called with the way that is tried. Interrupting and the scope destroy the link's stream.
 */
export const establish = (
  link: Link,
  ways: ReadonlyArray<ChannelKind>,
  means: HostEncryption,
  onWay: (index: number) => void
): Effect.Effect<Channel, EncryptFailure, Scope.Scope> => {
  const direct = means.config.sslNegotiation === "direct"
  const from = (index: number): Effect.Effect<Channel, EncryptFailure, Scope.Scope> => {
    onWay(index)
    const refused = (what: string): Effect.Effect<Channel, EncryptFailure, Scope.Scope> => {
      const next = ways[index + 1]
      if (next === undefined) {
        const reason = `the server does not support ${what} at this address, and the settings require it`
        return Effect.fail(failure(SystemFailure.make(refusedByServer, reason), "stop"))
      }
      return next === "tls" && direct
        ? Effect.fail(failure(SystemFailure.make(refusedByServer, `the server refused ${what}`), "way"))
        : from(index + 1)
    }
    switch (ways[index]) {
      case "gss":
        return Effect.flatMap(request(link, "GssRequested"), (action) =>
          action === "upgradeGss" ? throughGss(link, means) : refused("GSS encryption")
        )
      case "tls":
        if (direct) return handshake(link, means)
        return Effect.flatMap(request(link, "TlsRequested"), (action) =>
          action === "upgradeTls" ? handshake(link, means) : refused("TLS")
        )
      default:
        return Effect.succeed(plain(link))
    }
  }
  return from(0)
}
