/**
 * The answer to AuthenticationMD5Password. The method is deprecated from PostgreSQL 18 on; whether it may be used at
 * all is decided before this is called, by `require_auth` and `channel_binding`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import * as Utf8 from "../bytes/Utf8.js"
import * as Refusal from "./Refusal.js"

/** Name of the method as `require_auth` spells it. */
export const method = "md5"

/** Bytes of salt in the request. */
export const saltSize = 4

const noMd5 = (): Refusal.AuthRefusal =>
  // OpenSSL's own text is "unsupported", which does not help.
  Refusal.make(
    "method-unsupported",
    method,
    "this runtime offers no MD5, probably because it runs in FIPS mode; store the role's password as scram-sha-256"
  )

const innerHash = (user: string, password: Uint8Array): string =>
  createHash("md5").update(password).update(Utf8.encode(user)).digest("hex")

/** What the server stores of a password under `password_encryption = md5`. */
export const stored = (user: string, password: string): Either.Either<string, Refusal.AuthRefusal> =>
  Either.try({ try: () => `md5${innerHash(user, Utf8.encode(password))}`, catch: noMd5 })

/**
 * `md5` and 32 lower-case hexadecimal digits: the hash of the salt behind the hexadecimal hash of password and user.
 * `user` is the name sent in the startup message; both it and the password are hashed as UTF-8, as they are.
 *
 * Refuses a salt that is not four bytes, and a runtime without MD5 (OpenSSL in FIPS mode).
 */
export const answer = (
  user: string,
  password: string | Uint8Array,
  salt: Uint8Array
): Either.Either<string, Refusal.AuthRefusal> => {
  if (salt.length !== saltSize) {
    return Either.left(Refusal.make("server-unproven", method, `salt of ${salt.length} bytes instead of 4`))
  }
  const secret = typeof password === "string" ? Utf8.encode(password) : password
  return Either.try({
    try: () => {
      const inner = innerHash(user, secret)
      return `md5${createHash("md5").update(inner, "latin1").update(salt).digest("hex")}`
    },
    catch: noMd5
  })
}
