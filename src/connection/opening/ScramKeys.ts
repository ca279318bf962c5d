/**
 * The keys that a password was derived to, so that a pool's next session need not derive them again: 4,096 rounds of HMAC
 * cost more than all else that opening a session costs.
 *
 * They are held by the password's own value: for as long as that value lives, without a copy of it, and out of reach of
 * code that does not have it. Nothing is kept before the server has proven that it knows the password.
 */
import type * as Redacted from "effect/Redacted"
import type { Derivation, ScramKeys } from "../../auth/Scram.js"

/** Salts kept for one password, the oldest out first: one per server and role, and a hostile server may send any number. */
export const maxSalts = 4

interface Known {
  readonly salt: Uint8Array
  readonly iterations: number
  readonly keys: ScramKeys
}

const memory = new WeakMap<Redacted.Redacted<string>, ReadonlyArray<Known>>()

const isFor =
  ({ iterations, salt }: Derivation) =>
  (known: Known): boolean =>
    known.iterations === iterations &&
    known.salt.length === salt.length &&
    known.salt.every((byte, at) => byte === salt[at])

/** The keys of this password with exactly this salt and number of iterations. */
export const find = (password: Redacted.Redacted<string>, derivation: Derivation): ScramKeys | undefined =>
  memory.get(password)?.find(isFor(derivation))?.keys

/** Keeps the keys of a login in which the server has proven itself. */
export const remember = (
  password: Redacted.Redacted<string>,
  derivation: Derivation,
  keys: ScramKeys
): void => {
  const known = memory.get(password) ?? []
  if (known.some(isFor(derivation))) return
  const { iterations, salt } = derivation
  memory.set(password, [...known.slice(1 - maxSalts), { salt, iterations, keys }])
}
