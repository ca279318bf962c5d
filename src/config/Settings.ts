/**
 * The one table of libpq's settings: keyword, environment variable, what is accepted, and the field it ends in.
 * Connection strings, the environment and service files are all read through it.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { FieldName, ConfigFields } from "./Fields.js"
import type { HostLists } from "./Hosts.js"
import { parsePorts } from "./Hosts.js"
import * as PrivateKey from "./PrivateKey.js"
import * as Value from "./ValueParser.js"
import * as Words from "./Vocabulary.js"

/** Fields as far as they are known; later ones are laid over earlier ones. */
export type Draft = { readonly [K in FieldName]?: ConfigFields[K] | undefined } & HostLists

/** One keyword of libpq. */
export interface Setting {
  readonly keyword: string
  /** Where its value ends; undefined when it has no effect here. */
  readonly field: FieldName | keyof HostLists | undefined
  /** Variable it is read from when nothing stronger sets it. */
  readonly env: string | undefined
  readonly accepts: string
  /** Its value never appears in messages or printed configurations; of a private key, its path may. */
  readonly secret: boolean
  /** What a string from an untrusted source may set: nothing that names files, services or server options. */
  readonly harmless: boolean
  /** Left: why the text is refused. */
  readonly read: (text: string) => Either.Either<Draft, string>
  /** The text that reads back to the values of the fields; undefined for secrets and for unset fields. */
  readonly print: (fields: ConfigFields) => string | undefined
}

interface Options {
  readonly env?: string
  readonly harmless?: boolean
}

const field =
  <K extends FieldName>(
    name: K,
    parser: Value.ValueParser<NonNullable<ConfigFields[K]>>,
    options: Options = {}
  ) =>
  (keyword: string): Setting => ({
    keyword,
    field: name,
    env: options.env,
    accepts: parser.accepts,
    secret: false,
    harmless: options.harmless ?? false,
    read: (text) =>
      Either.map(parser.parse(text), (value): Draft => (value === undefined ? {} : { [name]: value })),
    print: (fields) => {
      const value = fields[name]
      return value === undefined || value === null ? undefined : parser.print(value)
    }
  })

type SecretName = "password" | "scramClientKey" | "scramServerKey" | "sslPassword" | "oauthClientSecret"

const secret =
  (name: SecretName, options: Options = {}) =>
  (keyword: string): Setting => ({
    keyword,
    field: name,
    env: options.env,
    accepts: "text",
    secret: true,
    harmless: options.harmless ?? false,
    read: (text) => Either.right(text === "" ? {} : { [name]: Redacted.make(text) }),
    print: () => undefined
  })

/** A private key: its text is a secret, its path is not. */
const privateKey = (keyword: string): Setting => ({
  keyword,
  field: "sslKey",
  env: "PGSSLKEY",
  accepts: PrivateKey.accepted,
  secret: true,
  harmless: false,
  read: (text) =>
    text === ""
      ? Either.right({})
      : PrivateKey.isPem(text) || PrivateKey.isPath(text)
        ? Either.right({ sslKey: Redacted.make(text) })
        : Either.left(`expected ${PrivateKey.accepted}, got ${Value.shape(text)}`),
  print: ({ sslKey }) => {
    const text = sslKey === undefined ? undefined : Redacted.value(sslKey)
    return text !== undefined && PrivateKey.isPath(text) ? text : undefined
  }
})

const none =
  (parser: Value.ValueParser<never>, options: Options = {}) =>
  (keyword: string): Setting => ({
    keyword,
    field: undefined,
    env: options.env,
    accepts: parser.accepts,
    secret: false,
    harmless: false,
    read: (text) => Either.map(parser.parse(text), () => ({})),
    print: () => undefined
  })

const list =
  (name: "host" | "hostaddr", accepts: string, env: string) =>
  (keyword: string): Setting => ({
    keyword,
    field: name,
    env,
    accepts,
    secret: false,
    harmless: true,
    read: (text) => Either.right(text === "" ? {} : { [name]: text.split(",") }),
    print: ({ hosts }) => {
      const texts = hosts.map((entry) => entry[name] ?? "")
      // Several default hosts still give their number.
      const silent = texts.every((text) => text === "") && (name === "hostaddr" || texts.length === 1)
      return silent ? undefined : texts.join(",")
    }
  })

const ports = (keyword: string): Setting => ({
  keyword,
  field: "port",
  env: "PGPORT",
  accepts: "ports from 1 to 65535 divided by commas: one for all hosts or one for each",
  secret: false,
  harmless: true,
  read: (text) => (text === "" ? Either.right({}) : Either.map(parsePorts(text), (port) => ({ port }))),
  print: ({ hosts }) => hosts.map(({ port }) => String(port)).join(",")
})

const harmless = true

