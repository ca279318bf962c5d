/**
 * SCRAM-SHA-256 and SCRAM-SHA-256-PLUS from the client's side: four steps, each a function of the state before it. No
 * step derives a key from the password, which takes long and is done off the event loop between two of them:
 *
 * ```
 * clientFirst ─► server ─► serverFirst ─► (derive the salted password) ─► clientFinal ─► server ─► serverFinal
 * ```
 *
 * States are values of their own types, so that a step out of order does not compile. Every message of the server is
 * checked to the letter, and secrets are compared in constant time.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-SCRAM-SHA-256
 */
import * as Either from "effect/Either"
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import * as Utf8 from "../bytes/Utf8.js"
import * as Base64 from "./Base64.js"
import * as ChannelBinding from "./ChannelBinding.js"
import * as Refusal from "./Refusal.js"

/** Name of the method as `require_auth` spells it, for both mechanisms. */
export const method = "scram-sha-256"

/** Random bytes in a nonce. */
export const nonceSize = 18

/** Bytes of every key and signature. */
export const keySize = 32

/** The most bytes of salt that are taken; PostgreSQL makes 16. */
export const maxSaltSize = 1024

/** The most characters of a combined nonce that are taken; PostgreSQL makes 48. */
export const maxNonceLength = 1024

/** The client's nonce made of `nonceSize` fresh random bytes: printable and without a comma. */
export const nonce = (random: Uint8Array): string => Base64.encode(random)

/** How much work a server may ask for. */
export interface IterationLimits {
  /** Fewest iterations accepted, 1 unless set: servers do set few, and libpq takes them. */
  readonly minIterations: number
  /** Most iterations accepted, 100,000 unless set: each costs time, and the server need not be the right one. */
  readonly maxIterations: number
}

export const defaultIterationLimits: IterationLimits = { minIterations: 1, maxIterations: 100_000 }

/** After the client's first message. */
export interface ScramOpened {
  readonly _tag: "Opened"
  readonly nonce: string
  readonly gs2: ChannelBinding.Gs2
  /** The first message without its header, part of what is signed. */
  readonly firstBare: string
}

/** After the server's first message: the salted password is wanted. */
export interface Challenged {
  readonly _tag: "Challenged"
  /** Both nonces together. */
  readonly nonce: string
  readonly gs2: ChannelBinding.Gs2
  readonly firstBare: string
  readonly serverFirst: string
}

/** After the client's last message: the server has to prove itself. */
export interface Proved {
  readonly _tag: "Proved"
  /** What the server must sign with. */
  readonly serverSignature: Uint8Array
}

/** What the salted password is made of: PBKDF2 with HMAC-SHA-256 over the prepared password, 32 bytes. */
export interface Derivation {
  readonly salt: Uint8Array
  readonly iterations: number
}

/** The two keys of a role. A client that has them needs no password. */
export interface ScramKeys {
  readonly clientKey: Uint8Array
  readonly serverKey: Uint8Array
}

/**
 * Opens the exchange. `nonce` is fresh for every attempt. `user` stays empty towards PostgreSQL, which goes by the
 * name in the startup message.
 */
export const clientFirst = (options: {
  readonly nonce: string
  readonly gs2: ChannelBinding.Gs2
  readonly user?: string
}): { readonly message: string; readonly state: ScramOpened } => {
  const { gs2, nonce, user = "" } = options
  const firstBare = `n=${user.replace(/=/g, "=3D").replace(/,/g, "=2C")},r=${nonce}`
  return { message: gs2.header + firstBare, state: { _tag: "Opened", nonce, gs2, firstBare } }
}

/**
 * Reads the server's first message and returns what to derive. Refused before any work is done: a nonce that does not begin
 * with ours or adds nothing to it, unknown or missing attributes, salt that is empty, oversized or not base64, a number of
 * iterations that is malformed or outside `bounds`.
 */
export const serverFirst = (
  state: ScramOpened,
  text: string,
  bounds: IterationLimits = defaultIterationLimits
): Either.Either<{ readonly derive: Derivation; readonly state: Challenged }, Refusal.AuthRefusal> => {
  if (text.includes("\0")) return unproven("zero byte in the server's first message")
  if (text.startsWith("m=")) return unproven("the server demands an extension that is not known")
  const parts = text.split(",")
  const [r = "", s = "", i = ""] = parts
  if (!r.startsWith("r=")) return unproven("no nonce in the server's first message")
  const combined = r.slice(2)
  if (!isNonce(combined)) return unproven("nonce of the server with illegal characters or too long")
  if (!extendsNonce(combined, state.nonce)) return unproven("the server's nonce does not extend ours")

  if (!s.startsWith("s=")) return unproven("no salt in the server's first message")
  const salt = Base64.decode(s.slice(2))
  if (salt === null) return unproven("salt that is not canonical base64")
  if (salt.length === 0) return unproven("empty salt")
  if (salt.length > maxSaltSize) return unproven(`salt of ${salt.length} bytes, more than ${maxSaltSize}`)

  if (!i.startsWith("i=")) return unproven("no iteration count in the server's first message")
  if (!/^i=[1-9][0-9]{0,9}$/.test(i)) return unproven("iteration count that is not a positive number")
  const iterations = Number(i.slice(2))
  if (iterations < bounds.minIterations || iterations > bounds.maxIterations) {
    return Either.left(
      Refusal.make(
        "method-refused",
        method,
        `the server asks for ${iterations} iterations; ` +
          `between ${bounds.minIterations} and ${bounds.maxIterations} are accepted`
      )
    )
  }
  if (parts.length > 3) return unproven("the server's first message has unknown attributes at its end")

  const { firstBare, gs2 } = state
  return Either.right({
    derive: { salt, iterations },
    state: { _tag: "Challenged", nonce: combined, gs2, firstBare, serverFirst: text }
  })
}

