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

/** Options of a client: how sessions are opened, the settings of the pool, and how names and missing values are mapped. */
export interface PgClientOptions extends PgConnector.ConnectorOptions, PoolOptions, RenderingOptions {}

/**
 * Makes a client with a pool of the connector's sessions. Closing the scope waits for connections in use, at most `closeTimeout` (10 seconds), and closes
 * the pool. When an option of the pool is invalid, every call fails with `PgUsageError`.
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
 * Makes a client over one connection of yours, without a pool. Single statements of many fibers are pipelined on it. Transactions, leases, streams and COPY
 * use it in turn. Settings and temporary tables stay as statements leave them. The connection is not opened again: when it has ended, every call fails with
 * `PgClosedError`. Closing the scope waits for statements under way, at most `closeTimeout`, and leaves the connection open.
 */
export const fromConnection = (
  connection: PgConnection,
  options: SingleOptions = {}
): Effect.Effect<PgClientService, never, Scope.Scope> =>
  Effect.flatMap(ClientConnection.make(connection, options), (pool) =>
    rendered(overPool(connection, pool, options), options)
  )

/** Options of a client over one connection: its waits, and what it reports. */
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
 * Provides a client with a pool of its own, and `PgPool` and `PgConnector` beside it. The pool closes with the layer's scope. Connections are opened when they
 * are needed, unless `min` keeps some open: building the layer does not connect, and cannot fail.
 *
 * - `max`: the most connections, 10 unless set.
 * - `acquireTimeout`: the longest wait for a connection, 30 seconds unless set.
 * - All others: `PoolOptions` and `PgConnector.ConnectorOptions`.
 *
 * ```ts
 * const config = yield* PgConfig.make({ host: "db.example.com", user: "app", sslMode: "verify-full" })
 * program.pipe(Effect.provide(PgClient.layer(config, { max: 20 })))
 * ```
 */
export const layer = (
  config: PgConfig,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector> =>
  Layer.provideMerge(withConnector(options), PgConnector.layer(config, connectorOptions(options)))

/** Like `layer`, with the configuration of a `Config`, such as `PgConfig.fromEnv`, which reads `DATABASE_URL` and libpq's variables. Building the layer
 * fails with `ConfigError` when a setting is missing or invalid. The message names it. */
export const layerConfig = (
  config: Config.Config<PgConfig>,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector, ConfigError.ConfigError> =>
  Layer.provideMerge(withConnector(options), PgConnector.layerConfig(config, connectorOptions(options)))

/**
 * Like `layer`, with the configuration of a connection URI, such as `postgres://user:password@host:port/database?sslmode=require`. libpq's variables are not
 * read. Building the layer fails with `PgConfigError` when the URI is invalid. The error never quotes the password.
 */
export const layerUri = (
  uri: string | Redacted.Redacted<string>,
  options: PgClientOptions = {}
): Layer.Layer<PgClient | PgPool | PgConnector.PgConnector, PgConfigError> =>
  Layer.unwrapEffect(Effect.map(fromUri(uri), (config) => layer(config, options)))

/** Like `layer`, over a `PgConnector` that you provide. */
export const layerFromConnector = (
  options: Omit<PgClientOptions, "jsonNames"> = {}
): Layer.Layer<PgClient | PgPool, never, PgConnector.PgConnector> => withConnector(options)

/**
 * Provides a client over one session, without a pool. The session is opened and closed with the layer. As with `fromConnection`, it keeps what statements leave
 * behind, and is not opened again when it has ended. For scripts, tests and programs that need one session. Building the layer fails when the session
 * cannot be opened.
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
 * Provides two clients over the hosts of the configuration: `PgClient` with sessions of the primary, `PgReadClient` with sessions of a standby, or of the primary
 * while there is no standby. When a server changes its role, its sessions are closed, and the next ones are opened on a host that fits.
 *
 * - `read`, `write`: settings of each pool. `PgPool` is the pool of `PgClient`.
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
