/**
 * The session through which a feed reads the catalogue: what its walsender's session reads of tables is what that would decode older
 * changes by. It is opened when it is needed, and closed with the feed or when it was not needed for a while.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type { PgOpenError, PgSessionError } from "../../model/PgError.js"

/** How long a session without a query is kept. */
const idleTime = "10 seconds"

export interface CatalogSession {
  /** Runs a query that may be repeated; once more through another session when the session is lost meanwhile. */
  readonly use: <A>(
    query: (session: PgConnection) => Effect.Effect<A, PgSessionError>
  ) => Effect.Effect<A, PgOpenError | PgSessionError>
}

interface Held {
  readonly session: PgConnection
  readonly scope: Scope.CloseableScope
  /** Queries that run. */
  running: number
  /** Whether a query was run since the session was looked at. */
  wasUsed: boolean
}

export const make: Effect.Effect<CatalogSession, never, PgConnector | Scope.Scope> = Effect.gen(function* () {
  const connector = yield* PgConnector
  const outer = yield* Effect.scope
  let held: Held | undefined
  const release = (session: Held): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (held === session) held = undefined
      return Scope.close(session.scope, Exit.void)
    })
  const releaseIdle = (session: Held): Effect.Effect<void> =>
    Effect.suspend(() => {
      const isIdle = session.running === 0 && !session.wasUsed
      session.wasUsed = false
      return isIdle ? release(session) : Effect.delay(releaseIdle(session), idleTime)
    })
  const acquire: Effect.Effect<Held, PgOpenError> = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const scope = yield* Scope.fork(outer, outer.strategy)
      const session = yield* restore(Scope.extend(connector.open(), scope)).pipe(
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      const opened: Held = { session, scope, running: 0, wasUsed: true }
      held = opened
      // Not in the session's scope, whose closing would wait for it.
      yield* Effect.forkIn(Effect.interruptible(releaseIdle(opened)), outer)
      return opened
    })
  )
  const current: Effect.Effect<Held, PgOpenError> = Effect.suspend(() =>
    held === undefined ? acquire : Effect.succeed(held)
  )
  return {
    use: (query) => {
      const run = (held: Held) =>
        Effect.acquireUseRelease(
          Effect.sync(() => {
            held.running++
            held.wasUsed = true
          }),
          () => query(held.session),
          () => Effect.sync(() => held.running--)
        )
      const once = Effect.flatMap(current, (held) =>
        Effect.catchAll(run(held), (error) =>
          Effect.flatMap(held.session.status, ({ state }) =>
            state === "broken" ? Effect.zipRight(release(held), Effect.fail(error)) : Effect.fail(error)
          )
        )
      )
      return Effect.catchAll(once, (error) => (held === undefined ? once : Effect.fail(error)))
    }
  }
})
