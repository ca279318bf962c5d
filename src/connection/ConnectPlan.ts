/** What will be tried, in which order and with what, settled before a socket is opened. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HostEntry, PgConfig } from "../config/PgConfig.js"
import type { ResolvedPgConfig } from "../config/Resolve.js"
import { Host } from "../host/Host.js"
import { PgAuthError, PgConfigError } from "../model/PgError.js"
import * as HostList from "../net/HostList.js"
import type { Prepared } from "../net/Tls.js"
import type { Registry } from "../types/Registry.js"
import type { Target } from "./Attempt.js"
import type { ConnectOptions } from "./ConnectOptions.js"
import * as Credentials from "./Credentials.js"
import * as Encrypt from "./Encrypt.js"
import * as Material from "./EncryptMaterial.js"
import type { Wanted } from "./Role.js"
import * as Settings from "./Settings.js"
import { Tokens } from "./Tokens.js"

export interface PlannedHost {
  readonly entry: HostEntry
  readonly ways: ReadonlyArray<Encrypt.Way>
}

export interface Plan {
  readonly config: ResolvedPgConfig
  readonly options: ConnectOptions
  readonly hosts: ReadonlyArray<PlannedHost>
  readonly tls: Prepared | undefined
  readonly tokens: Tokens | undefined
  readonly resolve: HostList.Resolve
}

/** As they come, or with `load_balance_hosts=random` in an order of chance. */
export const inOrder = <A>(
  config: PgConfig,
  values: ReadonlyArray<A>
): Effect.Effect<ReadonlyArray<A>, never, Host> =>
  config.loadBalanceHosts !== "random" || values.length < 2
    ? Effect.succeed(values)
    : Effect.flatMap(Host, (host) =>
        Effect.map(host.randomBytes(HostList.shuffleBytes(values.length)), (random) =>
          HostList.shuffle(values, random)
        )
      )

const refuse = (key: string, reason: string): Effect.Effect<never, PgConfigError> =>
  Effect.fail(new PgConfigError({ key, reason, source: "code" }))

/** Whether GSS encryption will be tried at all. */
const gssUsable = (config: PgConfig, options: ConnectOptions): Effect.Effect<boolean, PgConfigError> =>
  Effect.gen(function* () {
    const { gss } = options
    if (config.gssEncMode === "disable") return false
    const usable = gss !== undefined && (yield* gss.hasCredentials)
    if (usable || config.gssEncMode === "prefer") return usable
    return yield* refuse(
      "gssencmode",
      gss === undefined
        ? "require needs a GSS provider, and none was given to the connector"
        : "require needs credentials, and the GSS provider has none"
    )
  })

const checkHost = (
  config: ResolvedPgConfig,
  { entry, ways }: PlannedHost
): Effect.Effect<void, PgConfigError | PgAuthError> => {
  const demand = Encrypt.demandOfTls(config)
  if (demand !== undefined && !ways.includes("tls")) {
    return Effect.fail(
      new PgAuthError({
        reason: "method-refused",
        method: config.channelBinding === "require" ? "scram-sha-256" : "cert",
        detail: `${demand}, and the settings leave no way to this host with TLS`,
        user: config.user,
        server: undefined
      })
    )
  }
  return config.sslMode === "verify-full" && ways.includes("tls") && entry.host === ""
    ? refuse(
        "host",
        "sslmode=verify-full needs the host's name beside its address: it is what the certificate is for"
      )
    : Effect.void
}

/**
 * Reads every file that is needed and checks what goes together. Fails with `PgConfigError`; with `PgAuthError` when
 * channel binding is required and nothing could ever be bound.
 */
export const make = (
  unresolved: PgConfig,
  options: ConnectOptions
): Effect.Effect<Plan, PgConfigError | PgAuthError, Host> =>
  Effect.gen(function* () {
    const wrong = Credentials.problemOf(options.credentials)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    const config = yield* Settings.resolve(unresolved)
    const gss = yield* gssUsable(config, options)
    const entries = yield* inOrder(config, config.hosts)
    const hosts = entries.map((entry) => ({ entry, ways: Encrypt.waysTo(config, entry, gss) }))
    yield* Effect.forEach(hosts, (host) => checkHost(config, host), { discard: true })
    const tls = hosts.some(({ ways }) => ways.includes("tls")) ? yield* Material.load(config) : undefined
    return {
      config,
      options,
      hosts,
      tls,
      tokens: options.oauthToken === undefined ? undefined : new Tokens(config, options.oauthToken),
      resolve: options.resolve ?? HostList.unresolved
    }
  })

/** What the attempts at one host have in common. */
export const targetOf = (plan: Plan, host: PlannedHost, registry: Registry, wanted: Wanted): Target => {
  const { config, options, tls, tokens } = plan
  return {
    config,
    means: {
      config,
      entry: host.entry,
      tls,
      gss: options.gss,
      checkIdentity: options.checkIdentity
    },
    registry,
    credentials: options.credentials,
    tokens,
    wanted,
    silenceLimit: options.silenceLimit === undefined ? undefined : Duration.decode(options.silenceLimit)
  }
}
