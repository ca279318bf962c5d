/**
 * A two-way byte stream to a server, and the service that opens one. Bytes are handed over by callback, one call per
 * socket chunk, because this is the hot path; everything above the connection room is an Effect.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TransportFailure } from "../model/PgError.js"

/** Where a server listens. */
export type Address =
  | { readonly _tag: "Tcp"; readonly host: string; readonly port: number }
  | { readonly _tag: "Unix"; readonly path: string }

/** The callbacks of a link's owner. Callbacks must not throw. */
export interface LinkHandlers {
  /** Bytes from the server. The chunk belongs to the receiver. */
  readonly onData: (chunk: Uint8Array) => void
  /** Called once: the link has ended, by the peer in an orderly way (`undefined`) or by a failure. */
  readonly onEnd: (failure: TransportFailure | undefined) => void
  /** The send buffer has drained after `write` answered false. */
  readonly onDrain: () => void
}

/** An open two-way byte stream. Closing its scope destroys it. */
export interface Link {
  /** `host:port` or the socket's path, for messages. */
  readonly address: string
  /** Starts delivery to `handlers`; may be called again to hand the link over to another owner. */
  readonly listen: (handlers: LinkHandlers) => void
  /** The brake: no `onData` follows until `resume`, and the peer is slowed by TCP. Idempotent. */
  readonly pause: () => void
  readonly resume: () => void
  /** False when the brake is on the sending side: wait for `onDrain` before producing much more. The bytes are taken anyway. */
  readonly write: (bytes: Uint8Array) => boolean
  /**
   * Like `write` for several pieces in one system call, without copying them. True when they have left, so that their memory may be used
   * again. When false, `onDrain` follows as soon as they have, and they must not change until then. A link without it is given
   * copies through `write`.
   */
  readonly writeParts?: (parts: ReadonlyArray<Uint8Array>) => boolean
  /** Sends what is buffered, then the end-of-stream mark. */
  readonly end: () => void
  /** Hangs up at once. Idempotent; `onEnd` is not called for it. */
  readonly destroy: () => void
}

/** Opens links. Replaceable: over TCP and Unix sockets, from any duplex, or in memory. */
export class Transport extends Context.Tag("effect-postgres/Transport")<
  Transport,
  {
    /**
     * Opens a link. Fails with the operating system's reason. Interrupting abandons the attempt and frees the
     * socket; closing the scope destroys the link.
     */
    readonly open: (address: Address) => Effect.Effect<Link, TransportFailure, Scope.Scope>
  }
>() {}
