/** A connector whose sessions a test can lose, silence and notify. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import * as PgConfig from "../../../src/config/PgConfig.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import type { OpenOverrides, PgConnector } from "../../../src/connection/PgConnector.js"
import type { Notification } from "../../../src/model/Notification.js"
import { PgClosedError, PgConnectError, PgTimeoutError } from "../../../src/model/PgError.js"
import type { PgOpenError, PgSessionError } from "../../../src/model/PgError.js"
import { lossless } from "../../../src/types/Registry.js"

export const lostError = new PgClosedError({
  reason: "cut by a test",
  sent: false,
  server: undefined,
  sql: ""
})

/** No server is there for the moment. */
export const unreachable = new PgConnectError({
  attempts: [
    {
      address: "db:5432",
      phase: "socket",
      cause: { _tag: "TransportFailure", code: "ECONNREFUSED", message: "connection refused" }
    }
  ]
})

export class FakeSession {
  processId = 0
  /** Why it refuses to listen. */
  refuses: PgSessionError | undefined
  readonly commands: Array<string> = []
  /** A server that takes everything and answers nothing. */
  isSilent = false
  isClosed = false
  dropped = 0
  private readonly ending = Effect.runSync(Deferred.make<PgSessionError>())
  private readonly mailbox = Effect.runSync(Mailbox.make<Notification, PgSessionError>())

  lose(error: PgSessionError = lostError): void {
    Deferred.unsafeDone(this.ending, Effect.succeed(error))
    this.mailbox.unsafeDone(Exit.fail(error))
  }
  notify(channel: string, payload: string): void {
    this.mailbox.unsafeOffer({ processId: this.processId, channel, payload })
  }

  readonly connection: PgConnection = {
    facts: Object.defineProperty({}, "processId", { get: () => this.processId }),
    ended: Deferred.await(this.ending),
    notifications: Effect.succeed(Mailbox.toStream(this.mailbox)),
    losses: Effect.sync(() => ({ notices: 0, notifications: this.dropped, parameterChanges: 0 })),
    simple: (sql: string, options?: { readonly timeout?: number }) =>
      Effect.suspend((): Effect.Effect<ReadonlyArray<never>, PgSessionError> => {
        this.commands.push(sql)
        if (this.refuses !== undefined && sql.startsWith("listen")) return Effect.fail(this.refuses)
        if (!this.isSilent) return Effect.as(Effect.yieldNow(), [])
        const answer = Effect.map(Deferred.await(this.ending), () => [])
        return options?.timeout === undefined
          ? answer
          : Effect.timeoutFail(answer, {
              duration: options.timeout,
              onTimeout: () =>
                new PgTimeoutError({ deadline: "statement", millis: 0, sent: true, during: "" })
            })
      })
  } as unknown as PgConnection
}

export class FakeSessions {
  readonly sessions: Array<FakeSession> = []
  /** Why the next openings fail, one each. */
  readonly failures: Array<PgOpenError> = []
  /** Why the next session refuses to listen. */
  refuses: PgSessionError | undefined
  attempts = 0
  overrides: OpenOverrides | undefined

  get last(): FakeSession {
    return this.sessions.at(-1)!
  }

  readonly connector: PgConnector["Type"] = {
    config: Either.getOrThrow(PgConfig.make({})),
    types: lossless,
    findTypes: () => Effect.succeed(lossless),
    refreshTypes: Effect.void,
    open: (overrides): Effect.Effect<PgConnection, PgOpenError, Scope.Scope> =>
      Effect.acquireRelease(
        Effect.suspend(() => {
          this.attempts++
          this.overrides = overrides
          const failure = this.failures.shift()
          if (failure !== undefined) return Effect.fail(failure)
          const session = new FakeSession()
          session.processId = this.sessions.length + 1
          session.refuses = this.refuses
          this.refuses = undefined
          this.sessions.push(session)
          return Effect.succeed(session)
        }),
        (session) => Effect.sync(() => (session.isClosed = true))
      ).pipe(Effect.map(({ connection }) => connection))
  }
}
