/** A database in memory that a client can use: one table, transactions and savepoints, answers in the order of asking. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import type { PgClientOptions, PgClientService } from "../../src/client/PgClient.js"
import * as PgClient from "../../src/client/PgClient.js"
import * as PgConfig from "../../src/config/PgConfig.js"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import { PgConnector } from "../../src/connection/PgConnector.js"
import type { Statement } from "../../src/model/Statement.js"
import { lossless } from "../../src/types/Registry.js"

export class FakeDatabase {
  /** The committed rows. */
  stored: ReadonlyArray<string> = []
  /** Every text, by the number of its session. */
  readonly log: Array<string> = []
  private sessions = 0
  /** Turns of the scheduler until an answer. */
  latency = 1

  readonly open = Effect.acquireRelease(
    Effect.sync(() => new FakeSession(this, ++this.sessions).connection),
    () => Effect.void
  )
}

class FakeSession {
  private rows: Array<string> | undefined
  private savepoints: Array<{ readonly name: string; readonly rows: number }> = []

  constructor(
    private readonly database: FakeDatabase,
    private readonly number: number
  ) {}

  /** Does it when it is asked for, and answers later. */
  private ask(sql: string): Effect.Effect<ReadonlyArray<never>, Error> {
    return Effect.suspend(() => {
      const failure = sql
        .split("; ")
        .map((each) => this.execute(each))
        .find((outcome) => outcome !== undefined)
      const answer = failure === undefined ? Effect.succeed([]) : Effect.fail(new Error(failure))
      return Effect.zipRight(Effect.repeatN(Effect.yieldNow(), this.database.latency), answer)
    })
  }

  private execute(sql: string): string | undefined {
    this.database.log.push(`${this.number}: ${sql}`)
    const name = sql.split(" ").at(-1)!
    const at = this.savepoints.findLastIndex((each) => each.name === name)
    if (sql === "begin") this.rows = [...this.database.stored]
    else if (sql === "commit" || sql === "rollback") {
      if (sql === "commit") this.database.stored = this.rows ?? []
      this.rows = undefined
      this.savepoints = []
    } else if (sql.startsWith("savepoint")) this.savepoints.push({ name, rows: this.rows?.length ?? 0 })
    else if (sql.startsWith("release") || sql.startsWith("rollback to")) {
      if (at < 0 || this.rows === undefined) return `no savepoint ${name}`
      const kept = sql.startsWith("release") ? at : at + 1
      if (sql.startsWith("rollback")) this.rows.length = this.savepoints[at]!.rows
      this.savepoints.length = kept
    } else if (this.rows === undefined) this.database.stored = [...this.database.stored, sql]
    else this.rows.push(sql)
    return undefined
  }

  readonly connection = {
    status: Effect.sync(() => ({
      state: this.rows === undefined ? "clean" : "busy",
      inFlight: 0,
      transaction: this.rows === undefined ? "I" : "T"
    })),
    query: (statement: Statement) => this.ask(statement.sql),
    simple: (sql: string) => this.ask(sql),
    reset: () => Effect.void,
    withTransaction: (body: Effect.Effect<unknown, unknown>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Effect.zipRight(this.ask("begin"), Effect.exit(restore(body))), (exit) =>
          Effect.zipRight(this.ask(exit._tag === "Success" ? "commit" : "rollback"), exit)
        )
      )
  } as unknown as PgConnection
}

/** A client of the database. */
export const clientOf = (
  database: FakeDatabase,
  options: PgClientOptions = {},
  maxConnections = 10
): Effect.Effect<PgClientService, never, Scope.Scope> =>
  Effect.provideService(PgClient.make(options), PgConnector, {
    config: Either.getOrThrow(PgConfig.make({ maxConnections })),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: () => database.open
  })
