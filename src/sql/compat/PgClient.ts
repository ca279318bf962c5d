/**
 * The client of `@effect/sql-pg` under its names, on this package's connections: changing the import is the migration.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import { SqlError } from "@effect/sql/SqlError"
import type { Compiler, Fragment } from "@effect/sql/Statement"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { PgClientService } from "../../client/ClientService.js"
import * as NativeClient from "../../client/PgClient.js"
import type { PgClientOptions } from "../../client/PgClient.js"
import type { PgConfig } from "../../config/PgConfig.js"
import * as PgConnector from "../../connection/PgConnector.js"
import { PgConfigError, PgUsageError } from "../../model/PgError.js"
import * as Statement from "../../model/Statement.js"
import type { Duplex } from "../../net/DuplexLink.js"
import * as DuplexTransport from "../../net/DuplexTransport.js"
import { compatible } from "../../nodepg/CompatibleValues.js"
import * as MakeClient from "../MakeClient.js"
import * as SqlCompiler from "../SqlCompiler.js"
import { failed } from "../SqlFailure.js"
import type { PgClientConfig } from "./ClientConfig.js"
import * as ClientConfig from "./ClientConfig.js"

export type { CustomTypesConfig, PgClientConfig } from "./ClientConfig.js"

/** Marks the client, as in `@effect/sql-pg`. */
export const TypeId: TypeId = "~@effect/sql-pg/PgClient"

/** The type of `TypeId`. */
export type TypeId = "~@effect/sql-pg/PgClient"

/** The client of `@effect/sql-pg`, and the `PgClient` of this package below it. */
export interface PgClient extends SqlClient.SqlClient {
  readonly [TypeId]: TypeId
  /** What was given, with the settings of the connection string and of libpq's variables. */
  readonly config: PgClientConfig
  /** The client of this package below: the same pool and the same transactions. */
  readonly pg: PgClientService
  /** A value as JSON, for a column of `json` or `jsonb`: any value, arrays and texts too. `null` is NULL. */
  readonly json: (value: unknown) => Fragment
  /** The payloads of a channel. A lost session is opened again, and a warning is logged. */
  readonly listen: (channel: string) => Stream.Stream<string, SqlError>
  /** Notifies a channel; inside a transaction when that commits. */
  readonly notify: (channel: string, payload: string) => Effect.Effect<void, SqlError>
}

/** The tag of `@effect/sql-pg`, by its key. */
export const PgClient = Context.GenericTag<PgClient>("@effect/sql-pg/PgClient")

/** How long the first connection may take, unless the configuration sets it. */
const startTimeout: Duration.Duration = Duration.seconds(5)

const poolOptions = (config: PgClientConfig): PgClientOptions => ({
  ...(config.maxConnections === undefined ? {} : { max: config.maxConnections }),
  ...(config.minConnections === undefined ? {} : { min: config.minConnections }),
  idleTimeout: config.idleTimeout ?? "10 seconds",
  maxLifetime: config.connectionTTL ?? Duration.infinity,
  acquireTimeout: config.connectTimeout ?? Duration.infinity
})

/** Whether a stream is connected or being connected. A stream that does not report this is not. */
const isConnected = (stream: Duplex): boolean =>
  ("connecting" in stream && stream.connecting === true) || ("pending" in stream && stream.pending === false)

/** A stream of the program's, which is connected unless it has been. */
const connecting = (stream: Duplex, host: string, port: number): Duplex => {
  if (!isConnected(stream) && "connect" in stream && typeof stream.connect === "function")
    stream.connect(port, host)
  return stream
}

const nativeLayer = (config: PgClientConfig, settings: PgConfig) => {
  const { stream } = config
  const options = poolOptions(config)
  if (stream === undefined) return NativeClient.layer(settings, options)
  const transport = DuplexTransport.layer((address) =>
    address._tag === "Tcp"
      ? connecting(stream(), address.host, address.port)
      : connecting(stream(), "localhost", settings.hosts[0].port)
  )
  return Layer.provideMerge(
    NativeClient.layerFromConnector(options),
    Layer.provide(PgConnector.layerTransport(settings, options), transport)
  )
}

