/**
 * The configuration of a connection: one class in which every source ends, be it code, a connection string, libpq's
 * variables or a service file. Secrets are values that cannot be printed.
 *
 * What only the machine knows (the user's name, the folder of Unix sockets, service and password files) is filled in
 * by `resolve` when a connection is opened, so that making a configuration stays a pure function.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { PgConfigError } from "../model/PgError.js"
import type { Assembled, Sources } from "./Assemble.js"
import * as Assemble from "./Assemble.js"
import * as Check from "./Check.js"
import * as ConnectionUri from "./ConnectionUri.js"
import * as Environment from "./Environment.js"
import { accepts, fields } from "./Fields.js"
import type { PgConfigInput } from "./Input.js"
import * as KeywordValue from "./KeywordValue.js"
import * as PrivateKey from "./PrivateKey.js"
import type { Draft } from "./Settings.js"
import { settings, untrusted } from "./Settings.js"
import * as Value from "./ValueParser.js"

export type { Sources } from "./Assemble.js"
export type { HostEntry } from "./Fields.js"
export type { HostInput, PgConfigInput, SecretInput } from "./Input.js"
export type { Keyword } from "./Settings.js"
export {
  /** Keywords a connection string from an untrusted source may set, for `allow`. */
  untrusted
}

/**
 * All settings of a connection and of a pool. Make it with `make`, `fromUri` or `fromEnv`. The constructor and the Schema check each field by itself; opening a connection
 * checks that all fields fit together.
 */
export class PgConfig extends Schema.Class<PgConfig>("effect-postgres/PgConfig")(fields) {}

/** A private key that stands in one text with its certificate moves to where it cannot be printed. */
const parted = (draft: Draft): Draft => {
  const { sslCert, sslKey } = draft
  if (typeof sslCert !== "string" || !PrivateKey.isIn(sslCert)) return draft
  const { certificates, keys } = PrivateKey.part(sslCert)
  // A key alone stays, and is refused: there is no certificate.
  return certificates.trim() === ""
    ? draft
    : { ...draft, sslCert: certificates, sslKey: sslKey ?? Redacted.make(keys) }
}

/** Defaults that depend on other settings. */
const derived = (draft: Draft): Draft => ({
  ...parted(draft),
  sslMode: draft.sslMode ?? (draft.sslRootCert === "system" ? "verify-full" : undefined),
  maxProtocolVersion:
    draft.maxProtocolVersion ??
    (draft.minProtocolVersion !== undefined && draft.minProtocolVersion !== "3.0" ? "latest" : undefined),
  connectTimeout:
    draft.connectTimeout !== undefined && Duration.equals(draft.connectTimeout, Duration.zero)
      ? Duration.infinity
      : draft.connectTimeout
})

/** Checks the draft against the Schema. The parser's own words are not used: they quote values. */
const construct = ({ blame, draft }: Assembled): Either.Either<PgConfig, PgConfigError> => {
  const nul = Check.findNul({ ...draft, pending: undefined }, "")
  if (nul !== undefined) {
    return Either.left(
      blame({ key: nul, reason: "contains a NUL character, which the startup packet cannot carry" })
    )
  }
  const given = Object.fromEntries(Object.entries(derived(draft)).filter(([, value]) => value !== undefined))
  return Either.try({
    try: () => new PgConfig(given),
    catch: (error) => {
      const path = ParseResult.isParseError(error)
        ? (ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path ?? [])
        : []
      const key = String((path[0] === "hosts" ? path[2] : undefined) ?? path[0] ?? "configuration")
      const value = path.reduce<unknown>(
        (inner, name) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, name) : inner),
        given
      )
      const accepted = accepts(key)
      return blame({ key, reason: `expected ${accepted}, got ${Value.shapeOf(value, accepted)}` })
    }
  })
}

/**
 * The configuration of a draft, checked as a whole.
 *
 * @internal
 */
export const complete = (assembled: Assembled): Either.Either<PgConfig, PgConfigError> =>
  Either.flatMap(construct(assembled), (config) => {
    const problem = Check.together(config)
    return problem === undefined ? Either.right(config) : Either.left(assembled.blame(problem))
  })

/**
 * The configuration with some fields otherwise, each checked by itself and for what no packet can carry; `resolve` checks
 * again that all go together.
 *
 * @internal
 */
export const revise = (config: PgConfig, changes: Draft): Either.Either<PgConfig, PgConfigError> =>
  construct({
    draft: {
      ...config,
      ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
    },
    blame: ({ key, reason }) => new PgConfigError({ key, reason, source: "code" })
  })

/**
 * Lays sources over each other as libpq does: code, then connection string, then service file, then environment,
 * then defaults. If a service is named, the result is complete only after `withService`; weaker sources are read only then.
 */
export const fromSources = (sources: Sources): Either.Either<PgConfig, PgConfigError> =>
  Either.flatMap(Assemble.parts(sources), (parts) => {
    const { file, name } = Assemble.service(parts)
    if (name === undefined) {
      return Either.flatMap(Assemble.assemble(parts, [parts.strong, parts.weak]), complete)
    }
    return Either.flatMap(Assemble.assemble(parts, [parts.strong], false), ({ blame, draft }) =>
      construct({
        draft: { ...draft, service: name, servicefile: file, pending: Redacted.make<unknown>(parts) },
        blame
      })
    )
  })

