import type * as Effect from "effect/Effect"
import type { TransportFailure } from "../model/PgError.js"
import type { Address } from "../net/Transport.js"

/** What is known of a session from its start: readable on the connection, and what cancelling needs. */
export interface ConnectFacts {
  readonly address: Address
  /** Process id of the server process; `undefined` when the server or pooler sent no key. */
  readonly processId: number | undefined
  /** The key that a CancelRequest must carry; `undefined` when there is none, then statements cannot be cancelled. */
  readonly cancelKey: Uint8Array | undefined
  /** The protocol version spoken: `3.0` or `3.2`. */
  readonly protocolVersion: string
  /** The method that authenticated us: `trust`, `password`, `md5`, `scram-sha-256` … */
  readonly authentication: string
}

/** Opens a connection to the same server for a CancelRequest and waits for the server to close it. */
export type SendCancel = (facts: ConnectFacts) => Effect.Effect<void, TransportFailure>
