/**
 * The session through which a feed reads the catalogue: what its walsender's session reads of tables is what that would decode older
 * changes by. It is opened when it is needed, and closed with the feed or when it was not needed for a while.
 *
 * Behind one address there may be another server by then. What another cluster has under the same OIDs would be taken for tables and
 * types of the feed, so that each session is asked for its cluster first. A standby may have less of the log than the server whose
 * changes are read: it is waited for.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Statement from "../../model/Statement.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as Walsender from "../walsender/Walsender.js"

/** How long a session without a query is kept. */
const idleTime = "10 seconds"

export interface CatalogSession {
  /** Has the catalogue read only as it is where the log has been replayed up to this position. */
  readonly require: (position: Lsn) => void
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

/** How far a standby has replayed the log; NULL when the server is not a standby. */
export const replayQuery =
  "select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()::pg_catalog.text end as replayed"

/** How often a standby is asked that lags behind. */
const replayInterval = Duration.millis(100)

/** How far the server of the session has the log; `undefined` for a server that is no standby and has all of it. */
const replayedOf = (session: PgConnection): Effect.Effect<Lsn | undefined, PgSessionError> =>
  Effect.flatMap(session.parameter("in_hot_standby"), (isStandby) =>
    isStandby === "off"
      ? Effect.succeed(undefined)
      : Effect.flatMap(session.query(Statement.make(replayQuery)), ([row = {}]) => {
          const text = Walsender.textOf(row, "replayed")
          if (text === undefined) return Effect.succeed(undefined)
          const replayed = LsnText.fromText(text)
          return Option.isSome(replayed)
            ? Effect.succeed(replayed.value)
            : Effect.fail(Walsender.unreadable("replayed", replayQuery, "pg_lsn"))
        })
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
  /** How far its server is known to have the log; `undefined` when it has all of it. */
  replayed: Lsn | undefined
}

/** `cluster`: `undefined` as long as it is not known. */
export const make = (
  cluster: () => FeedCluster | undefined
): Effect.Effect<CatalogSession, never, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const connector = yield* PgConnector
    const outer = yield* Effect.scope
    let held: Held | undefined
    let required = LsnText.zero
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
        const opened: Held = {
          session,
          scope,
          running: 0,
          wasUsed: true,
          isVerified: false,
          replayed: LsnText.zero
        }
        held = opened
        // Not in the session's scope, whose closing would wait for it.
        yield* Effect.forkIn(Effect.interruptible(releaseIdle(opened)), outer)
        return opened
      })
    )
    const current: Effect.Effect<Held, PgOpenError> = Effect.suspend(() =>
      held === undefined ? acquire : Effect.succeed(held)
    )
    const verify = (held: Held, wanted: FeedCluster): Effect.Effect<void, CatalogError> =>
      Effect.suspend(() => {
        if (held.isVerified) return Effect.void
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
    const catchUp = (held: Held, slot: string): Effect.Effect<void, PgSessionError> =>
      Effect.gen(function* () {
        const behind = () => held.replayed !== undefined && held.replayed < required
        let isLogged = false
        while (behind()) {
          held.replayed = yield* replayedOf(held.session)
          if (held.replayed === undefined || !behind()) return
          if (!isLogged) {
            yield* Effect.logWarning(
              `the catalogue for slot ${slot} is read from a standby that has replayed the log up to ${LsnText.toText(held.replayed)}, and ` +
                `${LsnText.toText(required)} is needed: the feed waits`
            )
          }
          isLogged = true
          yield* Effect.sleep(replayInterval)
        }
      })
    const ready = (held: Held): Effect.Effect<void, CatalogError> =>
      Effect.suspend(() => {
        const wanted = cluster()
        return wanted === undefined
          ? Effect.void
          : Effect.zipRight(
              verify(held, wanted),
              Effect.suspend(() => catchUp(held, wanted.slot))
            )
      })
    return {
      require: (position) => {
        required = LsnText.max(required, position)
      },
      use: (query) => {
        const run = (held: Held) =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              held.running++
              held.wasUsed = true
            }),
            () => Effect.zipRight(ready(held), query(held.session)),
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
