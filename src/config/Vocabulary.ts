/** The words libpq's settings are made of, and what a host and a `require_auth` list are once they are read. */

/** How much a TLS connection is wanted and how much of it is checked. */
export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const

export const sslNegotiations = ["postgres", "direct"] as const

/** Whether a certificate of ours is shown: never, when the server asks and there is one, or the server must ask for it. */
export const sslCertModes = ["disable", "allow", "require"] as const

/** In ascending order. */
export const tlsVersions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"] as const
export type TlsVersion = (typeof tlsVersions)[number]

export const gssEncModes = ["disable", "prefer", "require"] as const

export const channelBindings = ["disable", "prefer", "require"] as const

/** In ascending order; `latest` is 3.2. */
export const protocolVersions = ["3.0", "3.2", "latest"] as const

/**
 * The versions that may be requested. `grease` is a version and an option that do not exist, to find servers that cannot
 * negotiate.
 */
export const maxProtocolVersions = [...protocolVersions, "grease"] as const

export const targetSessionAttrs = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby"
] as const
export type TargetSessionAttrs = (typeof targetSessionAttrs)[number]

export const loadBalanceHosts = ["disable", "random"] as const

/** `database`: a walsender for logical replication; `true`: one for physical replication. */
export const replicationModes = ["database", "true"] as const
export type ReplicationMode = (typeof replicationModes)[number]

/** `minimal` sends user, database and replication only: some poolers refuse whatever else a startup carries. */
export const startupParameterModes = ["all", "minimal"] as const

/** `none`: the server may let the client in without asking for anything. */
export const authMethods = ["password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"] as const
export type AuthMethod = (typeof authMethods)[number]

/** What `require_auth` allows: only these methods or, negated, all but these. */
export interface RequireAuth {
  readonly negated: boolean
  readonly methods: ReadonlyArray<AuthMethod>
}

/** The port servers listen on by default. */
export const defaultPort = 5432

/** Keywords with their texts, in the order in which they were found; the last of a keyword counts. */
export type Pairs = ReadonlyArray<readonly [keyword: string, text: string]>

/** A name of a setting as it may be shown in a message: what does not look like one may be a piece of a secret. */
export const shownKey = (key: string): string =>
  /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(key) ? key : key === "" ? "(empty)" : "(a name that is not shown)"
