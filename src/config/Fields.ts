/**
 * The fields of a connection's configuration, as one Schema. Bounds and defaults are only here. `PgConfig` is the class
 * over these fields.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as PrivateKey from "./PrivateKey.js"
import * as Words from "./Vocabulary.js"

const text = Schema.optional(Schema.NonEmptyString)
/** Fixed words for an invalid value, because the parser's own text would quote the value. */
const unquoted = <A, I>(what: string, schema: Schema.Schema<A, I>): Schema.Schema<A, I> =>
  schema.annotations({ message: () => ({ message: `must be ${what}`, override: true }) })
const optionalUnquoted = <A, I>(what: string, schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(unquoted(what, Schema.UndefinedOr(schema)), { exact: true })
const secretOf = (what: string, from: Schema.Schema<string>) =>
  optionalUnquoted(
    what,
    Schema.transform(from, unquoted(what, Schema.RedactedFromSelf(from)), {
      strict: true,
      decode: (text) => Redacted.make(text),
      encode: Redacted.value
    })
  )
const secret = secretOf("a text, wrapped with Redacted.make", Schema.String)
const isKey = (text: string): boolean => PrivateKey.isPem(text) || PrivateKey.isPath(text)
/** Certificates: a path, or PEM text, which may not hold a private key, since it is printed. */
const certificates = optionalUnquoted(
  "a path, or PEM text without a private key, whose place is sslKey",
  Schema.NonEmptyString.pipe(Schema.filter((text) => !PrivateKey.isIn(text)))
)
const time = Schema.optional(Schema.DurationFromMillis)
const withDefault = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>) =>
  Schema.optionalWith(schema, { default: () => value })
const whole = (min: number, max: number) => Schema.Int.pipe(Schema.between(min, max))

/** One place to try. */
export const HostEntry = Schema.Struct({
  /**
   * A name, an address, an absolute path (folder of a Unix socket) or `@name` (abstract Unix socket). Empty: the
   * machine's default; it stays empty when only `hostaddr` was given.
   */
  host: Schema.String,
  /** Numeric address to connect to in place of looking `host` up; `host` is still what certificates are checked for. */
  hostaddr: text,
  port: whole(1, 65535),
  /** Password for this host alone, as found in a password file. */
  password: secret,
  /** The file `password` came from, for the message when it is wrong. */
  passwordFrom: text
})
export type HostEntry = typeof HostEntry.Type

