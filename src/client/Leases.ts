/**
 * Connections for exclusive use, from Effect's own pool. A connection goes back clean or not at all: an open
 * transaction is rolled back, and what cannot be cleaned is closed and replaced.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Pool from "effect/Pool"
import * as Scope from "effect/Scope"
import * as Aftermath from "../connection/Aftermath.js"
import type { PgConnection } from "../connection/PgConnection.js"
import type { PgConnector } from "../connection/PgConnector.js"
import { rollbackDeadline } from "../connection/Transaction.js"
import { PgTimeoutError } from "../model/PgError.js"
import type { PgOpenError } from "../model/PgError.js"
import * as Statement from "../model/Statement.js"
import { Gate } from "./Gate.js"

export interface Leases {
  /** A connection until the scope closes. Interrupting the wait gives the place back. */
  readonly lease: Effect.Effect<PgConnection, PgOpenError | PgTimeoutError, Scope.Scope>
}

const rollback = Statement.make("rollback")

/** Makes the connection fit for the next user, or has it replaced. */
const tidy = (
  pool: Pool.Pool<PgConnection, PgOpenError>,
  connection: PgConnection
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const before = yield* connection.status
    if (before.state === "clean") return
    if (before.state === "busy" && before.inFlight === 0 && before.transaction !== "I") {
      yield* Effect.logWarning("a connection came back to the pool inside a transaction; it was rolled back")
      yield* Effect.ignore(Aftermath.within(connection.query(rollback), rollbackDeadline))
    }
    const after = yield* connection.status
    if (after.state !== "clean") yield* Pool.invalidate(pool, connection)
  })

export const make = (
  connector: PgConnector["Type"],
  acquireTimeout: Duration.DurationInput
): Effect.Effect<Leases, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pool = yield* Pool.makeWithTTL({
      acquire: connector.open(),
      min: 0,
      max: connector.config.maxConnections,
      timeToLive: Duration.minutes(10)
    })
    // Effect's pool wakes every waiter for each connection that comes back; behind the gate it never has any.
    const gate = new Gate(connector.config.maxConnections)
    // A broken connection goes back at once, by a scope of its own: held on to, it would keep its place in the pool.
    const take: Effect.Effect<PgConnection, PgOpenError, Scope.Scope> = Effect.uninterruptibleMask(
      (restore) =>
        Effect.gen(function* () {
          const outer = yield* Effect.scope
          for (;;) {
            const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
            const taken = yield* Effect.exit(restore(Scope.extend(Pool.get(pool), scope)))
            if (Exit.isSuccess(taken) && (yield* taken.value.status).state !== "broken") return taken.value
            if (Exit.isSuccess(taken)) yield* Pool.invalidate(pool, taken.value)
            yield* Scope.close(scope, Exit.void)
            if (Exit.isFailure(taken)) return yield* taken
          }
        })
    )
    const patience = Effect.timeoutFail({
      duration: acquireTimeout,
      onTimeout: () =>
        new PgTimeoutError({
          deadline: "acquire",
          millis: Duration.toMillis(acquireTimeout),
          sent: false,
          during: `waiting for a connection: all ${gate.places} of the pool are in use, ${gate.waiting} others wait`
        })
    })
    const lease = Effect.uninterruptibleMask((restore) =>
      Effect.tap(restore(Effect.zipRight(gate.enter(patience), take)), (connection) =>
        Effect.addFinalizer(() => tidy(pool, connection))
      )
    )
    return { lease }
  })
