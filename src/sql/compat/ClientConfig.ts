/** The configuration of `@effect/sql-pg`, as this package's settings. */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { ConnectionOptions } from "node:tls"
import * as Environment from "../../config/Environment.js"
import type { PgConfigInput } from "../../config/Input.js"
import * as PgConfig from "../../config/PgConfig.js"
import { PgConfigError } from "../../model/PgError.js"
import type { Duplex } from "../../net/DuplexLink.js"

/** Parsers of types, as node-postgres' `types` has them. */
export interface CustomTypesConfig {
  readonly getTypeParser: (oid: number, format?: "text") => (text: string) => unknown
}

/** The options of `@effect/sql-pg`, by the same names. */
export interface PgClientConfig {
  /** A connection string. Its settings are stronger than the other fields. */
  readonly url?: Redacted.Redacted | undefined
  /** Default `PGHOST`, or `localhost`. */
  readonly host?: string | undefined
  /** Default `PGPORT`, or 5432. */
  readonly port?: number | undefined
  /** The folder of a Unix socket, or the socket itself (`…/.s.PGSQL.5432`), in place of host and port. */
  readonly path?: string | undefined
  /**
   * `true` and options want TLS with a certificate that is trusted and names the host; `rejectUnauthorized: false` wants TLS alone; `false` wants
   * none. Of the options `ca`, `cert`, `key`, `passphrase` and `rejectUnauthorized` are known, others are refused. Default `PGSSLMODE`, or
   * TLS when the server offers it.
   */
  readonly ssl?: boolean | ConnectionOptions | undefined
  /** Default `PGDATABASE`, or the user. */
  readonly database?: string | undefined
  /** Default `PGUSER`, or the user of the operating system. */
  readonly username?: string | undefined
  /** Default `PGPASSWORD`, or a password file. */
  readonly password?: Redacted.Redacted | undefined
  /** Makes the stream of each connection. One with a method `connect` is given port and host, as node-postgres does. */
  readonly stream?: (() => Duplex) | undefined
  /** How long a connection stays open without use. Default 10 seconds. */
  readonly idleTimeout?: Duration.DurationInput | undefined
  /** The longest wait for a connection, opening one included. Default 5 seconds for the first connection, and without limit for calls. */
  readonly connectTimeout?: Duration.DurationInput | undefined
  /** Default 10. */
  readonly maxConnections?: number | undefined
  /** Connections that are kept open. Default 0. */
  readonly minConnections?: number | undefined
  /** The age after which a connection is closed. Default: without limit. */
  readonly connectionTTL?: Duration.DurationInput | undefined
  /** Default `@effect/sql-pg`. */
  readonly applicationName?: string | undefined
  readonly spanAttributes?: Record<string, unknown> | undefined
  readonly transformResultNames?: ((name: string) => string) | undefined
  readonly transformQueryNames?: ((name: string) => string) | undefined
  readonly transformJson?: boolean | undefined
  /** How columns are read from their text. Default: as node-postgres reads them. */
  readonly types?: CustomTypesConfig | undefined
}

const refuse = (key: string, reason: string): PgConfigError =>
  new PgConfigError({ key, reason, source: "code" })

const knownTls: ReadonlySet<string> = new Set(["ca", "cert", "key", "passphrase", "rejectUnauthorized"])

/** One text or several, as PEM. */
const pem = (value: unknown): string | undefined =>
  typeof value === "string"
    ? value
    : value instanceof Uint8Array
      ? new TextDecoder().decode(value)
      : Array.isArray(value)
        ? value.map((one) => pem(one) ?? "").join("\n")
        : undefined

const tlsOf = (ssl: PgClientConfig["ssl"]): Either.Either<PgConfigInput, PgConfigError> => {
  if (ssl === undefined) return Either.right({})
  if (ssl === false) return Either.right({ sslMode: "disable" })
  if (ssl === true) return Either.right({ sslMode: "verify-full", sslRootCert: "system" })
  const unknown = Object.keys(ssl).find((name) => !knownTls.has(name))
  if (unknown !== undefined)
    return Either.left(
      refuse(`ssl.${unknown}`, "is not supported: use the settings of PgConfig with PgSqlClient.layer")
    )
  const { ca, cert, key, passphrase, rejectUnauthorized } = ssl
  const shown: PgConfigInput = {
    ...(cert === undefined ? {} : { sslCert: pem(cert) }),
    ...(key === undefined ? {} : { sslKey: pem(key) }),
    ...(passphrase === undefined ? {} : { sslPassword: passphrase })
  }
  return Either.right(
    rejectUnauthorized === false
      ? { ...shown, sslMode: "require" }
      : { ...shown, sslMode: "verify-full", sslRootCert: ca === undefined ? "system" : pem(ca) }
  )
}