/** Both keys of a salted password. */
export const keysOf = (saltedPassword: Uint8Array): ScramKeys => ({
  clientKey: hmac(saltedPassword, clientKeyLabel),
  serverKey: hmac(saltedPassword, serverKeyLabel)
})

/**
 * What the server stores of a password, and takes in place of one in ALTER ROLE. The password cannot be read from it, only guessed.
 *
 * @see https://www.postgresql.org/docs/current/catalog-pg-authid.html
 */
export const verifier = (saltedPassword: Uint8Array, { iterations, salt }: Derivation): string => {
  const { clientKey, serverKey } = keysOf(saltedPassword)
  const storedKey = createHash("sha256").update(clientKey).digest()
  return `SCRAM-SHA-256$${iterations}:${Base64.encode(salt)}$${Base64.encode(storedKey)}:${Base64.encode(serverKey)}`
}

/** Proves that we know the password, given what the derivation made of it (32 bytes). */
export const clientFinal = (
  state: Challenged,
  saltedPassword: Uint8Array
): { readonly message: string; readonly state: Proved } => clientFinalWithKeys(state, keysOf(saltedPassword))

/** Like `clientFinal`, from the keys themselves (`scram_client_key`, `scram_server_key`). */
export const clientFinalWithKeys = (
  state: Challenged,
  keys: ScramKeys
): { readonly message: string; readonly state: Proved } => {
  const binding = Base64.encode(ChannelBinding.input(state.gs2))
  const withoutProof = `c=${binding},r=${state.nonce}`
  const signed = Utf8.encode(`${state.firstBare},${state.serverFirst},${withoutProof}`)
  const clientSignature = hmac(createHash("sha256").update(keys.clientKey).digest(), signed)
  const proof = keys.clientKey.map((byte, at) => byte ^ clientSignature[at]!)
  return {
    message: `${withoutProof},p=${Base64.encode(proof)}`,
    state: { _tag: "Proved", serverSignature: hmac(keys.serverKey, signed) }
  }
}

/**
 * Reads the server's last message. Only after this answered right may AuthenticationOk be believed: the server knows
 * the password, or what is stored of it, too.
 */
export const serverFinal = (state: Proved, text: string): Either.Either<void, Refusal.AuthRefusal> => {
  if (text.includes("\0")) return unproven("zero byte in the server's last message")
  if (text.startsWith("e=")) {
    return Either.left(
      Refusal.make("rejected", method, `the server answered: ${Refusal.quote(text.slice(2).split(",")[0]!)}`)
    )
  }
  if (!text.startsWith("v=")) return unproven("no signature in the server's last message")
  const signature = Base64.decode(text.slice(2))
  if (signature === null || signature.length !== keySize) {
    return unproven("signature of the server that is not 32 bytes in base64")
  }
  return timingSafeEqual(signature, state.serverSignature)
    ? Either.right(undefined)
    : unproven("wrong signature of the server: it does not know the password")
}

/** Reads `scram_client_key` or `scram_server_key`: base64 of 32 bytes. */
export const parseKey = (
  name: "scram_client_key" | "scram_server_key",
  text: string
): Either.Either<Uint8Array, Refusal.AuthRefusal> => {
  const key = Base64.decode(text)
  return key !== null && key.length === keySize
    ? Either.right(key)
    : Either.left(Refusal.make("password-missing", method, `${name} is not 32 bytes in base64`))
}

const clientKeyLabel = Utf8.encode("Client Key")
const serverKeyLabel = Utf8.encode("Server Key")

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", key).update(data).digest())

const unproven = (detail: string): Either.Either<never, Refusal.AuthRefusal> =>
  Either.left(Refusal.make("server-unproven", method, detail))

/** Printable ASCII without comma and space. */
const isNonce = (text: string): boolean =>
  text.length <= maxNonceLength && /^[\x21-\x2b\x2d-\x7e]+$/.test(text)

/** Begins with `ours`, compared in constant time, and goes on. Both are ASCII, so characters are bytes. */
const extendsNonce = (combined: string, ours: string): boolean =>
  combined.length > ours.length &&
  timingSafeEqual(Utf8.encode(combined.slice(0, ours.length)), Utf8.encode(ours))
