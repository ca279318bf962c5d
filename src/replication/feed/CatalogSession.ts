/**
 * The session through which a feed reads the catalogue: what its walsender's session reads of tables is what that would decode older
 * changes by. It is opened when it is needed, and closed with the feed or when it was not needed for a while.
 *
 * Behind one address there may be another server by then. What another cluster has under the same OIDs would be taken for tables and
 * types of the feed, so that each session is asked for its cluster first.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import type { PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as Walsender from "../walsender/Walsender.js"

/** How long a session without a query is kept. */
const idleTime = "10 seconds"

export interface CatalogSession {
  /** Runs a query that may be repeated; once more through another session when the session is lost meanwhile. */
  readonly use: <A>(
    query: (session: PgConnection) => Effect.Effect<A, PgOpenError | PgSessionError>
  ) => Effect.Effect<A, CatalogError>
}

/** What reading the catalogue can fail with: `PgSlotError` (`diverged`) when it is that of another cluster. */
export type CatalogError = PgOpenError | PgSessionError | PgSlotError

/** The cluster whose changes are read, and the slot for the error. */
export interface FeedCluster {
  readonly slot: string
  readonly systemId: string
}

/** The identifier of the cluster that a session is on. */
export const systemQuery =
  "select system_identifier::pg_catalog.text as id from pg_catalog.pg_control_system()"

const systemOf = (
  session: PgConnection
): Effect.Effect<string | undefined, PgOpenError | PgSessionError, PgConnector> =>
  session.query(Statement.make(systemQuery)).pipe(
    Effect.map(([row = {}]) => Walsender.textOf(row, "id")),
    Effect.catchIf(
      (error) => error._tag === "PgServerError" && error.code === SqlState.insufficientPrivilege,
      () =>
        Effect.scoped(
          Effect.map(Effect.flatMap(Walsender.open, Walsender.identify), ({ systemId }) => systemId)
        )
    )
  )

interface Held {
  readonly session: PgConnection
  readonly scope: Scope.CloseableScope
  /** Queries that run. */
  running: number
  /** Whether a query was run since the session was looked at. */
  wasUsed: boolean
  /** Whether it is known to be on the cluster of the feed. */
  isVerified: boolean
}

/** `cluster`: `undefined` as long as it is not known. */
export const make = (
  cluster: () => FeedCluster | undefined
): Effect.Effect<CatalogSession, never, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
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
        const opened: Held = { session, scope, running: 0, wasUsed: true, isVerified: false }
        held = opened
        // Not in the session's scope, whose closing would wait for it.
        yield* Effect.forkIn(Effect.interruptible(releaseIdle(opened)), outer)
        return opened
      })
    )
    const current: Effect.Effect<Held, PgOpenError> = Effect.suspend(() =>
      held === undefined ? acquire : Effect.succeed(held)
    )
    const verify = (held: Held): Effect.Effect<void, CatalogError> =>
      Effect.suspend(() => {
        const wanted = cluster()
        if (wanted === undefined || held.isVerified) return Effect.void
        return Effect.flatMap(
          Effect.provideService(systemOf(held.session), PgConnector, connector),
          (systemId): Effect.Effect<void, PgSlotError> => {
            if (systemId === wanted.systemId) {
              held.isVerified = true
              return Effect.void
            }
            const detail = `its changes are of the cluster ${wanted.systemId}, and the catalogue is that of another cluster: ${systemId ?? "unknown"}`
            return Effect.zipRight(release(held), Effect.fail(SlotFailure.diverged(wanted.slot, detail)))
          }
        )
      })
    return {
      use: (query) => {
        const run = (held: Held) =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              held.running++
              held.wasUsed = true
            }),
            () => Effect.zipRight(verify(held), query(held.session)),
            () => Effect.sync(() => held.running--)
          )
        const once = Effect.flatMap(current, (held) =>
          Effect.catchAll(run(held), (error) =>
            Effect.flatMap(held.session.status, ({ state }) =>
              state === "broken" ? Effect.zipRight(release(held), Effect.fail(error)) : Effect.fail(error)
            )
          )
        )
        return Effect.catchAll(once, (error) =>
          held === undefined && error._tag !== "PgSlotError" ? once : Effect.fail(error)
        )
      }
    }
  })
