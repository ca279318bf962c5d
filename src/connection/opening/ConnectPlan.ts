/** What will be tried, in which order and with what, settled before a socket is opened. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HostEntry, PgConfig } from "../../config/PgConfig.js"
import type { ResolvedPgConfig } from "../../config/Resolve.js"
import { Host } from "../../host/Host.js"
import type { HostService } from "../../host/Host.js"
import { PgAuthError, PgConfigError } from "../../model/PgError.js"
import * as HostList from "../../net/HostList.js"
import type { Prepared } from "../../net/Tls.js"
import * as FrameLimits from "../../wire/FrameLimits.js"
import type { SessionSettings } from "../session/ConnectionState.js"
import type { HostTarget } from "./Attempt.js"
import type { ConnectOptions } from "./ConnectOptions.js"
import * as Credentials from "./Credentials.js"
import * as Encrypt from "./Encrypt.js"
import * as Material from "./EncryptMaterial.js"
import * as Liveness from "../statement/Liveness.js"
import type { WantedRole } from "./Role.js"
import * as Settings from "./Settings.js"
import { Tokens } from "./Tokens.js"

/** What a connector keeps from one opening to the next: what was made of its settings and files. */
export class ConnectCache {
  readonly settings = new Settings.SettingsCache()
  readonly material = new Material.MaterialCache()
}

export interface PlannedHost {
  readonly entry: HostEntry
  readonly ways: ReadonlyArray<Encrypt.ChannelKind>
}

export interface ConnectPlan {
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
  values: ReadonlyArray<A>,
  host: HostService
): Effect.Effect<ReadonlyArray<A>> =>
  config.loadBalanceHosts !== "random" || values.length < 2
    ? Effect.succeed(values)
    : Effect.map(host.randomBytes(HostList.shuffleBytes(values.length)), (random) =>
        HostList.shuffle(values, random)
      )

const refuse = (key: string, reason: string): PgConfigError =>
  new PgConfigError({ key, reason, source: "code" })

/** Whether GSS encryption will be tried at all. */
const gssUsable = (config: PgConfig, { gss }: ConnectOptions): Effect.Effect<boolean, PgConfigError> => {
  if (config.gssEncMode === "disable") return Effect.succeed(false)
  if (gss !== undefined) {
    return Effect.filterOrFail(
      gss.hasCredentials,
      (usable) => usable || config.gssEncMode === "prefer",
      () => refuse("gssencmode", "require needs credentials, and the GSS provider has none")
    )
  }
  return config.gssEncMode === "prefer"
    ? Effect.succeed(false)
    : Effect.fail(refuse("gssencmode", "require needs a GSS provider, and none was given to the connector"))
}

/** Why a host can never be connected to with these settings. */
const problemOf = (
  config: ResolvedPgConfig,
  { entry, ways }: PlannedHost
): PgConfigError | PgAuthError | undefined => {
  const demand = Encrypt.demandOfTls(config)
  if (demand !== undefined && !ways.includes("tls")) {
    return new PgAuthError({
      reason: "method-refused",
      method: config.channelBinding === "require" ? "scram-sha-256" : "cert",
      detail: `${demand} needs TLS, and this host is never asked for TLS: it is a Unix socket, or sslmode or gssencmode excludes TLS`,
      user: config.user,
      server: undefined
    })
  }
  return config.sslMode === "verify-full" && ways.includes("tls") && entry.host === ""
    ? refuse(
        "host",
        "must name the server when sslmode is verify-full, because the certificate is checked for that name; hostaddr is only its address"
      )
    : undefined
}

/**
 * Reads every file that is needed and checks what goes together. Fails with `PgConfigError`; with `PgAuthError` when
 * channel binding is required and nothing could ever be bound.
 */
export const make = (
  unresolved: PgConfig,
  options: ConnectOptions,
  host: HostService,
  cache: ConnectCache
): Effect.Effect<ConnectPlan, PgConfigError | PgAuthError> =>
  Effect.gen(function* () {
    const wrong = Credentials.problemOf(options.credentials)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    const config = yield* Settings.resolve(unresolved, host, cache.settings)
    const gss = yield* gssUsable(config, options)
    const entries = yield* inOrder(config, config.hosts, host)
    const hosts = entries.map((entry) => ({ entry, ways: Encrypt.channelKindsFor(config, entry, gss) }))
    for (const planned of hosts) {
      const problem = problemOf(config, planned)
      if (problem !== undefined) return yield* Effect.fail(problem)
    }
    const tls = hosts.some(({ ways }) => ways.includes("tls"))
      ? yield* Effect.provideService(Material.load(config, cache.material), Host, host)
      : undefined
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
export const targetOf = (
  plan: ConnectPlan,
  host: PlannedHost,
  session: SessionSettings,
  wanted: WantedRole
): HostTarget => {
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
    session,
    limits: FrameLimits.make({ maxMessage: config.maxMessageBytes }),
    credentials: options.credentials,
    tokens,
    wanted,
    silence: {
      limit: Duration.decode(options.silenceLimit ?? Duration.infinity),
      probeAfter: Duration.decode(options.silenceProbe ?? Liveness.defaultProbe)
    }
  }
}