const socket = /^(.*)\/\.s\.PGSQL\.(\d+)$/

/** Host and port of a path. */
const placeOf = ({ host, path, port }: PgClientConfig): PgConfigInput => {
  const [, folder, number] = path === undefined ? [] : (socket.exec(path) ?? [])
  if (folder !== undefined) return { host: folder, port: Number(number) }
  const place = path ?? host
  return {
    ...(place === undefined ? {} : { host: place }),
    ...(port === undefined ? {} : { port })
  }
}

/** The settings that a connection string leaves open. */
const leftOpen = (url: PgConfig.PgConfig, explicit: PgConfigInput): PgConfigInput => {
  const [first] = url.hosts
  const isOpen: Readonly<Record<string, boolean>> = {
    host: first.host === "",
    user: url.user === undefined,
    database: url.database === undefined,
    password: url.password === undefined
  }
  return Object.fromEntries(Object.entries(explicit).filter(([name]) => isOpen[name] !== false))
}

interface Input {
  readonly explicit: PgConfigInput
  readonly url: string | undefined
}

const input = (options: PgClientConfig): Either.Either<Input, PgConfigError> =>
  Either.flatMap(tlsOf(options.ssl), (tls): Either.Either<Input, PgConfigError> => {
    const explicit: PgConfigInput = {
      ...placeOf(options),
      ...tls,
      ...(options.username === undefined ? {} : { user: options.username }),
      ...(options.database === undefined ? {} : { database: options.database }),
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
      ...(options.connectTimeout === undefined ? {} : { connectTimeout: options.connectTimeout }),
      applicationName: options.applicationName ?? "@effect/sql-pg"
    }
    if (options.url === undefined) return Either.right({ explicit, url: undefined })
    const url = Redacted.value(options.url)
    return Either.map(PgConfig.fromConnectionString(url), (parsed) => {
      const { port: _port, ...others } = explicit
      const open = leftOpen(parsed, parsed.hosts[0].host === "" ? explicit : others)
      return { explicit: open, url }
    })
  })

const variable = (name: string): Config.Config<string | undefined> =>
  Config.withDefault(
    Environment.secretVariables.has(name)
      ? Config.map(Config.redacted(name), Redacted.value)
      : Config.string(name),
    undefined
  )

const environment: Effect.Effect<Environment.Environment, ConfigError.ConfigError> = Effect.map(
  Effect.forEach(Environment.variables, (name) =>
    Effect.map(variable(name), (value) => [name, value] as const)
  ),
  Object.fromEntries
)

/**
 * The settings of a connection. A setting that is neither in the configuration nor in the connection string comes from
 * libpq's variables.
 */
export const settingsOf = (
  options: PgClientConfig
): Effect.Effect<PgConfig.PgConfig, PgConfigError | ConfigError.ConfigError> =>
  Effect.gen(function* () {
    const { explicit, url } = yield* input(options)
    const variables = yield* environment
    const sources = { explicit, connectionString: url, environment: variables }
    const found = yield* PgConfig.fromSources(sources)
    return found.hosts[0].host === "" && found.hosts[0].hostaddr === undefined
      ? yield* PgConfig.fromSources({ ...sources, explicit: { ...explicit, host: "localhost" } })
      : found
  })

const redacted = "<redacted>"

/** The options, of which secrets can be read and are not printed. */
const unprinted = (ssl: ConnectionOptions): ConnectionOptions => {
  const secrets = Object.fromEntries(
    ["cert", "key", "passphrase"].flatMap((name) => (name in ssl ? [[name, redacted]] : []))
  )
  function shown(): object {
    return { ...ssl, ...secrets }
  }
  const hidden = { value: shown, enumerable: false }
  return Object.defineProperties(
    { ...ssl },
    { toJSON: hidden, [Symbol.for("nodejs.util.inspect.custom")]: hidden }
  )
}

/** The configuration with what the settings have found: `config` of the client. */
export const completed = (options: PgClientConfig, settings: PgConfig.PgConfig): PgClientConfig => {
  const [first] = settings.hosts
  return {
    ...options,
    ...(typeof options.ssl === "object" ? { ssl: unprinted(options.ssl) } : {}),
    host: options.host ?? first.host,
    port: options.port ?? first.port,
    ...(settings.user === undefined ? {} : { username: settings.user }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    ...(settings.database === undefined ? {} : { database: settings.database })
  }
}
