/** A connection that comes back is made fit for the next user. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Cleanup from "../../connection/session/Cleanup.js"
import type { ConnectionStatus } from "../../connection/PgConnection.js"
import type { QueryResult } from "../../connection/statement/Query.js"
import { rollbackDeadline } from "../../connection/Transaction.js"
import * as Statement from "../../model/Statement.js"
import type { LeaseError } from "./LeaseError.js"
import type { PooledConnection } from "./PooledConnection.js"
import type { ConnectionHook, PoolOptions, PoolSettings } from "./PoolOptions.js"

/** What tidying needs of the pool. */
interface TidyingPool {
  readonly settings: PoolSettings
  readonly options: PoolOptions
  readonly counts: { resets: number }
}

/** Runs a hook; when it does not succeed, the connection is not lent again. */
export const hooked = (slot: PooledConnection, hook: ConnectionHook): Effect.Effect<unknown, LeaseError> =>
  Effect.onError(
    Effect.suspend(() => hook(slot.connection)),
    () =>
      Effect.sync(() => {
        slot.isSpoiled = true
      })
  )

const rollback = Statement.make("rollback")

/** How long a reset may take before the connection is closed instead. */
const resetDeadline = Duration.seconds(5)

/** How long statements that are not wanted any more may take to end, before the connection is closed instead. */
const quietDeadline = Duration.seconds(5)

export const needsReset = (
  { reset }: PoolSettings,
  slot: PooledConnection,
  { changed }: ConnectionStatus
): boolean => reset !== "none" && (slot.isLeased || changed)

/** The only value of a text's result. */
const valueOf = (results: ReadonlyArray<QueryResult>): unknown => {
  const row = results[0]?.rows[0]
  return row === undefined ? undefined : Object.values(row)[0]
}

/**
 * Whether an idle connection may be lent: asks it for an answer, for at most so many milliseconds. Where its server does not report
 * its role, the role is what it is asked for.
 */
export const answer = (
  { connection, session }: Pick<PooledConnection, "connection" | "session">,
  limit: number
): Effect.Effect<"fine" | "silent" | "role" | "broken"> =>
  Effect.flatMap(connection.status, ({ fits, state }) => {
    if (state === "broken") return Effect.succeed("broken" as const)
    if (!fits) return Effect.succeed("role" as const)
    const question = session?.roleQuestion
    return connection.simple(question?.sql ?? "").pipe(
      Effect.timeoutOption(Duration.millis(limit)),
      // With its answer the server reports a role that has changed meanwhile.
      Effect.zipWith(connection.status, (answered, after) => {
        if (Option.isNone(answered)) return "silent"
        const isWanted = question === undefined || valueOf(answered.value) === question.expected
        if (!after.fits || !isWanted) return "role"
        session?.trustRole()
        return "fine"
      }),
      Effect.orElseSucceed(() => "broken" as const)
    )
  })

/** Waits for the end of statements that are not wanted any more. */
export const quiet = ({ connection, session }: PooledConnection): Effect.Effect<void> =>
  Effect.suspend(() =>
    session?.isQuiet === false
      ? Effect.ignore(Cleanup.within(connection.simple(""), quietDeadline))
      : Effect.void
  )

/** Rolls back, resets and runs `onRelease`, as far as each is due. What fails makes the connection one that is not lent again. */
export const tidied = (
  pool: TidyingPool,
  slot: PooledConnection,
  before: ConnectionStatus
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { connection } = slot
    const { onRelease } = pool.options
    if (before.state === "busy" && before.inFlight === 0 && before.transaction !== "I") {
      yield* Effect.logWarning("a connection came back to the pool inside a transaction; it was rolled back")
      yield* Effect.ignore(Cleanup.within(connection.query(rollback), rollbackDeadline))
    }
    const { reset } = pool.settings
    if (reset !== "none" && needsReset(pool.settings, slot, yield* connection.status)) {
      pool.counts.resets++
      const done = yield* Cleanup.within(Effect.exit(connection.reset(reset)), resetDeadline)
      if (Option.isNone(done) || Exit.isFailure(done.value)) {
        slot.isSpoiled = true
        yield* Effect.logWarning(
          "a session could not be reset, and its connection is closed",
          Option.getOrElse(done, () => "no answer in time")
        )
      }
    }
    slot.isLeased = false
    if (onRelease !== undefined && !slot.isSpoiled) {
      const run = Effect.catchAllCause(hooked(slot, onRelease), (cause) =>
        Effect.logWarning("onRelease has failed, and the connection is closed", cause)
      )
      yield* run
    }
  })
