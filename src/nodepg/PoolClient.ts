/** A connection of the pool as node-postgres lends it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Identifier from "../model/Identifier.js"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Either from "effect/Either"
import { EventEmitter } from "node:events"
import type { PgConnection } from "../connection/PgConnection.js"
import { PgUsageError } from "../model/PgError.js"
import { PgSqlError } from "./DatabaseError.js"
import type { QueryCallback, QueryFunction } from "./QueryFunction.js"
import { promised, queryFunction } from "./QueryFunction.js"
import type { TypeParsers } from "./QueryCall.js"
import * as QueryCall from "./QueryCall.js"

const released = new PgUsageError({
  operation: "release",
  argument: "",
  reason: "the client has been released already",
  sql: ""
})

/** Events of a client that come from the server, and are listened to when a program does. */
const fromServer: ReadonlySet<unknown> = new Set(["notification", "notice"])

/**
 * A connection, until `release`. Emits `notification` (`{ channel, payload, processId }`), `notice`, and when the session ends `error` (to those
 * who listen) and `end`.
 */
export class PoolClient extends EventEmitter {
  /** The server's process id. */
  readonly processID: number | undefined
  private isReleased = false
  private listening: Fiber.RuntimeFiber<unknown, unknown> | undefined
  private readonly watching: Fiber.RuntimeFiber<unknown, unknown>
  readonly query: QueryFunction

  constructor(
    private readonly connection: PgConnection,
    private readonly scope: Scope.CloseableScope,
    types: TypeParsers | undefined,
    private readonly onRelease: (client: PoolClient) => void
  ) {
    super()
    this.processID = connection.facts.processId
    this.query = queryFunction(
      (call) => QueryCall.run(connection, call),
      types,
      (cursor) => cursor.attach(connection)
    )
    this.watching = Effect.runFork(
      Effect.map(connection.ended, (error) => {
        if (this.isReleased) return
        if (this.listenerCount("error") > 0) this.emit("error", new PgSqlError(error))
        this.emit("end")
      })
    )
    this.on("newListener", (event) => {
      if (fromServer.has(event)) this.listen()
    })
  }

  /** Emits what the server sends unasked from now on. */
  private listen(): void {
    if (this.listening !== undefined || this.isReleased) return
    const { connection } = this
    const emitting = Effect.scoped(
      Effect.flatMap(Effect.all([connection.notifications, connection.notices]), ([notifications, notices]) =>
        Effect.all(
          [
            Stream.runForEach(notifications, (one) => Effect.sync(() => this.emit("notification", one))),
            Stream.runForEach(notices, (one) => Effect.sync(() => this.emit("notice", one)))
          ],
          { concurrency: 2, discard: true }
        )
      )
    )
    this.listening = Effect.runFork(Effect.ignore(emitting))
  }

  /** Gives the connection back to the pool; with `true` or an error the session is ended. A second call throws. */
  release(destroy?: boolean | Error): void {
    if (this.isReleased) throw new PgSqlError(released)
    this.isReleased = true
    this.removeAllListeners()
    const ending =
      destroy === undefined || destroy === false
        ? Effect.void
        : Effect.ignore(this.connection.simple("select pg_terminate_backend(pg_backend_pid())"))
    const watchers = this.listening === undefined ? [this.watching] : [this.watching, this.listening]
    Effect.runFork(
      Fiber.interruptAll(watchers).pipe(
        Effect.zipRight(ending),
        Effect.zipRight(Scope.close(this.scope, Exit.void)),
        Effect.ensuring(Effect.sync(() => this.onRelease(this)))
      )
    )
  }

  /** The connection is open already; accepted as node-postgres has it. */
  connect(callback?: QueryCallback<void>): Promise<void> | undefined {
    return promised(Effect.void, callback)
  }

  /** A name in quotes. Throws when it cannot be a name. */
  escapeIdentifier(name: string): string {
    return Either.getOrThrowWith(
      Identifier.quote(name),
      (defect) =>
        new PgSqlError(
          new PgUsageError({
            operation: "escapeIdentifier",
            argument: "name",
            reason: `must be a name: ${defect}`,
            sql: ""
          })
        )
    )
  }

  /** A text as a literal. */
  escapeLiteral(text: string): string {
    const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`
    return text.includes("\\") ? ` E${quoted}` : quoted
  }
}
