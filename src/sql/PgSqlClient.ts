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
import * as SqlStatement from "@effect/sql/Statement"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgClientOptions } from "../client/PgClient.js"
import type { PgClientService } from "../client/ClientService.js"
import * as CurrentTransaction from "../client/CurrentTransaction.js"
import type { GapReason, ListenEvent } from "../client/listen/Events.js"
import * as Listen from "../client/listen/Listen.js"
import * as PgClient from "../client/PgClient.js"
import type { PgPool } from "../client/pool/PgPool.js"
import type { PgConfig } from "../config/PgConfig.js"
import * as PgConnector from "../connection/PgConnector.js"
import { PgUsageError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import type { Registry } from "../types/Registry.js"
import { compatible } from "./CompatibleValues.js"
import * as SqlCompiler from "./SqlCompiler.js"
import { ValueSettings } from "./SqlConnection.js"
import { failed } from "./SqlFailure.js"
import type { SpanAttributes } from "./SqlTransaction.js"
import { SqlTransactions } from "./SqlTransaction.js"

/** Marks the client. */
export const TypeId: unique symbol = Symbol.for("effect-postgres/PgSqlClient")
/** The type of `TypeId`. */
export type TypeId = typeof TypeId

export {
  /** Values as `@effect/sql-pg` gives and takes them. */
  compatible
} from "./CompatibleValues.js"

/** How statements are written, and rows and notifications are read. */
export interface PgSqlOptions {
  /** From names in the program to names in the database: of tables, columns, and keys of `json` values. Default: as they are. */
  readonly transformQueryNames?: ((name: string) => string) | undefined
  /** From names in the database to names in the program: of columns, and keys of JSON values. Default: as they are. */
  readonly transformResultNames?: ((name: string) => string) | undefined
  /** Whether keys inside JSON values are renamed too. Default true. */
  readonly transformJson?: boolean | undefined
  /** Attributes of every span, before those of the client. Default: none. */
  readonly spanAttributes?: Readonly<Record<string, unknown>> | undefined
  /**
   * How values are read and parameters are written: `compatible`, a registry made of it, or `client` for those of `PgClient`, which lose
   * nothing and refuse what does not fit. Where a context asks for `SafeIntegers`, `int8` is a bigint. Default `compatible`.
   */
  readonly values?: Registry | "client" | undefined
  /** Called when notifications may be missing: the listening session was lost, or its consumer was too slow. Default: a warning in the log. */
  readonly onGap?: ((channel: string, reason: GapReason) => Effect.Effect<void>) | undefined
}

/** `SqlClient` with what PostgreSQL has besides. */
export interface PgSqlClient extends SqlClient.SqlClient {
  readonly [TypeId]: TypeId
  /** The client below: the same pool and the same transactions. */
  readonly pg: PgClientService
  /** A value as JSON, for a column of `json` or `jsonb`: any value, arrays and texts too. `null` is NULL. */
  readonly json: (value: unknown) => SqlStatement.Fragment
  /**
   * The payloads of a channel, from the moment that the server has confirmed the subscription. One session beside the pool listens to all
   * channels; when it is lost it is opened again, and `onGap` is called.
   */
  readonly listen: (channel: string) => Stream.Stream<string, SqlError>
  /** Notifies a channel; inside a transaction when that commits. The payload has at most 7,999 bytes of UTF-8. */
  readonly notify: (channel: string, payload: string) => Effect.Effect<void, SqlError>
}

/** The client of `layer`. `SqlClient.SqlClient` of `@effect/sql` is the same object. */
export const PgSqlClient = Context.GenericTag<PgSqlClient>("effect-postgres/PgSqlClient")

const logGap = (channel: string, reason: GapReason): Effect.Effect<void> =>
  Effect.logWarning(
    `notifications of ${channel} may be missing: ` +
      (reason._tag === "Overflow"
        ? `the consumer was slow, and ${reason.dropped} were dropped`
        : `the listening session was lost (${reason.error.message})`)
  )

const payloadOf = (event: ListenEvent<string>): Option.Option<string> =>
  event._tag === "Received" ? Option.some(event.payload) : Option.none()

const notOurs = new PgUsageError({
  operation: "PgSqlClient",
  argument: "PgClient",
  reason: "must be a client that a function or layer of PgClient has made, or a copy of its properties",
  sql: ""
})

/** Attributes by the conventions for databases, behind the application's own. */
const attributesOf = (config: PgConfig, own: PgSqlOptions["spanAttributes"]): SpanAttributes => {
  const [first] = config.hosts
  return [
    ...Object.entries(own ?? {}),
    ["db.system.name", "postgresql"],
    ["db.namespace", config.database ?? config.user ?? "postgres"],
    ["server.address", first.host === "" ? (first.hostaddr ?? "localhost") : first.host],
    ["server.port", first.port]
  ]
}

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
> =>
  Effect.gen(function* () {
    const pg = yield* PgClient.PgClient
    const { config } = yield* PgConnector.PgConnector
    const reactivity = yield* Reactivity.Reactivity
    const listener = yield* Listen.make()
    const current = CurrentTransaction.of(pg)
    if (current === undefined) return yield* Effect.fail(failed("connect")(notOurs))

    const { onGap = logGap, transformQueryNames, transformResultNames, values = compatible } = options
    const nested = options.transformJson ?? true
    const attributes = attributesOf(config, options.spanAttributes)
    const transactions = new SqlTransactions(
      pg,
      current,
      new ValueSettings(values === "client" ? undefined : values),
      attributes
    )
    const compiler = SqlCompiler.make(transformQueryNames, nested)
    const transformRows =
      transformResultNames === undefined
        ? undefined
        : SqlStatement.defaultTransforms(transformResultNames, nested).array

    const payloads = (channel: string) =>
      Stream.unwrapScoped(listener.listen(channel)).pipe(
        Stream.mapError(failed("listen")),
        Stream.tap((event) => (event._tag === "Gap" ? onGap(channel, event.reason) : Effect.void)),
        Stream.filterMap(payloadOf)
      )

    const own = {
      [TypeId]: TypeId,
      [SqlClient.TypeId]: SqlClient.TypeId,
      pg,
      json: SqlCompiler.json,
      listen: payloads,
      notify: (channel: string, payload: string): Effect.Effect<void, SqlError> =>
        transactions
          .joined(Listen.notify(channel, payload))
          .pipe(Effect.provideService(PgClient.PgClient, pg), Effect.mapError(failed("notify"))),
      reserve: transactions.reserve,
      withTransaction: transactions.run,
      reactive: reactivity.stream,
      reactiveMailbox: reactivity.query
    } as const
    const over = (statements: SqlStatement.Constructor): PgSqlClient => {
      const client: PgSqlClient = Object.assign(statements, {
        ...own,
        safe: undefined as unknown as PgSqlClient,
        withoutTransforms: (): PgSqlClient => withoutTransforms ?? client
      }) as PgSqlClient
      return Object.assign(client, { safe: client })
    }
    const withoutTransforms =
      transformRows === undefined
        ? undefined
        : over(SqlStatement.make(transactions.acquirer, compiler.withoutTransform, attributes, undefined))
    return over(SqlStatement.make(transactions.acquirer, compiler, attributes, transformRows))
  })

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
