/**
 * The narrow waist: everything above asks this service for sessions and knows nothing of sockets, hosts or
 * authentication.
 */
import * as Context from "effect/Context"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { PgConfig, revise } from "../config/PgConfig.js"
import type { TargetSessionAttrs } from "../config/Vocabulary.js"
import * as Host from "../host/Host.js"
import type { PgConfigError, PgOpenError } from "../model/PgError.js"
import * as HostList from "../net/HostList.js"
import { Transport } from "../net/Transport.js"
import * as Registry from "../types/Registry.js"
import * as Connect from "./opening/Connect.js"
import { ConnectCache } from "./opening/ConnectPlan.js"
import type { ConnectOptions, CredentialSource } from "./opening/ConnectOptions.js"
import * as PgConnection from "./PgConnection.js"
import type { OpenRetry } from "./opening/Retry.js"
import * as Retry from "./opening/Retry.js"
import * as Sockets from "./opening/Sockets.js"
import * as Cancel from "./session/Cancel.js"
import { KnownTypes } from "./session/KnownTypes.js"
import * as TracedLink from "./session/TracedLink.js"
import { RoleReports } from "./session/ConnectFacts.js"
import { ShutdownCounts } from "./session/ShutdownLog.js"

export type {
  ConnectOptions,
  CredentialSource,
  CredentialTarget,
  GivenCredentials,
  TokenRequest,
  TokenSource
} from "./opening/ConnectOptions.js"
export type { WireTraceOptions } from "./session/TracedLink.js"
export type { OpenRetry } from "./opening/Retry.js"
export type { GssContext, GssFailure, GssProvider, GssStep, GssTarget } from "../net/Gss.js"
export type { Resolve } from "../net/HostList.js"
export type { CheckIdentity, ServerCertificate } from "../net/TlsIdentity.js"
export {
  /** Every address that the system's resolver knows for a name: for `resolve` beside a transport of your own. */
  lookup
} from "../net/HostList.js"

/** Settings of one session that replace those of the configuration. */
export interface OpenOverrides {
  readonly database?: string
  readonly user?: string
  readonly password?: Redacted.Redacted<string>
  readonly applicationName?: string
  /** `database` for logical replication, `true` for physical. */
  readonly replication?: "database" | "true"
  /** Run-time settings, added to those of the configuration. */
  readonly parameters?: Readonly<Record<string, string>>
  readonly pipelineDepth?: number
  readonly statementCacheSize?: number
  /** In place of the connector's. A session opened for replication never asks. */
  readonly findTypes?: boolean
  /** The role wanted of the server. */
  readonly targetSessionAttrs?: TargetSessionAttrs
  /** In place of the connector's; a `user` or a `password` given here stands in its place too. */
  readonly credentials?: CredentialSource
}

/** The same for all connections of a connector, and how openings that fail are repeated. */
export interface ConnectorOptions extends ConnectOptions {
  /** How values are decoded and encoded. Default `Registry.lossless`. */
  readonly types?: Registry.Registry
  /**
   * Whether an unknown type that a statement meets is looked up in the catalogue, once for all connections to the
   * database, before the statement runs. Default true. Otherwise, and where the catalogue cannot be asked, such a type is
   * the server's text.
   */
  readonly findTypes?: boolean
  /**
   * Tries an opening again while it may succeed a little later: the server is starting (`57P03`) or full (`53300`), the
   * connection was refused, reset, not answered or not routed, the name server gave no answer, or no server has the role
   * wanted. Each time all hosts are tried. A refused login, a missing database, a certificate that is not trusted and an
   * unknown host name are not tried again, nor is anything while one of the hosts answers so. Unless given, no opening is
   * tried again.
   */
  readonly retry?: OpenRetry | undefined
  /**
   * How long stopping a statement that is not wanted any more may take, the CancelRequest's own connection included, before
   * the connection is closed instead. Default 5 seconds (`PgConnection.cancelDeadline`).
   */
  readonly cancelDeadline?: Duration.DurationInput
  /**
   * Whether the server describes the result of every execution again, in the same burst and before its rows, which are then read by that
   * description. Without a pooler the server itself holds a prepared statement to its description, and refuses it when its result has
   * changed. A pooler that keeps prepared statements itself, such as PgBouncer from 1.21 on with `max_prepared_statements`, prepares a
   * statement again on another server connection, where it may have other columns after a change of its tables. Costs no round trip;
   * measured on statements of one and of six columns, it takes up to a microsecond of CPU on either side. Default false.
   */
  readonly describeResults?: boolean
  /**
   * Whether errors print what quotes values of rows: the server's `detail` and `where`, in messages, inspection, JSON and
   * logs, and what a Schema refuses. The fields can be read either way. Default false.
   */
  readonly showValues?: boolean
}

/** Opens single connections, each closed with its scope. The client, feeds and listeners open theirs through it. */
export class PgConnector extends Context.Tag("effect-postgres/PgConnector")<
  PgConnector,
  {
    readonly config: PgConfig
    /** The codecs there are now for the configuration's database: those given, and those of types found. */
    readonly types: Registry.Registry
    /**
     * The codecs there are once the catalogue has been asked for those of these types that are unknown, through a session of its
     * own that is opened for it: for a connection that cannot ask, such as a walsender. Nothing is opened when all are known, or when `session`
     * is given, which is asked then.
     */
    readonly findTypes: (
      types: ReadonlyArray<number>,
      session?: PgConnection.PgConnection
    ) => Effect.Effect<Registry.Registry, PgOpenError>
    /** Forgets the types that were found in any database: each is asked for again when it is met next. */
    readonly refreshTypes: Effect.Effect<void>
    /**
     * Opens one session, which the scope closes. Fails with `PgConnectError` listing every attempt, with `PgAuthError`,
     * or with `PgConfigError`. Interrupting frees the socket.
     */
    readonly open: (
      overrides?: OpenOverrides
    ) => Effect.Effect<PgConnection.PgConnection, PgOpenError, Scope.Scope>
  }
