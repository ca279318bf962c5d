/**
 * The client of `@effect/sql` on this package's connections: everything that is written for `SqlClient` runs on it, beside `PgClient` and
 * with it, on one pool and in one transaction.
 *
 * ```ts
 * const sql = yield* SqlClient.SqlClient
 * const people = yield* sql`select * from people where id in ${sql.in([1, 2])}`
 * ```
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { PgClientOptions } from "../client/PgClient.js"
import * as PgClient from "../client/PgClient.js"
import type { PgPool } from "../client/pool/PgPool.js"
import type { PgConfig } from "../config/PgConfig.js"
import type * as PgConnector from "../connection/PgConnector.js"
import * as Statement from "../model/Statement.js"
import type { PgSqlOptions } from "./MakeClient.js"
import * as MakeClient from "./MakeClient.js"
import { failed } from "./SqlFailure.js"

export type { PgSqlOptions } from "./MakeClient.js"

/** Marks the client. */
export const TypeId: unique symbol = Symbol.for("effect-postgres/PgSqlClient")
export {
  /** Values as `@effect/sql-pg` gives and takes them. */
  compatible
} from "../nodepg/CompatibleValues.js"

/** `SqlClient` with the operations of PostgreSQL. */
export interface PgSqlClient extends SqlClient.SqlClient, MakeClient.PgSqlMembers {
  readonly [TypeId]: typeof TypeId
}

/** The client of `layer`. `SqlClient.SqlClient` of `@effect/sql` is the same object. */
export const PgSqlClient = Context.GenericTag<PgSqlClient>("effect-postgres/PgSqlClient")

/**
 * A client over the `PgClient` and the connector of the context: no pool of its own. Fails with `SqlError` when the `PgClient` is not one
 * that this package has made.
 */
export const make = (
  options: PgSqlOptions = {}
): Effect.Effect<
  PgSqlClient,
  SqlError,
  PgClient.PgClient | PgConnector.PgConnector | Reactivity.Reactivity | Scope.Scope
> => MakeClient.make(options, { [TypeId]: TypeId })

const provided = (client: PgSqlClient): Context.Context<PgSqlClient | SqlClient.SqlClient> =>
  Context.make(PgSqlClient, client).pipe(Context.add(SqlClient.SqlClient, client))

/**
 * Over the `PgClient` that the application has: one pool for both, and statements of either are in the transaction that the other has begun.
 * Nothing is sent when the layer is built.
 */
export const layerFromClient = (
  options: PgSqlOptions = {}
): Layer.Layer<PgSqlClient | SqlClient.SqlClient, SqlError, PgClient.PgClient | PgConnector.PgConnector> =>
  Layer.scopedContext(Effect.map(make(options), provided)).pipe(Layer.provide(Reactivity.layer))

/** Asks the server for an answer when the layer is built, so that a wrong configuration is found then. */
const checked = Layer.effectDiscard(
  Effect.flatMap(PgClient.PgClient, (pg) =>
    Effect.mapError(pg.values(Statement.make("SELECT 1")), failed("connect"))
  )
)

const withClient = <E>(
  client: Layer.Layer<PgClient.PgClient | PgPool | PgConnector.PgConnector, E>,
  options: PgSqlOptions
): Layer.Layer<
  PgSqlClient | SqlClient.SqlClient | PgClient.PgClient | PgPool | PgConnector.PgConnector,
  SqlError | E
> => Layer.provideMerge(Layer.merge(checked, layerFromClient(options)), client)

/**
 * A client with a pool, which closes with the layer's scope. It provides `PgClient` and `PgPool` too. Building it runs `SELECT 1`: it fails
 * with `SqlError` when no session can be opened, within the deadlines of the configuration and the pool.
 */
export const layer = (
  config: PgConfig,
  options: PgClientOptions & PgSqlOptions = {}
): Layer.Layer<
  PgSqlClient | SqlClient.SqlClient | PgClient.PgClient | PgPool | PgConnector.PgConnector,
  SqlError
> => withClient(PgClient.layer(config, options), options)

/** Like `layer`, with the configuration read from a `Config`, such as `PgConfig.fromEnv`. */
export const layerConfig = (
  config: Config.Config<PgConfig>,
  options: PgClientOptions & PgSqlOptions = {}
): Layer.Layer<
  PgSqlClient | SqlClient.SqlClient | PgClient.PgClient | PgPool | PgConnector.PgConnector,
  SqlError | ConfigError.ConfigError
> => withClient(PgClient.layerConfig(config, options), options)