/** Makers by keyword; the key is the keyword, so that none can be there twice. */
const makers = {
  service: field("service", Value.text, { env: "PGSERVICE" }),
  servicefile: field("servicefile", Value.text, { env: "PGSERVICEFILE" }),
  host: list("host", "names, addresses or folders of Unix sockets, divided by commas", "PGHOST"),
  hostaddr: list("hostaddr", "numeric addresses, divided by commas", "PGHOSTADDR"),
  port: ports,
  user: field("user", Value.text, { env: "PGUSER", harmless }),
  password: secret("password", { env: "PGPASSWORD", harmless }),
  passfile: field("passfile", Value.text, { env: "PGPASSFILE" }),
  dbname: field("database", Value.text, { env: "PGDATABASE", harmless }),
  application_name: field("applicationName", Value.text, { env: "PGAPPNAME", harmless }),
  fallback_application_name: field("fallbackApplicationName", Value.text, { harmless }),
  options: field("options", Value.text, { env: "PGOPTIONS" }),
  client_encoding: field("clientEncoding", Value.clientEncoding, { env: "PGCLIENTENCODING", harmless }),
  replication: field("replication", Value.replication),
  connect_timeout: field("connectTimeout", Value.deadline, { env: "PGCONNECT_TIMEOUT", harmless }),
  sslmode: field("sslMode", Value.oneOf(Words.sslModes), { env: "PGSSLMODE", harmless }),
  sslnegotiation: field("sslNegotiation", Value.oneOf(Words.sslNegotiations), {
    env: "PGSSLNEGOTIATION",
    harmless
  }),
  sslcompression: none(Value.ignored("1 or 0, without effect"), { env: "PGSSLCOMPRESSION" }),
  sslrootcert: field("sslRootCert", Value.text, { env: "PGSSLROOTCERT" }),
  sslcert: field("sslCert", Value.text, { env: "PGSSLCERT" }),
  sslkey: privateKey,
  sslpassword: secret("sslPassword"),
  sslcertmode: field("sslCertMode", Value.oneOf(Words.sslCertModes), { env: "PGSSLCERTMODE" }),
  sslcrl: field("sslCrl", Value.text, { env: "PGSSLCRL" }),
  sslcrldir: field("sslCrlDir", Value.text, { env: "PGSSLCRLDIR" }),
  sslsni: field("sslSni", Value.sni, { env: "PGSSLSNI", harmless }),
  sslkeylogfile: field("sslKeyLogFile", Value.text),
  ssl_min_protocol_version: field("sslMinProtocolVersion", Value.wordIgnoringCase(Words.tlsVersions), {
    env: "PGSSLMINPROTOCOLVERSION",
    harmless
  }),
  ssl_max_protocol_version: field("sslMaxProtocolVersion", Value.wordIgnoringCase(Words.tlsVersions), {
    env: "PGSSLMAXPROTOCOLVERSION",
    harmless
  }),
  requirepeer: none(Value.unsupported("not supported: the user behind a Unix socket cannot be read here"), {
    env: "PGREQUIREPEER"
  }),
  require_auth: field("requireAuth", Value.requireAuth, { env: "PGREQUIREAUTH", harmless }),
  channel_binding: field("channelBinding", Value.oneOf(Words.channelBindings), {
    env: "PGCHANNELBINDING",
    harmless
  }),
  min_protocol_version: field("minProtocolVersion", Value.oneOf(Words.protocolVersions), {
    env: "PGMINPROTOCOLVERSION",
    harmless
  }),
  max_protocol_version: field("maxProtocolVersion", Value.oneOf(Words.maxProtocolVersions), {
    env: "PGMAXPROTOCOLVERSION",
    harmless
  }),
  gssencmode: field("gssEncMode", Value.oneOf(Words.gssEncModes), { env: "PGGSSENCMODE", harmless }),
  krbsrvname: field("krbSrvName", Value.text, { env: "PGKRBSRVNAME" }),
  gsslib: none(Value.ignored("gssapi or sspi, without effect"), { env: "PGGSSLIB" }),
  gssdelegation: none(Value.unsupported("credentials are not delegated; only 0 is supported", ["0"]), {
    env: "PGGSSDELEGATION"
  }),
  target_session_attrs: field("targetSessionAttrs", Value.oneOf(Words.targetSessionAttrs), {
    env: "PGTARGETSESSIONATTRS",
    harmless
  }),
  load_balance_hosts: field("loadBalanceHosts", Value.oneOf(Words.loadBalanceHosts), {
    env: "PGLOADBALANCEHOSTS",
    harmless
  }),
  keepalives: field("keepalives", Value.integerFlag, { harmless }),
  keepalives_idle: field("keepalivesIdle", Value.keepaliveIdle, { harmless }),
  keepalives_interval: field("keepalivesInterval", Value.seconds, { harmless }),
  keepalives_count: field("keepalivesCount", Value.count, { harmless }),
  tcp_user_timeout: field("tcpUserTimeout", Value.milliseconds, { harmless }),
  scram_client_key: secret("scramClientKey", { harmless }),
  scram_server_key: secret("scramServerKey", { harmless }),
  oauth_issuer: field("oauthIssuer", Value.text),
  oauth_client_id: field("oauthClientId", Value.text),
  oauth_client_secret: secret("oauthClientSecret"),
  oauth_scope: field("oauthScope", Value.text),
  oauth_ca_file: field("oauthCaFile", Value.text, { env: "PGOAUTHCAFILE" })
} satisfies Record<string, (keyword: string) => Setting>

/** A keyword of libpq. */
export type Keyword = keyof typeof makers

/** Every setting, in the order of the table. */
export const settings: ReadonlyArray<Setting> = Object.entries(makers).map(([keyword, make]) => make(keyword))

const byKeyword: ReadonlyMap<string, Setting> = new Map(settings.map((setting) => [setting.keyword, setting]))

/** The setting of a keyword. */
export const find = (keyword: string): Setting | undefined => byKeyword.get(keyword)

/** Whether a connection string may name it: a keyword, or `requiressl`, which stood for `sslmode` before version 7.4. */
export const isName = (word: string): boolean => byKeyword.has(word) || word === "requiressl"

/**
 * Keywords that a string from an untrusted source may set: none that names files, services or server options.
 * Socket folders as hosts are refused with it as well, and so is a string that names no host.
 */
export const untrusted: ReadonlyArray<Keyword> = (Object.keys(makers) as Array<Keyword>).filter(
  (keyword) => byKeyword.get(keyword)?.harmless === true
)
