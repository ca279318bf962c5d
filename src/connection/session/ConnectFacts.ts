import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { TransportFailure } from "../../model/PgError.js"
import type { TlsFacts } from "../../net/Tls.js"
import type { Address } from "../../net/Transport.js"

/** How the bytes travel. */
export type Encryption =
  { readonly _tag: "None" } | ({ readonly _tag: "Tls" } & TlsFacts) | { readonly _tag: "Gss" }

/** What is known of a session from its start: readable on the connection, and what cancelling needs. */
export interface ConnectFacts {
  /** The host as it was configured; empty when only an address was. */
  readonly host: string
  /** Where the session really leads: of a host with several addresses, the one that was accepted. */
  readonly address: Address
  readonly encryption: Encryption
  /** Whether the login was bound to the channel, so that no one in between can have read or changed it. */
  readonly channelBound: boolean
  /** Process id of the server process; `undefined` when the server or pooler sent no key. */
  readonly processId: number | undefined
  /** The key that a CancelRequest must carry; `undefined` when the server sent no key; then statements cannot be cancelled. */
  readonly cancelKey: Redacted.Redacted<Uint8Array> | undefined
  /** The protocol version spoken: `3.0` or `3.2`. */
  readonly protocolVersion: string
  /** The user logged in as, which the credentials may have named. */
  readonly user: string
  /** The method that authenticated us: `trust`, `password`, `md5`, `scram-sha-256` … */
  readonly authentication: string
}

/** Opens a connection to the same server for a CancelRequest and waits for the server to close it. */
export type SendCancel = (facts: ConnectFacts) => Effect.Effect<void, TransportFailure>

/** Opens and closes a second connection to the same address. It fails when the address cannot be reached. */
export type ProbeAddress = Effect.Effect<TransportFailure | undefined>

/** How a session is asked for the role of its server, where nothing is reported that decides it. */
export interface RoleQuestion {
  /** Returns one text. */
  readonly sql: string
  /** The text when the session has the role that is wanted. */
  readonly expected: string
  /** Whether a session of that role takes writes, so that a refused one is a sign of another role. */
  readonly takesWrites: boolean
}

/** What the sessions of a connector know together of roles. */
export class RoleReports {
  /**
   * Whether the role that a session reports at its start is relied on. A pooler reports the role that its server had at first, so that from the
   * first lost role on each session is asked.
   */
  areBelieved = true
}
