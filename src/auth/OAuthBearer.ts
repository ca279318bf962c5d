/**
 * OAUTHBEARER (PostgreSQL 18 and later) as values: the messages, the server's answer to a token it does not take, and the
 * rule which issuer that answer may name. Getting a token is the application's affair. The server proves nothing in this
 * mechanism: only TLS with a verified certificate ensures that the right server gets the token.
 *
 * @see https://www.postgresql.org/docs/current/sasl-authentication.html#SASL-OAUTHBEARER
 */
import * as Either from "effect/Either"
import * as Refusal from "./Refusal.js"

/** Name of the method as `require_auth` spells it. */
export const method = "oauth"

/** Opens an exchange that only asks where tokens come from; the server answers with a `Challenge` and refuses. */
export const discovery = "n,,\x01auth=\x01\x01"

/** The answer to every `Challenge`; after it the server sends its error. */
export const acknowledgement = "\x01"

/**
 * Opens an exchange with a token. AuthenticationOk follows directly when the server takes it. Refuses a token with
 * characters that no bearer token has (RFC 6750 §2.1): they could smuggle fields into the message.
 */
export const initial = (token: string): Either.Either<string, Refusal.AuthRefusal> =>
  /^[A-Za-z0-9\-._~+/]+=*$/.test(token)
    ? Either.right(`n,,\x01auth=Bearer ${token}\x01\x01`)
    : Either.left(
        Refusal.make(
          "password-missing",
          method,
          token === "" ? "the token is empty" : "the token has characters that a bearer token cannot have"
        )
      )

/** The server's answer when it refuses a token, or when it was asked where a token comes from. */
export interface Challenge {
  /** Such as `invalid_token`, the only one that another token may cure. */
  readonly status: string
  /** The scope to ask a token for. */
  readonly scope: string | undefined
  /** Address of the issuer's discovery document; to be believed only after `issuerOf`. */
  readonly openidConfiguration: string | undefined
}

/** The most characters of a challenge that are read. */
export const maxChallengeLength = 16_384

/** The deepest nesting read in a challenge, its own braces included. */
export const maxChallengeDepth = 16

/**
 * Reads the JSON of a SASLContinue. Refused: anything but an object, the three known fields given twice or not as
 * text, a missing `status`, text beyond the limits or not UTF-8. Unknown fields are passed over.
 */
export const parseChallenge = (text: string): Either.Either<Challenge, Refusal.AuthRefusal> => {
  if (text.length > maxChallengeLength) return malformed(`longer than ${maxChallengeLength} characters`)
  // What was not UTF-8 has become this character on the way here.
  if (text.includes("\ufffd")) return malformed("not UTF-8")
  const keys = topLevelKeys(text)
  if (keys === undefined) return malformed(`nested deeper than ${maxChallengeDepth}`)
  const json = parseJson(text)
  if (typeof json !== "object" || json === null || Array.isArray(json)) return malformed("not a JSON object")
  const read = (name: string): string | undefined | null => {
    const value: unknown = Object.getOwnPropertyDescriptor(json, name)?.value
    const repeated = keys.indexOf(name) !== keys.lastIndexOf(name)
    return repeated || (value !== undefined && typeof value !== "string") ? null : value
  }
  const status = read("status")
  const scope = read("scope")
  const openidConfiguration = read("openid-configuration")
  if (status === null || scope === null || openidConfiguration === null) {
    return malformed("a field is given twice or is not text")
  }
  return status === undefined
    ? malformed("without a status")
    : Either.right({ status, scope, openidConfiguration })
}

/**
 * The issuer a discovery address belongs to: the address without its `/.well-known/…` part, which stands at the end (OpenID
 * Connect) or right behind the host (RFC 8414). Compare it with the issuer that was configured, character for character: a
 * server that names another one may want a token that is meant for another server. Refuses what is not https, has a query
 * or fragment, or is not a well-known address.
 */
export const issuerOf = (address: string): Either.Either<string, Refusal.AuthRefusal> => {
  if (!/^https:\/\//i.test(address)) return untrusted("is not https")
  if (!/^[\x21-\x7e]+$/.test(address)) return untrusted("has characters that an address cannot have")
  if (/[?#]/.test(address)) return untrusted("has a query or a fragment")
  const found = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)/.exec(address)
  if (found === null || found.index !== address.indexOf("/.well-known/")) {
    return untrusted("is not a well-known address of OpenID Connect or OAuth")
  }
  const end = found.index + found[0].length
  const path = address.indexOf("/", "https://".length)
  if (path === "https://".length) return untrusted("names no host")
  if (end !== address.length && found.index !== path)
    return untrusted("has its well-known part in the middle")
  return Either.right(address.slice(0, found.index) + address.slice(end))
}

/**
 * Keys of the outermost object, repeated ones too; `undefined` beyond the depth allowed. Text that is not JSON gives
 * anything.
 */
const topLevelKeys = (text: string): ReadonlyArray<unknown> | undefined => {
  const keys: Array<unknown> = []
  let depth = 0
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++
    else if (token === "}" || token === "]") depth--
    else if (depth === 1 && token.endsWith(":")) keys.push(parseJson(token.slice(0, -1)))
    if (depth > maxChallengeDepth) return undefined
  }
  return keys
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const malformed = (detail: string): Either.Either<never, Refusal.AuthRefusal> =>
  Either.left(Refusal.make("server-unproven", method, `the server's challenge is ${detail}`))

const untrusted = (detail: string): Either.Either<never, Refusal.AuthRefusal> =>
  Either.left(Refusal.make("server-unproven", method, `the discovery address of the server ${detail}`))
