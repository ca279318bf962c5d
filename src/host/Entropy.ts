/** Randomness and key derivation of the runtime. */
import * as Effect from "effect/Effect"
import { pbkdf2, randomBytes as random } from "node:crypto"
import { type HostFailure, make as failure } from "./HostFailure.js"

/** Bytes of the operating system's generator. */
export const randomBytes = (count: number): Effect.Effect<Uint8Array> =>
  Effect.sync(() => new Uint8Array(random(count)))

/** Bytes of a derived key. */
const keySize = 32

/**
 * PBKDF2 with HMAC-SHA-256 on the runtime's thread pool. The callback form only: the synchronous one would stop every
 * connection of the process for as long as a server pleases.
 */
export const pbkdf2Sha256 = (
  password: Uint8Array | string,
  salt: Uint8Array,
  iterations: number
): Effect.Effect<Uint8Array, HostFailure> =>
  Effect.async((resume) => {
    const fail = (cause: unknown) =>
      resume(Effect.fail(failure("derivation", "", cause instanceof Error ? cause.message : String(cause))))
    try {
      pbkdf2(password, salt, iterations, keySize, "sha256", (error, key) =>
        error === null ? resume(Effect.succeed(new Uint8Array(key))) : fail(error)
      )
    } catch (cause) {
      // A number of iterations the runtime cannot count is thrown, not called back.
      fail(cause)
    }
  })