const unreadable = (error: PgConfigError | ConfigError.ConfigError): SqlError =>
  failed("connect")(
    error instanceof PgConfigError
      ? error
      : new PgConfigError({ key: "environment", reason: error.message, source: "environment" })
  )

/**
 * A client with a pool of its own, which the scope closes. It runs `SELECT 1` first. Fails with `SqlError` when the configuration is invalid,
 * when no session can be opened, and when that takes longer than `connectTimeout`.
 */
export const make = (
  options: PgClientConfig
): Effect.Effect<PgClient, SqlError, Scope.Scope | Reactivity.Reactivity> =>
  Effect.gen(function* () {
    const settings = yield* Effect.mapError(ClientConfig.settingsOf(options), unreadable)
    const context = yield* Layer.build(nativeLayer(options, settings))
    const pg = Context.get(context, NativeClient.PgClient)
    const limit = options.connectTimeout ?? startTimeout
    yield* Effect.timeoutFail(Effect.mapError(pg.values(Statement.make("SELECT 1")), failed("connect")), {
      duration: limit,
      onTimeout: () =>
        new SqlError({
          cause: new Error("Connection timed out"),
          message: "PgClient: Connection timed out"
        })
    })
    const { spanAttributes, transformJson, transformQueryNames, transformResultNames, types } = options
    const values =
      types === undefined ? compatible : compatible.withTextParsers((oid) => types.getTypeParser(oid, "text"))
    return yield* MakeClient.make(
      { spanAttributes, transformJson, transformQueryNames, transformResultNames, values },
      { [TypeId]: TypeId, config: ClientConfig.completed(options, settings) }
    ).pipe(Effect.provide(context))
  })

const layerOf = <E>(
  client: Effect.Effect<PgClient, E, Scope.Scope | Reactivity.Reactivity>
): Layer.Layer<PgClient | SqlClient.SqlClient, E> =>
  Layer.scopedContext(
    Effect.map(client, (client) =>
      Context.make(PgClient, client).pipe(Context.add(SqlClient.SqlClient, client))
    )
  ).pipe(Layer.provide(Reactivity.layer))

/** A client with a pool of its own, which closes with the layer's scope. */
export const layer = (config: PgClientConfig): Layer.Layer<PgClient | SqlClient.SqlClient, SqlError> =>
  layerOf(make(config))

/** Like `layer`, with the configuration read from a `Config`. */
export const layerConfig = (
  config: Config.Config.Wrap<PgClientConfig>
): Layer.Layer<PgClient | SqlClient.SqlClient, ConfigError.ConfigError | SqlError> =>
  layerOf(Effect.flatMap(Config.unwrap(config), make))

/** What `layerFromPool` of `@effect/sql-pg` takes. */
export interface PgClientFromPoolOptions {
  readonly acquire: Effect.Effect<unknown, SqlError, Scope.Scope>
  readonly applicationName?: string | undefined
  readonly spanAttributes?: Record<string, unknown> | undefined
  readonly transformResultNames?: ((name: string) => string) | undefined
  readonly transformQueryNames?: ((name: string) => string) | undefined
  readonly transformJson?: boolean | undefined
  readonly types?: ClientConfig.CustomTypesConfig | undefined
}

const noPool = (operation: string): SqlError =>
  failed("connect")(
    new PgUsageError({
      operation,
      argument: "acquire",
      reason:
        "must not be a pool of node-postgres, because this client opens its own connections: use PgClient.layer, or " +
        "PgSqlClient.layerFromClient over a PgClient of this package",
      sql: ""
    })
  )

/** Always fails with `SqlError`: a pool of node-postgres cannot be used here. Use `layer`, or `PgSqlClient.layerFromClient`. */
export const fromPool = (
  _options: PgClientFromPoolOptions
): Effect.Effect<PgClient, SqlError, Scope.Scope | Reactivity.Reactivity> => Effect.fail(noPool("fromPool"))

/** Always fails, as `fromPool` does. */
export const layerFromPool = (
  _options: PgClientFromPoolOptions
): Layer.Layer<PgClient | SqlClient.SqlClient, SqlError> => Layer.fail(noPool("layerFromPool"))

/** The compiler of statements: `transform` renames names in the program to names in the database. */
export const makeCompiler = (transform?: (name: string) => string, transformJson = true): Compiler =>
  SqlCompiler.make(transform, transformJson)