export const fields = {
  /** Tried in this order (see `loadBalanceHosts`). */
  hosts: Schema.optionalWith(Schema.NonEmptyArray(HostEntry), {
    exact: true,
    default: (): readonly [HostEntry] => [{ host: "", port: Words.defaultPort }]
  }),
  /** Unless set, the name of the operating system's user. */
  user: text,
  /** Unless set, `user`. */
  database: text,
  password: secret,
  /** In place of the password, for SCRAM alone: two keys made of it, 32 bytes in base64 each. Both or none. */
  scramClientKey: secret,
  scramServerKey: secret,
  /** Password file; unless set, `~/.pgpass`. Looked at only when no password was given. */
  passfile: text,
  /** Whether a password file is looked at; no for settings from an untrusted string. */
  passfileLookup: withDefault(Schema.Boolean, true),
  /** Named section of a service file; read when the configuration is resolved. */
  service: text,
  servicefile: text,
  applicationName: text,
  /** Used when no `applicationName` is set. */
  fallbackApplicationName: text,
  /** Command-line options for the server process, such as `-c search_path=app`. */
  options: text,
  /** The only encoding spoken. */
  clientEncoding: withDefault(Schema.Literal("UTF8"), "UTF8"),
  replication: Schema.optional(Schema.Literal(...Words.replicationModes)),
  /** Run-time settings sent with the startup packet: they become what RESET goes back to. */
  parameters: withDefault(Schema.Record({ key: Schema.String, value: Schema.String }), {}),
  startupParameters: withDefault(Schema.Literal(...Words.startupParameterModes), "all"),
  /** Time for socket, TLS and authentication together, for each host; infinity waits for ever. */
  connectTimeout: withDefault(Schema.DurationFromMillis, Duration.seconds(10)),
  /** Deadline of each statement, kept by the client. Default: none. */
  statementTimeout: time,
  /** `verify-full` protects from an attacker who can change traffic; `prefer` does not. Unix sockets never use TLS. */
  sslMode: withDefault(Schema.Literal(...Words.sslModes), "prefer"),
  /** `direct` saves a round trip; needs `require` or stronger and a server of version 17 or later. */
  sslNegotiation: withDefault(Schema.Literal(...Words.sslNegotiations), "postgres"),
  /** Trusted certificates, a path or PEM text, or `system` for the platform's own, which makes `sslMode` verify-full. */
  sslRootCert: certificates,
  /** Our certificate, a path or PEM text. A private key in the same text goes to `sslKey`, unless that is given. */
  sslCert: certificates,
  /** The private key of `sslCert`, a path or PEM text. Redacted as a whole; only a path is printed by `toConnectionString`. */
  sslKey: secretOf(PrivateKey.accepted, Schema.NonEmptyString.pipe(Schema.filter(isKey))),
  /** Passphrase of `sslKey`. */
  sslPassword: secret,
  /** Whether our certificate is shown; with `require` a server that does not ask for it is refused. */
  sslCertMode: withDefault(Schema.Literal(...Words.sslCertModes), "allow"),
  /** File of revoked certificates in PEM. */
  sslCrl: certificates,
  /** Folder of such files: every one in it that holds a list is read. */
  sslCrlDir: text,
  /** File to which the keys of TLS sessions are added: with this file the traffic can be read. For debugging only. */
  sslKeyLogFile: text,
  /** Whether the host name is sent in the clear while TLS is negotiated; never for numeric addresses. */
  sslSni: withDefault(Schema.Boolean, true),
  sslMinProtocolVersion: withDefault(Schema.Literal(...Words.tlsVersions), "TLSv1.2"),
  sslMaxProtocolVersion: Schema.optional(Schema.Literal(...Words.tlsVersions)),
  /** `prefer` acts as `disable` where the transport cannot do GSS. */
  gssEncMode: withDefault(Schema.Literal(...Words.gssEncModes), "prefer"),
  krbSrvName: withDefault(Schema.NonEmptyString, "postgres"),
  channelBinding: withDefault(Schema.Literal(...Words.channelBindings), "prefer"),
  /** Authentication methods the server may ask for. Unless set, any. */
  requireAuth: Schema.optional(
    Schema.Struct({
      negated: Schema.Boolean,
      methods: Schema.Array(Schema.Literal(...Words.authMethods)).pipe(Schema.minItems(1))
    })
  ),
  minProtocolVersion: withDefault(Schema.Literal(...Words.protocolVersions), "3.0"),
  /**
   * Version asked for. With a `minProtocolVersion` above 3.0 and this unset, the latest. `grease` is for tests of servers
   * and poolers: it asks for a version and an option that do not exist, and fails when the server does not refuse them.
   */
  maxProtocolVersion: withDefault(Schema.Literal(...Words.maxProtocolVersions), "3.0"),
  targetSessionAttrs: withDefault(Schema.Literal(...Words.targetSessionAttrs), "any"),
  loadBalanceHosts: withDefault(Schema.Literal(...Words.loadBalanceHosts), "disable"),
  keepalives: withDefault(Schema.Boolean, true),
  /** Silence before the first keepalive. Default 60 seconds; zero for the system's own, which is mostly two hours. */
  keepalivesIdle: time,
  /** Time between keepalives. Unless set, the system's. */
  keepalivesInterval: time,
  /** Keepalives without an answer before the connection counts as lost. Unless set, the system's. */
  keepalivesCount: Schema.optional(whole(1, 0x7fffffff)),
  /** Time sent bytes may stay unacknowledged. Unless set, the system's. */
  tcpUserTimeout: time,
  oauthIssuer: text,
  oauthClientId: text,
  oauthClientSecret: secret,
  oauthScope: text,
  oauthCaFile: text,
  /** Fewer SCRAM iterations than this are refused: a server that asks for few may be after the password. */
  scramMinIterations: withDefault(whole(1, 0x7fffffff), 1),
  /** More SCRAM iterations than this are refused: a hostile server could keep the processor busy. */
  scramMaxIterations: withDefault(whole(1, 0x7fffffff), 100_000),
  /** Prepared statements kept per connection; 0 prepares none. */
  statementCacheSize: withDefault(whole(0, 1_000_000), 256),
  /** Exchanges that may be in flight on one connection; 1 waits for each answer. */
  pipelineDepth: withDefault(whole(1, 1_000_000), 128),
  /** Longest message accepted, in bytes. */
  maxMessageBytes: withDefault(whole(65_536, 0x7fffffff), 0x40000000),
  /** Undelivered row bytes of a stream at which the socket is paused. */
  streamBufferBytes: withDefault(whole(1, 0x7fffffff), 1_048_576),
  /** Most connections a pool opens. */
  maxConnections: withDefault(whole(1, 100_000), 10),
  /** What was noticed while reading the settings and should be logged. */
  warnings: withDefault(Schema.Array(Schema.String), []),
  /** The sources, kept while a service file is still to be read; their values are redacted. */
  pending: Schema.optional(Schema.RedactedFromSelf(Schema.Unknown))
}

