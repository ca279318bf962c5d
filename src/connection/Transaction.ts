/**
 * The transaction primitive of one connection: BEGIN, the body, COMMIT; ROLLBACK when the body fails or is interrupted.
 *
 * @see https://www.postgresql.org/docs/current/tutorial-transactions.html
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import {
  PgClosedError,
  PgCommitUnknownError,
  PgServerError,
  PgTimeoutError,
  PgUsageError
} from "../model/PgError.js"
import type { PgSessionError } from "../model/PgError.js"
import * as ServerFields from "../model/ServerFields.js"
import * as Statement from "../model/Statement.js"
import * as OpenTransactions from "./OpenTransactions.js"
import * as Cleanup from "./session/Cleanup.js"
import { breakOff } from "./session/ConnectionEnd.js"
import type { ConnectionState } from "./session/ConnectionState.js"
import * as Exchange from "./session/Exchange.js"
import * as TransactionBlock from "./session/TransactionBlock.js"
import type { QueryResult } from "./statement/Query.js"
import type { WatchedOptions } from "./TransactionMode.js"
import * as TransactionMode from "./TransactionMode.js"
import { QueryRequest } from "./statement/Query.js"

/** What the server would only warn of, and the first COMMIT then store what both have done. */
const already = (sql: string): PgUsageError =>
  new PgUsageError({
    operation: "withTransaction",
    argument: "",
    reason:
      "a transaction is open on this connection already, and BEGIN was not sent: use another connection, a SAVEPOINT, " +
      "or PgClient.withTransaction, which nests",
    sql
  })

/** One of the statements around the body, under the deadline of every statement, if there is one. */
const command = (
  core: ConnectionState,
  sql: string,
  timeout?: Duration.Duration,
  patience?: Duration.Duration,
  onAnswer?: (answer: QueryResult) => void
): Effect.Effect<QueryResult, PgSessionError> => {
  const run = Exchange.run<QueryResult>(
    core,
    (outcome) => {
      const heard: typeof outcome =
        onAnswer === undefined
          ? outcome
          : (failure, result) => {
              if (failure === undefined) onAnswer(result)
              outcome(failure, result)
            }
      const request = new QueryRequest(Statement.make(sql), "array", heard, "withTransaction")
      if (core.transaction !== undefined) core.transaction.own = request
      return request
    },
    timeout,
    undefined,
    patience
  )
  return timeout === undefined ? run : Effect.interruptible(run)
}

/** COMMIT answered by ROLLBACK: the transaction had failed before, and nothing of it was stored. */
const rolledBack = (because: string | undefined): PgServerError =>
  new PgServerError({
    ...ServerFields.make({
      severity: "ERROR",
      code: "25P02",
      text: "COMMIT was answered by ROLLBACK: a statement of the transaction had failed, and nothing was stored",
      hint:
        because ??
        "A failed statement fails its transaction, also when its error was handled: use a savepoint to go on after one."
    }),
    sql: "commit"
  })

/** Whether the error leaves open what became of the COMMIT. */
const afterCommit = (error: PgSessionError): PgSessionError | PgCommitUnknownError => {
  switch (error._tag) {
    case "PgClosedError":
    case "PgTimeoutError":
      return error.sent ? new PgCommitUnknownError({ cause: error }) : error
    case "PgProtocolError":
      return new PgCommitUnknownError({ cause: error })
    case "PgServerError":
      // A session can be ended between the commit and its answer.
      return error.severity === "ERROR"
        ? error
        : new PgCommitUnknownError({
            cause: new PgClosedError({
              reason: "the server ended the session",
              sent: true,
              server: error,
              sql: error.sql
            })
          })
    default:
      return error
  }
}

/** COMMIT, which an interruption waits for: cancelling it would leave its outcome open. */
const commit = (
  core: ConnectionState,
  block: TransactionBlock.TransactionBlock,
  end: string,
  onCommit: (() => void) | undefined,
  timeout: Duration.Duration | undefined,
  restore: Restore
): Effect.Effect<void, PgSessionError | PgCommitUnknownError> =>
  Effect.suspend(() => {
    if (block.endedBy !== undefined) return Effect.fail(TransactionBlock.endedByBody(block.endedBy))
    const because = core.failedBecause
    const stored =
      onCommit === undefined
        ? undefined
        : ({ command: tag }: QueryResult): void => {
            if (tag.command !== "ROLLBACK" && block.endedBy === undefined) onCommit()
          }
    const answered =
      timeout === undefined
        ? restore(command(core, end, undefined, rollbackDeadline, stored))
        : Cleanup.withGrace(command(core, end, timeout, undefined, stored), rollbackDeadline, restore)
    return Effect.matchEffect(answered, {
      onFailure: (error) => Effect.fail(afterCommit(error)),
      onSuccess: ({ command: tag }): Effect.Effect<void, PgSessionError> =>
        // A statement before it on the wire may have ended the transaction.
        block.endedBy !== undefined
          ? Effect.fail(TransactionBlock.endedByBody(block.endedBy))
          : tag.command === "ROLLBACK"
            ? Effect.fail(rolledBack(because))
            : Effect.void
    })
  })

