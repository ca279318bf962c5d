/**
 * What an application asks of PostgreSQL. Safe to call from many fibers: each call takes a connection of the pool for
 * itself, unless the pool shares them, and inside `withTransaction` every call of the fiber, and of fibers it forks, goes to the transaction's
 * connection.
 */
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { PgConfig } from "../config/PgConfig.js"
import { fromUri } from "../config/PgConfig.js"
import type { PgConnection } from "../connection/PgConnection.js"
import * as PgConnector from "../connection/PgConnector.js"
import type { PgConfigError, PgOpenError } from "../model/PgError.js"
import type { PgClientService } from "./ClientService.js"
import { PgClient } from "./ClientService.js"
import { ConnectionPool } from "./pool/ConnectionPool.js"
import { PgPool, serviceOf } from "./pool/PgPool.js"
import type { PoolOptions } from "./pool/PoolOptions.js"
import { overPool } from "./PooledClient.js"
import * as RenderedClient from "./RenderedClient.js"
import type { RenderingOptions } from "./Rendering.js"
import * as Rendering from "./Rendering.js"
import { lossless } from "../types/Registry.js"
import * as ClientConnection from "./ClientConnection.js"

export { PgClient } from "./ClientService.js"
export { camelCase } from "./Rendering.js"
export type { ColumnNames, RenderingOptions } from "./Rendering.js"
export type { PgClientError, PgClientService, TransactionOptions } from "./ClientService.js"

export type {
  TelemetryOperation,
  TelemetryOptions,
  TelemetrySpan,
  TelemetrySubject
} from "./telemetry/TelemetryOptions.js"

/** How sessions are opened, and every setting of the pool. */
export interface PgClientOptions extends PgConnector.ConnectorOptions, PoolOptions, RenderingOptions {}

/**
 * A client over the connector's sessions, in a pool. The scope drains and closes it. With invalid options of the pool, every call
 * fails with `PgUsageError`.
 */
export const make = (
  options: Omit<PgClientOptions, "jsonNames"> = {}
): Effect.Effect<PgClientService, never, PgConnector.PgConnector | Scope.Scope> =>
  Effect.flatMap(PgConnector.PgConnector, (connector) =>
    Effect.flatMap(ConnectionPool.make(connector, options), (pool) =>
      rendered(overPool(connector, pool, options), options)
    )
  )

/**
 * A client over one connection of the caller's, without a pool: single statements of many fibers are pipelined on it, and transactions, leases, streams and COPY have
 * it for themselves in turn. Settings, temporary tables and what else a session holds stay as statements leave them, and nothing is opened again: when the connection has ended,
 * every call fails with `PgClosedError`. The scope waits for statements under way as that of a pool does, and leaves the connection open.
 */
export const fromConnection = (
  connection: PgConnection,
  options: SingleOptions = {}
): Effect.Effect<PgClientService, never, Scope.Scope> =>
  Effect.flatMap(ClientConnection.make(connection, options), (pool) =>
    rendered(overPool(connection, pool, options), options)
  )

/** How a client over one connection waits, and what it reports. */
export interface SingleOptions
  extends
    Pick<PoolOptions, "acquireTimeout" | "closeTimeout" | "leakAfter" | "maxWaiting" | "telemetry">,
    Omit<RenderingOptions, "jsonNames"> {}

const rendered = (
  client: Effect.Effect<PgClientService>,
  options: RenderingOptions
): Effect.Effect<PgClientService> => Effect.map(client, (base) => RenderedClient.make(base, options))

/** The connector's options, with the types that the client's options ask for. */
const connectorOptions = (options: PgClientOptions): PgConnector.ConnectorOptions =>
  options.jsonNames === true
    ? { ...options, types: Rendering.types(options.types ?? lossless, options) }
    : options

const withConnector = (
  options: PgClientOptions
): Layer.Layer<PgClient | PgPool, never, PgConnector.PgConnector> =>
  Layer.scopedContext(
    Effect.gen(function* () {
      const connector = yield* PgConnector.PgConnector
      const pool = yield* ConnectionPool.make(connector, options)
      const client = yield* rendered(overPool(connector, pool, options), options)
      return Context.make(PgClient, client).pipe(Context.add(PgPool, serviceOf(pool)))
    })
  )

/**
 * One pool per layer; it closes with the layer's scope. Connections are opened when they are needed, unless `min` keeps some open.
 * The pool's numbers and its size are in `PgPool`, which the layer provides too.
 */
export const layer = (
  config: PgConfig,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector> =>
  Layer.provideMerge(withConnector(options), PgConnector.layer(config, connectorOptions(options)))

/** Like `layer`, with the configuration read from a `Config`, such as `PgConfig.fromEnv`. */
export const layerConfig = (
  config: Config.Config<PgConfig>,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector, ConfigError.ConfigError> =>
  Layer.provideMerge(withConnector(options), PgConnector.layerConfig(config, connectorOptions(options)))

/**
 * Like `layer`, with the configuration read from a connection URI, `postgres://user:password@host:port/database?sslmode=require`. libpq's variables do
 * not count. Fails with `PgConfigError`, which never quotes the password.
 */
export const layerUri = (
  uri: string | Redacted.Redacted<string>,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector, PgConfigError> =>
  Layer.unwrapEffect(Effect.map(fromUri(uri), (config) => layer(config, options)))

/** Over a connector of the caller's. */
export const layerFromConnector = (
  options: Omit<PgClientOptions, "jsonNames"> = {}
): Layer.Layer<PgClient | PgPool, never, PgConnector.PgConnector> => withConnector(options)

/**
 * A client over one session and without a pool, which is opened with the layer and closed with it. As `fromConnection`: the session keeps what statements leave behind, and is not opened
 * again when it has ended. For scripts, tests and whatever counts on one session.
 */
export const layerConnection = (
  config: PgConfig,
  options: PgConnector.ConnectorOptions & SingleOptions = {}
): Layer.Layer<PgClient | PgConnector.PgConnector, PgOpenError> =>
  Layer.provideMerge(
    Layer.scoped(
      PgClient,
      Effect.flatMap(PgConnector.PgConnector, ({ open }) =>
        Effect.flatMap(open(), (connection) => fromConnection(connection, options))
      )
    ),
    PgConnector.layer(config, options)
  )

/** A client whose sessions may be on a standby: what `layerReadWrite` provides for reading. */
export class PgReadClient extends Context.Tag("effect-postgres/PgReadClient")<
  PgReadClient,
  PgClientService
>() {}

/**
 * Two pools over the hosts of the configuration: `PgClient` has sessions of the primary, `PgReadClient` sessions of a standby, or of the primary
 * while there is no standby. The role of a session is what its server reports: a session whose server changes its role is closed, and the next is opened on a host that fits.
 * `read` and `write` are the settings of each pool; `PgPool` is that of `PgClient`.
 */
export const layerReadWrite = (
  config: PgConfig,
  options: PgConnector.ConnectorOptions &
    RenderingOptions & { readonly read?: PoolOptions; readonly write?: PoolOptions } = {}
): Layer.Layer<PgClient | PgReadClient | PgPool | PgConnector.PgConnector> => {
  const { read, write, ...connector } = options
  const pool = (role: "primary" | "prefer-standby", settings: PoolOptions = {}): PgClientOptions => ({
    ...connector,
    ...settings,
    session: { ...settings.session, targetSessionAttrs: role }
  })
  return Layer.provideMerge(
    Layer.merge(
      withConnector(pool("primary", write)),
      Layer.scoped(PgReadClient, make(pool("prefer-standby", read)))
    ),
    PgConnector.layer(config, connectorOptions(connector))
  )
}
