/**
 * A provider of Kerberos. None is built in, because Node has none. An application gives the connector a provider over a
 * native module, and a test gives its own.
 *
 * @see https://www.postgresql.org/docs/current/gssapi-auth.html
 */
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Scope from "effect/Scope"

/** Why GSS cannot go on, in words. */
export interface GssFailure {
  readonly _tag: "GssFailure"
  readonly message: string
}

/** Whom to prove our name to, and what for. */
export interface GssTarget {
  /** First part of the service's name: libpq's `krbsrvname`. */
  readonly service: string
  /** Name of the server's host, the second part. */
  readonly host: string
  readonly purpose: "encryption" | "authentication"
  /** `sspi` when the server asks for it by that name; SPNEGO answers both. */
  readonly mechanism: "gss" | "sspi"
}

/** What one step of a GSSAPI exchange gives: a token for the server, and whether the exchange is complete. */
export interface GssStep {
  /** For the server; `undefined` when there is nothing to send. */
  readonly token: Uint8Array | undefined
  /** Whether the context is established on our side. */
  readonly done: boolean
}

/** A security context that is being established, and then used. Mutual authentication is asked for. */
export interface GssContext {
  /** Takes the server's token, `undefined` to begin. Not called any more once it was done. */
  readonly step: (input: Uint8Array | undefined) => Effect.Effect<GssStep, GssFailure>
  /** Whether messages of the established context are encrypted, not only signed. */
  readonly confidential: () => boolean
  /** Encrypts one message; in the socket's callback, so it must not wait. Left: why it cannot. */
  readonly wrap: (plain: Uint8Array) => Either.Either<Uint8Array, string>
  /** Decrypts one message. Left: why it cannot; the connection is closed then. */
  readonly unwrap: (wrapped: Uint8Array) => Either.Either<Uint8Array, string>
  /** Most plain bytes whose wrapped form has `size` bytes or less. */
  readonly wrapLimit: (size: number) => number
}

/** What knows GSSAPI. The library has none of its own: give one that wraps a Kerberos library. */
export interface GssProvider {
  /** Whether there is anything to prove our name with, such as a ticket: `gssencmode=prefer` goes by it. */
  readonly hasCredentials: Effect.Effect<boolean>
  /** Begins a context, freed with the scope. */
  readonly initiate: (target: GssTarget) => Effect.Effect<GssContext, GssFailure, Scope.Scope>
}