/**
 * Makes a configuration in code. Settings that are not given have libpq's defaults, except `connectTimeout`, which is 10 seconds. Nothing is read from the
 * environment. Secrets may be plain texts: they are wrapped at once, and never printed.
 *
 * ```ts
 * const config = yield* PgConfig.make({ host: "db.example.com", database: "shop", user: "app", password: "secret", sslMode: "verify-full" })
 * ```
 *
 * The result is a Left with `PgConfigError` when a setting is invalid. The error names the setting and what it accepts.
 */
export const make = (input: PgConfigInput): Either.Either<PgConfig, PgConfigError> =>
  fromSources({ explicit: input })

/** How a connection string is read. */
export interface FromStringOptions {
  /** Settings that are stronger than those of the string. */
  readonly overrides?: PgConfigInput | undefined
  /**
   * The only keywords the string may set, such as `untrusted`. Unix sockets are refused then, also the default one of a string
   * without a host; `user` and `dbname` must be given if the list lacks them; no password file and no certificate of the user's
   * own is looked at. `overrides` are not bound.
   */
  readonly allow?: ReadonlyArray<string> | undefined
}

/**
 * Reads a configuration from a URI or from `keyword=value` pairs, as libpq does. The environment is not read. The result is a Left with `PgConfigError`, which never
 * quotes the string, when the string is invalid.
 */
export const fromConnectionString = (
  text: string | Redacted.Redacted<string>,
  options: FromStringOptions = {}
): Either.Either<PgConfig, PgConfigError> =>
  fromSources({ connectionString: text, explicit: options.overrides, allow: options.allow })

/** Like `fromConnectionString`, for URIs only. */
export const fromUri = (
  uri: string | Redacted.Redacted<string>,
  options: FromStringOptions = {}
): Either.Either<PgConfig, PgConfigError> =>
  ConnectionUri.isUri(Redacted.isRedacted(uri) ? Redacted.value(uri) : uri)
    ? fromConnectionString(uri, options)
    : Either.left(
        new PgConfigError({
          key: "uri",
          reason: `expected ${ConnectionUri.schemes.join(" or ")} at the beginning`,
          source: "uri"
        })
      )

/** A URI of another scheme is no name of a database: it may hold a password, and names are printed. */
const foreignUri = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//

/**
 * Reads a configuration from a database name, as `psql` reads its first argument: a text with an equals sign or a URI's scheme is a connection string.
 */
export const fromDatabaseName = (
  name: string,
  options: FromStringOptions = {}
): Either.Either<PgConfig, PgConfigError> =>
  ConnectionUri.isUri(name) || name.includes("=")
    ? fromConnectionString(name, options)
    : foreignUri.test(name)
      ? fromUri(name, options)
      : fromConnectionString(KeywordValue.format([["dbname", name]]), options)

/** Where `fromEnv` looks for a connection string. */
export const databaseUrlVariable = "DATABASE_URL"

const variable = (name: string): Config.Config<Option.Option<string>> =>
  Config.option(
    name === databaseUrlVariable || Environment.secretVariables.has(name)
      ? Config.map(Config.redacted(name), Redacted.value)
      : Config.string(name)
  )

/**
 * Like `fromEnv`, with settings that are stronger than the environment:
 *
 * ```ts
 * PgClient.layerConfig(PgConfig.fromEnvWith({ statementCacheSize: 0 }))
 * ```
 */
export const fromEnvWith = (overrides: PgConfigInput): Config.Config<PgConfig> =>
  Config.all(
    [databaseUrlVariable, ...Environment.variables].map((name) =>
      Config.map(variable(name), (value) => [name, Option.getOrUndefined(value)] as const)
    )
  ).pipe(
    Config.mapOrFail((entries) => {
      const environment = Object.fromEntries(entries)
      return Either.mapLeft(
        fromSources({
          explicit: overrides,
          connectionString: environment[databaseUrlVariable],
          connectionStringName: databaseUrlVariable,
          environment
        }),
        (error) => ConfigError.InvalidData([error.key], error.message)
      )
    })
  )

/**
 * Reads a configuration from the environment, through Effect's `ConfigProvider`: `DATABASE_URL` (a URI or `keyword=value` pairs) if it is set, and libpq's
 * variables, such as `PGHOST`, for what it leaves open, as `psql "$DATABASE_URL"` does. Fails with `ConfigError`, which names the setting.
 *
 * @see https://www.postgresql.org/docs/current/libpq-envars.html
 */
export const fromEnv: Config.Config<PgConfig> = fromEnvWith({})

const defaults = new PgConfig({})

/**
 * Prints the settings that differ from their defaults as a `keyword=value` string, which reads back to them. Secrets,
 * run-time parameters and settings that libpq does not know are left out; fractions of seconds are rounded up.
 */
export const toConnectionString = (config: PgConfig): string =>
  KeywordValue.format(
    settings.flatMap(({ keyword, print }) => {
      const text = print(config)
      return text === undefined || text === print(defaults) ? [] : [[keyword, text] as const]
    })
  )
