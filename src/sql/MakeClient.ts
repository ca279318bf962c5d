/** The client of `@effect/sql`, made of `PgClient`: under whichever names it is given to users. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as SqlStatement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgClientService } from "../client/ClientService.js"
import * as CurrentTransaction from "../client/CurrentTransaction.js"
import type { GapReason, ListenEvent } from "../client/listen/Events.js"
import * as Listen from "../client/listen/Listen.js"
import * as PgClient from "../client/PgClient.js"
import type { PgConfig } from "../config/PgConfig.js"
import * as PgConnector from "../connection/PgConnector.js"
import { PgUsageError } from "../model/PgError.js"
import type { Registry } from "../types/Registry.js"
import { compatible } from "../nodepg/CompatibleValues.js"
import * as SqlCompiler from "./SqlCompiler.js"
import { ValueSettings } from "./SqlConnection.js"
import { failed } from "./SqlFailure.js"
import type { SpanAttributes } from "./SqlTransaction.js"
import { SqlTransactions } from "./SqlTransaction.js"

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

/** What the client offers in addition to `SqlClient`. */
export interface PgSqlMembers {
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

type Client<Extra> = SqlClient.SqlClient & PgSqlMembers & Extra

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

/** The client over the `PgClient` and the connector of the context, with members of the caller's. */
export const make = <Extra extends object>(
  options: PgSqlOptions,
  extra: Extra
): Effect.Effect<
  Client<Extra>,
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
      [SqlClient.TypeId]: SqlClient.TypeId,
      pg,
      json: SqlCompiler.json,
      listen: payloads,
      notify: (channel: string, payload: string): Effect.Effect<void, SqlError> =>
        transactions
          .joined(Listen.notify(channel, payload))
          .pipe(Effect.provideService(PgClient.PgClient, pg), Effect.mapError(failed("notify"))),
      reserve: transactions.reserve,
      withTransaction: <A, E, R>(body: Effect.Effect<A, E, R>) => transactions.run(body),
      reactive: reactivity.stream,
      reactiveMailbox: reactivity.query
    } as const
    const over = (statements: SqlStatement.Constructor): Client<Extra> => {
      const client = Object.assign(statements, {
        ...own,
        ...extra,
        withoutTransforms: (): Client<Extra> => withoutTransforms ?? client
      }) as unknown as Client<Extra>
      return Object.assign(client, { safe: client })
    }
    const withoutTransforms =
      transformRows === undefined
        ? undefined
        : over(SqlStatement.make(transactions.acquirer, compiler.withoutTransform, attributes, undefined))
    return over(SqlStatement.make(transactions.acquirer, compiler, attributes, transformRows))
  })
