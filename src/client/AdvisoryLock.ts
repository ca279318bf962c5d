/**
 * Advisory locks: of the application's own meaning, kept by the server, for a scope or for a transaction.
 *
 * @see https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { PgConnection } from "../connection/PgConnection.js"
import { PgUsageError } from "../model/PgError.js"
import type { Statement } from "../model/Statement.js"
import * as Statements from "../model/Statement.js"
import type { PgClientError, PgClientService } from "./PgClient.js"
import { PgClient } from "./PgClient.js"

/**
 * What is locked: a number of 64 bits, two of 32, or a text, of which the server makes a number of 64 bits (`hashtextextended`). Equal numbers are the
 * same lock, from whatever text they come.
 */
export type LockKey = bigint | number | string | readonly [number, number]

/** How an advisory lock is held, and how long a call waits for it. */
export interface LockOptions {
  /** Whether others may hold it shared at the same time. Default false: one holder at a time. */
  readonly shared?: boolean
  /** Longest wait for the lock; then the call fails with `PgTimeoutError`. Default: the configuration's `statementTimeout`. */
  readonly timeout?: Duration.DurationInput
}

type LockFunction = "lock" | "try_lock" | "unlock" | "xact_lock" | "try_xact_lock"

const is32 = (number: number): boolean => number === (number | 0)

const refuse = (reason: string): PgUsageError =>
  new PgUsageError({ operation: "AdvisoryLock", argument: "key", reason, sql: "" })

/** Why the key is not valid. */
const defectOf = (key: LockKey): PgUsageError | undefined => {
  if (typeof key === "string") return undefined
  if (typeof key === "bigint")
    return BigInt.asIntN(64, key) === key ? undefined : refuse(`must fit into 64 bits, got ${key}`)
  if (typeof key === "number")
    return Number.isSafeInteger(key) ? undefined : refuse(`must be a whole number, got ${key}`)
  return key.length === 2 && key.every(is32)
    ? undefined
    : refuse(`must be two whole numbers of 32 bits, got ${JSON.stringify(key)}`)
}

const statementOf = (what: LockFunction, key: LockKey, { shared }: LockOptions): Statement => {
  const [parameters, values] =
    typeof key === "object"
      ? ["$1::int4, $2::int4", key]
      : typeof key === "string"
        ? ["pg_catalog.hashtextextended($1::text, 0)", [key]]
        : ["$1::int8", [BigInt(key)]]
  const name = `pg_${what.startsWith("try") ? `try_advisory_${what.slice(4)}` : `advisory_${what}`}`
  return Statements.make(
    `select pg_catalog.${name}${shared === true ? "_shared" : ""}(${parameters})::text`,
    values
  )
}

const timeoutOf = ({ timeout }: LockOptions) => (timeout === undefined ? {} : { timeout })

const checked = <A, E, R>(
  key: LockKey,
  use: (client: PgClientService) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | PgUsageError, R | PgClient> =>
  Effect.flatMap(PgClient, (client): Effect.Effect<A, E | PgUsageError, R> => {
    const defect = defectOf(key)
    return defect === undefined ? use(client) : Effect.fail(defect)
  })

/** Takes the lock on a connection of the scope's own, and gives it back with the scope. */
const onConnection = (
  what: "lock" | "try_lock",
  key: LockKey,
  options: LockOptions
): Effect.Effect<PgConnection | undefined, PgClientError, PgClient | Scope.Scope> =>
  checked(key, (client) =>
    Effect.gen(function* () {
      // A scope within the caller's: without the lock the connection goes back at once.
      const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
      const connection = yield* Scope.extend(client.connection, scope)
      const take = Effect.map(
        connection.values(statementOf(what, key, options), timeoutOf(options)),
        ([row]) => row?.[0] !== "false"
      )
      const release = Effect.ignore(connection.values(statementOf("unlock", key, options)))
      // An interruption can meet a lock that was granted in the same moment: the session's reset gives that back.
      const taken = yield* Effect.acquireRelease(Effect.interruptible(take), (isHeld) =>
        isHeld ? release : Effect.void
      ).pipe(Scope.extend(scope))
      if (taken) return connection
      yield* Scope.close(scope, Exit.void)
      return undefined
    })
  )

/**
 * Holds the lock until the scope closes, on a connection of the pool that is the scope's for as long; inside a transaction on the connection of the transaction. Waits
 * for the lock. Interrupting the wait cancels it. When the connection is lost the lock is lost: `withLock` notices that.
 */
export const hold = (
  key: LockKey,
  options: LockOptions = {}
): Effect.Effect<void, PgClientError, PgClient | Scope.Scope> =>
  Effect.asVoid(onConnection("lock", key, options))

/** As `hold`, without waiting: whether the lock is held now. */
export const tryHold = (
  key: LockKey,
  options: LockOptions = {}
): Effect.Effect<boolean, PgClientError, PgClient | Scope.Scope> =>
  Effect.map(onConnection("try_lock", key, options), (connection) => connection !== undefined)

/**
 * Runs the effect while the lock is held. When the connection that holds it is lost, the effect is interrupted and the whole fails with the reason, because
 * another session may have the lock by then.
 */
export const withLock =
  (key: LockKey, options: LockOptions = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | PgClientError, R | PgClient> =>
    Effect.acquireUseRelease(
      Scope.make(),
      (scope) =>
        Effect.flatMap(Scope.extend(onConnection("lock", key, options), scope), (connection) =>
          Effect.raceFirst(effect, Effect.flatMap(connection!.ended, Effect.fail))
        ),
      (scope, exit) => Scope.close(scope, exit)
    )

const outside = new PgUsageError({
  operation: "AdvisoryLock.inTransaction",
  argument: "",
  reason: "no transaction is open: call it inside withTransaction, or use AdvisoryLock.hold",
  sql: ""
})

const inOpen = (
  what: "xact_lock" | "try_xact_lock",
  key: LockKey,
  options: LockOptions
): Effect.Effect<boolean, PgClientError, PgClient> =>
  checked(key, (client) =>
    Effect.flatMap(client.inTransaction, (isInside) =>
      isInside
        ? Effect.map(
            client.values(statementOf(what, key, options), timeoutOf(options)),
            ([row]) => row?.[0] !== "false"
          )
        : Effect.fail(outside)
    )
  )

/**
 * Takes the lock for the transaction that the fiber is in; its COMMIT or ROLLBACK gives it back, as does the rollback of the nested transaction in which it was taken.
 * Waits for the lock; a `timeout` that passes fails the transaction. Outside a transaction it fails with `PgUsageError`.
 */
export const inTransaction = (
  key: LockKey,
  options: LockOptions = {}
): Effect.Effect<void, PgClientError, PgClient> => Effect.asVoid(inOpen("xact_lock", key, options))

/** As `inTransaction`, without waiting: whether the lock is held now. */
export const tryInTransaction = (
  key: LockKey,
  options: LockOptions = {}
): Effect.Effect<boolean, PgClientError, PgClient> => inOpen("try_xact_lock", key, options)