/** All fields with their defaults in place. */
export type ConfigFields = Schema.Struct.Type<typeof fields>
export type FieldName = keyof ConfigFields

/** What a field accepts, for messages. */
const accepted: { readonly [K in FieldName | "host" | "port"]?: string } = {
  hosts: "a list of one entry or more",
  host: "a text",
  port: "a whole number from 1 to 65535",
  parameters: "texts by name",
  connectTimeout: "a duration",
  statementTimeout: "a duration",
  keepalivesIdle: "a duration",
  keepalivesInterval: "a duration",
  tcpUserTimeout: "a duration",
  requireAuth: `a list of ${Words.authMethods.join(", ")}`,
  scramMinIterations: "a whole number from 1",
  scramMaxIterations: "a whole number from 1",
  statementCacheSize: "a whole number from 0 to 1000000",
  pipelineDepth: "a whole number from 1 to 1000000",
  maxMessageBytes: "a whole number of bytes from 65536 to 2147483647",
  streamBufferBytes: "a whole number of bytes from 1 to 2147483647",
  maxConnections: "a whole number from 1 to 100000",
  keepalivesCount: "a whole number from 1",
  clientEncoding: "UTF8",
  replication: "one of database, true",
  startupParameters: `one of ${Words.startupParameterModes.join(", ")}`,
  sslMode: `one of ${Words.sslModes.join(", ")}`,
  sslNegotiation: `one of ${Words.sslNegotiations.join(", ")}`,
  sslRootCert: "a path, or PEM text without a private key",
  sslCert: "a path, or PEM text",
  sslKey: PrivateKey.accepted,
  sslCrl: "a path, or PEM text without a private key",
  sslCertMode: `one of ${Words.sslCertModes.join(", ")}`,
  sslMinProtocolVersion: `one of ${Words.tlsVersions.join(", ")}`,
  sslMaxProtocolVersion: `one of ${Words.tlsVersions.join(", ")}`,
  gssEncMode: `one of ${Words.gssEncModes.join(", ")}`,
  channelBinding: `one of ${Words.channelBindings.join(", ")}`,
  minProtocolVersion: `one of ${Words.protocolVersions.join(", ")}`,
  maxProtocolVersion: `one of ${Words.maxProtocolVersions.join(", ")}`,
  targetSessionAttrs: `one of ${Words.targetSessionAttrs.join(", ")}`,
  loadBalanceHosts: `one of ${Words.loadBalanceHosts.join(", ")}`,
  passfileLookup: "true or false",
  sslSni: "true or false",
  keepalives: "true or false"
}

/** What `name` accepts, in words. */
export const accepts = (name: string): string =>
  (Object.hasOwn(accepted, name) ? accepted[name as keyof typeof accepted] : undefined) ??
  "a text that is not empty"

/** Whether there is a field of this name. */
export const isFieldName = (name: string): name is FieldName => Object.hasOwn(fields, name)