>() {}

const overridden = (
  config: PgConfig,
  overrides: OpenOverrides | undefined
): Either.Either<PgConfig, PgConfigError> => {
  if (overrides === undefined) return Either.right(config)
  const { credentials: _credentials, findTypes: _findTypes, ...settings } = overrides
  // The keys are those of the configuration's user and password.
  const { scramClientKey: _client, scramServerKey: _server, ...others } = config
  const isSame = settings.user === undefined && settings.password === undefined
  return revise(isSame ? config : new PgConfig(others), {
    ...settings,
    parameters: { ...config.parameters, ...overrides.parameters }
  })
}

/** Whose credentials count for one session. */
const credentialsOf = (
  options: ConnectorOptions,
  overrides: OpenOverrides | undefined
): CredentialSource | undefined => {
  if (overrides?.credentials !== undefined) return overrides.credentials
  return overrides?.user === undefined && overrides?.password === undefined ? options.credentials : undefined
}

/** The connector of a configuration, on the transport and the host given. */
export const make = (
  config: PgConfig,
  options: ConnectorOptions = {}
): Effect.Effect<PgConnector["Type"], never, Transport | Host.Host> =>
  Effect.map(Effect.context<Transport | Host.Host>(), (environment) => {
    // Only these two: the rest of the environment, such as the layer's scope, must not stand in for the caller's.
    const context = Context.pick(Transport, Host.Host)(environment)
    const cache = new ConnectCache()
    const shutdowns = new ShutdownCounts()
    const roleReports = new RoleReports()
    const trace = options.wireTrace === undefined ? undefined : TracedLink.make(options.wireTrace)
    const cancelDeadline = Duration.decode(options.cancelDeadline ?? Cancel.cancelDeadline)
    const types = options.types ?? Registry.lossless
    // OIDs are one database's.
    const books = new Map<string, KnownTypes>()
    const bookOf = ({ database, user }: PgConfig): KnownTypes => {
      const name = database ?? user ?? ""
      const book = books.get(name) ?? new KnownTypes(types)
      books.set(name, book)
      return book
    }
    const session = (
      settings: PgConfig,
      overrides?: OpenOverrides
    ): Effect.Effect<PgConnection.PgConnection, PgOpenError, Scope.Scope> => {
      const credentials = credentialsOf(options, overrides)
      const shared = {
        types: bookOf(settings),
        findsTypes: (overrides?.findTypes ?? options.findTypes ?? true) && settings.replication === undefined,
        describesPortals: options.describeResults ?? false,
        showsValues: options.showValues ?? false,
        cancelDeadline,
        trace,
        shutdowns,
        roleReports
      }
      return Effect.flatMap(Effect.scope, (scope) =>
        Connect.connectIn(
          Context.add(context, Scope.Scope, scope),
          settings,
          shared,
          { ...options, credentials },
          cache
        ).pipe(Retry.retrying(options.retry), Effect.map(PgConnection.fromState))
      )
    }
    const open: PgConnector["Type"]["open"] = (overrides) =>
      Effect.flatMap(overridden(config, overrides), (settings) => session(settings, overrides))
    const { replication: _replication, ...plain } = config
    return {
      config,
      get types() {
        return bookOf(config).registry
      },
      findTypes: (types, asked) =>
        Effect.suspend(() => {
          const book = bookOf(config)
          book.doubt(types)
          const { registry } = book
          if (options.findTypes === false || book.unknown(types).length === 0) return Effect.succeed(registry)
          return asked !== undefined
            ? asked.findTypes(types)
            : Effect.scoped(
                Effect.flatMap(session(new PgConfig(plain)), (connection) => connection.findTypes(types))
              )
        }),
      refreshTypes: Effect.sync(() => books.forEach((book) => book.forget())),
      open
    }
  })

/**
 * On a transport and a host of the caller's: for example a scripted server, and nothing of this machine's files and environment,
 * as `Host.layerTest` of `effect-postgres/Testing` has it.
 */
export const layerWith = (
  config: PgConfig,
  options: ConnectorOptions = {}
): Layer.Layer<PgConnector, never, Transport | Host.Host> => Layer.effect(PgConnector, make(config, options))

/**
 * On this machine, over TCP and Unix sockets, with the `keepalives` of the configuration. What Node cannot set of them is
 * logged as a warning.
 */
export const layer = (config: PgConfig, options: ConnectorOptions = {}): Layer.Layer<PgConnector> =>
  layerWith(config, { resolve: HostList.lookup, ...options }).pipe(
    Layer.provide(Layer.merge(Sockets.layer(config), Host.layer))
  )

/**
 * On this machine, over a transport of the caller's: a tunnel's streams (`DuplexTransport`), a WebSocket (`SocketTransport`).
 * It is handed host names as they are configured, unless `resolve` is given, such as `lookup`; the configuration's `keepalives` settings have no effect on it.
 */
export const layerTransport = (
  config: PgConfig,
  options: ConnectorOptions = {}
): Layer.Layer<PgConnector, never, Transport> => layerWith(config, options).pipe(Layer.provide(Host.layer))

/** Like `layer`, with the configuration read from a `Config`, such as `PgConfig.fromEnv`. */
export const layerConfig = (
  config: Config.Config<PgConfig>,
  options: ConnectorOptions = {}
): Layer.Layer<PgConnector, ConfigError.ConfigError> =>
  Layer.unwrapEffect(Effect.map(config, (settings) => layer(settings, options)))
