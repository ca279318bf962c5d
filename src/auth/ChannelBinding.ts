/**
 * Channel binding of type `tls-server-end-point`: the hash of the server's certificate goes into the SCRAM exchange,
 * so that a party in the middle with a certificate of its own is found out.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
 */
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import * as Utf8 from "../bytes/Utf8.js"
import * as Refusal from "./Refusal.js"
import * as SignatureHash from "./SignatureHash.js"

/**
 * How a SCRAM exchange speaks about channel binding: the header that opens the first message, and the bytes it binds
 * to, empty without binding. Both come back in the last message, where the server compares them.
 */
export interface Gs2 {
  readonly header: string
  readonly data: Uint8Array
}

const nothing = new Uint8Array(0)

/** No binding: no TLS, binding switched off, or a certificate that defines no hash. */
export const unsupported: Gs2 = { header: "n,,", data: nothing }

/** We could bind but the server did not offer it. Never to be sent when it did: the server takes that for an attack. */
export const notOffered: Gs2 = { header: "y,,", data: nothing }

/** Bound to the server's certificate. `hash`: its digest by the function `SignatureHash` chooses. */
export const endPoint = (hash: Uint8Array): Gs2 => ({ header: "p=tls-server-end-point,,", data: hash })

/**
 * Bound to this certificate, given as the DER bytes of the handshake. Refused when its signature defines no hash, or
 * one the runtime does not have: never bound to nothing, and never to a hash of our own choice.
 */
export const endPointOf = (certificate: Uint8Array): Either.Either<Gs2, Refusal.AuthRefusal> =>
  Either.flatMap(SignatureHash.ofCertificate(certificate), (name) =>
    Either.try({
      try: () => endPoint(new Uint8Array(createHash(name).update(certificate).digest())),
      catch: () =>
        Refusal.make(
          "method-refused",
          "scram-sha-256",
          `this runtime has no ${name}, which channel binding needs here`
        )
    })
  )

/** Header and data together, as the `c=` attribute carries them before base64. */
export const input = (gs2: Gs2): Uint8Array => {
  const header = Utf8.encode(gs2.header)
  const bytes = new Uint8Array(header.length + gs2.data.length)
  bytes.set(header)
  bytes.set(gs2.data, header.length)
  return bytes
}
