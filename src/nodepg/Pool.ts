/**
 * A pool of node-postgres' shape over `PgClient`: for libraries that take one. It lends connections of the client's pool, and closes nothing
 * of it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { EventEmitter } from "node:events"
import type { PgClientService } from "../client/ClientService.js"
import * as PgClient from "../client/PgClient.js"
import type { PgConfig } from "../config/PgConfig.js"
import * as PgConnector from "../connection/PgConnector.js"
import { PgUsageError } from "../model/PgError.js"
import { PoolClient } from "./PoolClient.js"
import type { QueryCallback, QueryFunction } from "./QueryFunction.js"
import { promised, queryFunction } from "./QueryFunction.js"
import type { QuerySession, TypeParsers } from "./QueryCall.js"
import * as QueryCall from "./QueryCall.js"

/** How a pool reads columns. */
export interface NodePoolOptions {
  /** Parsers of types for queries that give none. Default: as node-postgres reads them. */
  readonly types?: TypeParsers | undefined
}

/** Settings that libraries read of a pool. */
export interface PoolSettingsShown {
  readonly host: string
  readonly port: number
  readonly user: string | undefined
  readonly database: string | undefined
  readonly max: number
}

/** What `connect` gives to a callback. */
export type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (destroy?: boolean | Error) => void
) => void

const ended = new PgUsageError({
  operation: "connect",
  argument: "",
  reason: "the pool was ended by end(), and lends no more connections",
  sql: ""
})

/** Statements of the client itself, each on whatever connection there is. */
const sessionOf = (pg: PgClientService): QuerySession => ({
  execute: pg.execute,
  simple: (sql, options) =>
    Effect.scoped(Effect.flatMap(pg.connection, (connection) => connection.simple(sql, options)))
})

/**
 * The members of node-postgres' `Pool` that libraries use: `query`, `connect`, `end`, `options`, the counts, and the events `connect`, `acquire`,
 * `release` and `error`, which is never emitted: a connection that is lost while idle is replaced.
 */
export class Pool extends EventEmitter {
  readonly options: PoolSettingsShown
  readonly query: QueryFunction
  /** `end` was called. */
  ending = false
  /** `end` was called, and every client has been released. */
  ended = false
  private readonly lent = new Set<PoolClient>()
  private waiting = 0
  private onEmpty: (() => void) | undefined

  constructor(
    private readonly pg: PgClientService,
    config: PgConfig,
    private readonly types?: TypeParsers
  ) {
    super()
    const [first] = config.hosts
    this.options = {
      host: first.host === "" ? "localhost" : first.host,
      port: first.port,
      user: config.user,
      database: config.database ?? config.user,
      max: config.maxConnections
    }
    const session = sessionOf(pg)
    this.query = queryFunction(
      (call) => (this.ending ? Effect.fail(ended) : QueryCall.run(session, call)),
      types
    )
  }

  /** Clients that are lent. */
  get totalCount(): number {
    return this.lent.size
  }

  /** Always 0: idle connections are the client's pool's. */
  get idleCount(): number {
    return 0
  }

  /** Calls of `connect` that wait. */
  get waitingCount(): number {
    return this.waiting
  }

  private get lend(): Effect.Effect<PoolClient, Effect.Effect.Error<PgClientService["connection"]>> {
    return Effect.suspend(() => {
      if (this.ending) return Effect.fail(ended)
      this.waiting++
      return Effect.flatMap(Scope.make(), (scope) =>
        Scope.extend(this.pg.connection, scope).pipe(
          Effect.onError(() => Scope.close(scope, Exit.void)),
          Effect.ensuring(Effect.sync(() => this.waiting--)),
          Effect.map((connection) => {
            const client = new PoolClient(connection, scope, this.types, (client) => this.returned(client))
            this.lent.add(client)
            this.emit("connect", client)
            this.emit("acquire", client)
            return client
          })
        )
      )
    })
  }

  private returned(client: PoolClient): void {
    this.lent.delete(client)
    this.emit("release", undefined, client)
    if (this.lent.size === 0) this.onEmpty?.()
  }

  /** A connection, until it is released. */
  connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    return promised(
      this.lend,
      callback === undefined
        ? undefined
        : (error, client) => callback(error, client, (destroy) => client?.release(destroy))
    )
  }

  /** Lends no more connections, and waits for those that are lent. The `PgClient` below stays open: its scope closes it. */
  end(callback?: QueryCallback<void>): Promise<void> | undefined {
    this.ending = true
    const empty = Effect.async<void>((resume) => {
      const done = (): void => {
        this.ended = true
        resume(Effect.void)
      }
      if (this.lent.size === 0) return done()
      this.onEmpty = done
    })
    return promised(empty, callback)
  }
}

/** A pool over the `PgClient` and the connector of the context. */
export const make = (
  options: NodePoolOptions = {}
): Effect.Effect<Pool, never, PgClient.PgClient | PgConnector.PgConnector> =>
  Effect.map(
    Effect.all([PgClient.PgClient, PgConnector.PgConnector]),
    ([pg, { config }]) => new Pool(pg, config, options.types)
  )
