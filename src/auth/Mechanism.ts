/**
 * Chooses one of the SASL mechanisms that a server offers, and the channel binding flag to send.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING
 */
import * as Either from "effect/Either"
import * as Refusal from "./Refusal.js"

/** Mechanisms spoken here, by the names of the protocol. */
export type Mechanism = "SCRAM-SHA-256-PLUS" | "SCRAM-SHA-256" | "OAUTHBEARER"

/** What decides the choice. */
export interface Circumstances {
  /** libpq's `channel_binding`. */
  readonly channelBinding: "disable" | "prefer" | "require"
  /** Whether the channel to the server is TLS. */
  readonly tls: boolean
  /** Whether the server's certificate is at hand and defines a hash to bind to (see `ChannelBinding.endPointOf`). */
  readonly bindingAvailable: boolean
  /** Whether SCRAM may be used; true unless set. */
  readonly scram?: boolean
  /** Whether a bearer token may be used; false unless set. */
  readonly oauth?: boolean
}

/**
 * The mechanism, and how its messages speak about channel binding: bound, not offered by the server, or unsupported.
 */
export interface Choice {
  readonly mechanism: Mechanism
  readonly binding: "bound" | "not-offered" | "unsupported"
}

/**
 * Chooses: SCRAM bound to the channel where it can be, then SCRAM, then OAUTHBEARER; names not known here are passed
 * over.
 *
 * Refuses when nothing offered can be used, when binding is required and impossible, and when binding is offered
 * without TLS, which no honest server does. When the server offers binding, its absence on our side is never blamed on
 * the server: that header (`y`) would make it suspect an attack.
 */
export const choose = (
  offered: ReadonlyArray<string>,
  { bindingAvailable, channelBinding, oauth = false, scram = true, tls }: Circumstances
): Either.Either<Choice, Refusal.AuthRefusal> => {
  const plusOffered = offered.includes("SCRAM-SHA-256-PLUS")
  if (plusOffered && !tls) {
    return Either.left(
      Refusal.make(
        "server-unproven",
        "scram-sha-256",
        "the server offers channel binding on a channel without TLS"
      )
    )
  }
  if (channelBinding === "require") {
    if (!tls) return refuse("channel binding is required, but the channel is not TLS")
    if (!plusOffered) return refuse("channel binding is required, but the server does not offer it")
    if (!bindingAvailable) {
      return refuse("channel binding is required, but the server's certificate defines no hash to bind to")
    }
    if (!scram) return refuse("channel binding is required, but SCRAM may not be used")
  }
  const wanted = channelBinding !== "disable" && tls && bindingAvailable
  if (scram && wanted && plusOffered) {
    return Either.right({ mechanism: "SCRAM-SHA-256-PLUS", binding: "bound" })
  }
  if (scram && offered.includes("SCRAM-SHA-256")) {
    return Either.right({
      mechanism: "SCRAM-SHA-256",
      binding: wanted && !plusOffered ? "not-offered" : "unsupported"
    })
  }
  if (oauth && offered.includes("OAUTHBEARER")) {
    return Either.right({ mechanism: "OAUTHBEARER", binding: "unsupported" })
  }
  const names = offered.length === 0 ? "none" : Refusal.quote(offered.join(", "))
  return Either.left(
    Refusal.make("method-unsupported", "", `no SASL mechanism of the server can be used; it offers: ${names}`)
  )
}

const refuse = (detail: string): Either.Either<never, Refusal.AuthRefusal> =>
  Either.left(Refusal.make("method-refused", "scram-sha-256", detail))
