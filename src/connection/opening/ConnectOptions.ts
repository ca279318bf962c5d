/** The options of a connector that are not settings of libpq: functions, and effects run for each new session. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { ScramKeys } from "../../auth/Scram.js"
import type { Challenge } from "../../auth/OAuthBearer.js"
import type { GssProvider } from "../../net/Gss.js"
import type { Resolve } from "../../net/HostList.js"
import type { CheckIdentity } from "../../net/TlsIdentity.js"
import type { WireTraceOptions } from "../session/TracedLink.js"

/** Who logs in, and with what. */
export interface GivenCredentials {
  /** Unless given, the user of the configuration. */
  readonly user?: string
  readonly password?: Redacted.Redacted<string>
  /** In place of a password, for SCRAM alone: libpq's `scram_client_key` and `scram_server_key`. */
  readonly scramKeys?: Redacted.Redacted<ScramKeys>
}

/** Where credentials are about to be shown. */
export interface CredentialTarget {
  /** The host as it was configured; empty when only an address was. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/**
 * Credentials as a value, or had anew for every attempt to log in: right for tokens that expire and passwords that
 * rotate. Such an effect runs within the connect deadline; when it fails, so does the attempt, with `PgAuthError`.
 */
export type CredentialSource =
  | GivenCredentials
  | Effect.Effect<GivenCredentials, unknown>
  | ((target: CredentialTarget) => Effect.Effect<GivenCredentials, unknown>)

/** What a token is wanted for. */
export interface TokenRequest {
  /** libpq's settings of these names. */
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  readonly clientSecret: Redacted.Redacted<string> | undefined
  /** `oauth_scope`; unless set, what the server asks for. */
  readonly scope: string | undefined
  /**
   * The server's answer, at the second call: its address of discovery has been compared with `oauth_issuer` by then.
   */
  readonly challenge: Challenge | undefined
}

/**
 * Gives a bearer token for OAUTHBEARER. Asked first while a connection waits: it should answer at once, with a token at
 * hand or with `undefined`. Then, if the server does not take the token or no token was returned, it is asked once more, with
 * the server's answer, while no connection is open: that may take as long as it must.
 */
export type TokenSource = (
  request: TokenRequest
) => Effect.Effect<Redacted.Redacted<string> | undefined, unknown>

/** What can be given to the opening of a connection and is no setting of libpq. */
export interface ConnectOptions {
  /** Unless given, user and password of the configuration. */
  readonly credentials?: CredentialSource | undefined
  readonly oauthToken?: TokenSource | undefined
  /** Speaks Kerberos; without one `gssencmode=prefer` is `disable`. */
  readonly gss?: GssProvider | undefined
  /** In place of libpq's rules for `verify-full`. */
  readonly checkIdentity?: CheckIdentity | undefined
  /**
   * Silence after which a second connection to the same address is tried, while an answer is due or bytes sent may not have
   * arrived. When two in a row cannot be opened, or are not answered, the session ends with `PgTimeoutError` (`silence`); otherwise
   * it goes on, and the next is tried after as much silence again. Over it a GSSENCRequest is sent, which every server answers, or with
   * `sslnegotiation=direct` a TLS handshake is made. Default `defaultProbe`, 30 seconds; zero or
   * `Duration.infinity` for never. Sessions over Unix sockets need none.
   */
  readonly silenceProbe?: Duration.DurationInput | undefined
  /**
   * How long the server may be silent while an answer is due, whether it can be reached or not; then the session ends with
   * `PgTimeoutError` (`silence`), and the statement is cancelled if the server can be reached. An idle connection is asked with an
   * empty query after half of it. It must be longer than any statement works before its first row. Unless given, there is no
   * limit: a peer that is there may be silent.
   */
  readonly silenceLimit?: Duration.DurationInput | undefined
  /** Receives every message that a session and the server exchange. Unless given, nothing is recorded, and it costs nothing. */
  readonly wireTrace?: WireTraceOptions | undefined
  /** How host names become addresses. Unless given, the transport is left to it. */
  readonly resolve?: Resolve | undefined
}