/** Interrupts the body of a transaction after the time. */
export const withinTime = <A, E, R>(
  body: Effect.Effect<A, E, R>,
  limit: Duration.DurationInput
): Effect.Effect<A, E | PgTimeoutError, R> =>
  Effect.timeoutFail(body, {
    duration: limit,
    onTimeout: () =>
      new PgTimeoutError({
        deadline: "transaction",
        millis: Duration.toMillis(limit),
        sent: true,
        during: "the body of a transaction"
      })
  })

type Restore = <B, F, S>(effect: Effect.Effect<B, F, S>) => Effect.Effect<B, F, S>

/**
 * How long a ROLLBACK may take before the connection is closed instead, which rolls back too; and how long a COMMIT under
 * way is waited for when its fiber has been interrupted, before it is cancelled.
 */
export const rollbackDeadline: Duration.Duration = Duration.seconds(10)

const tooLate = (core: ConnectionState): Effect.Effect<void> =>
  Effect.sync(() =>
    breakOff(
      core,
      new PgTimeoutError({
        deadline: "statement",
        millis: Duration.toMillis(rollbackDeadline),
        sent: true,
        during: "rollback"
      })
    )
  )

/**
 * ROLLBACK if there is something to roll back, or will be when a BEGIN under way is answered. A failure of it is not the
 * caller's: the connection's status shows it.
 */
const rollback = (core: ConnectionState): Effect.Effect<void> =>
  Effect.suspend(() =>
    core.ended === undefined && (core.session.status !== "I" || core.transaction?.own?.state === "sent")
      ? Cleanup.within(command(core, "rollback"), rollbackDeadline).pipe(
          Effect.flatMap((done) => (Option.isNone(done) ? tooLate(core) : Effect.void)),
          Effect.ignore
        )
      : Effect.void
  )

/**
 * Runs `body` in a transaction of this connection. An interruption waits for a COMMIT or ROLLBACK under way, at most
 * `rollbackDeadline`.
 *
 * Fails with what the body fails with; with `PgServerError` when BEGIN or COMMIT is refused (a deferred constraint, a
 * serialization failure); with `PgUsageError` when a statement of the body has ended the transaction, and, before anything
 * is sent, when an option is invalid or a transaction is open already; with
 * `PgCommitUnknownError` when the connection was lost, or `timeout` passed, after COMMIT had left. `timeout` is for BEGIN and
 * COMMIT each.
 */
export const run = <A, E, R>(
  core: ConnectionState,
  body: Effect.Effect<A, E, R>,
  options: WatchedOptions,
  timeout?: Duration.Duration
): Effect.Effect<A, E | PgSessionError | PgCommitUnknownError, R> =>
  Effect.uninterruptibleMask((restore) => {
    const around = TransactionMode.around(options)
    if (Either.isLeft(around)) return Effect.fail(around.left)
    const { begin, end, snapshot } = around.right
    if (core.transaction !== undefined || (core.ended === undefined && core.session.status !== "I")) {
      return Effect.fail(already(begin))
    }
    const begun = command(core, begin, timeout)
    const limited = options.timeout === undefined ? body : withinTime(body, options.timeout)
    const block = new TransactionBlock.TransactionBlock()
    core.transaction = block
    const over = (): void => {
      if (core.transaction === block) core.transaction = undefined
    }
    const whole = Effect.flatMap(
      Effect.zipRight(
        restore(snapshot === undefined ? begun : Effect.zipRight(begun, command(core, snapshot, timeout))),
        OpenTransactions.inside(core.facts.processId, limited, restore)
      ),
      (value) => Effect.as(commit(core, block, end, options.onCommit, timeout, restore), value)
    )
    return Effect.matchCauseEffect(whole, {
      onFailure: (cause) =>
        Effect.flatMap(rollback(core), () => {
          over()
          return Effect.failCause(cause)
        }),
      onSuccess: (value) => {
        over()
        return Effect.succeed(value)
      }
    })
  })
