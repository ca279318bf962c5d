/**
 * Random programs of users of a pool, run in virtual time and in an order that follows from a seed, with what must hold whatever
 * they do: no connection is held twice, there are never too many, every call is served or fails, and all come back.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { ConnectionPool } from "../../../src/client/pool/ConnectionPool.js"
import type { PoolOptions } from "../../../src/client/pool/PoolOptions.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import { Simulation } from "../../../src/Testing.js"
import { fakeConnector, lost, refused } from "./fakeConnector.js"

const chance = (of: number): Effect.Effect<boolean> => Effect.map(Random.next, (drawn) => drawn < of)
/** In steps of ten, so that much happens at the same moment and the seed decides what is first. */
const upTo = (millis: number): Effect.Effect<number> =>
  Effect.map(Random.nextIntBetween(0, millis / 10 + 1), (steps) => steps * 10)
const sleep = (millis: number): Effect.Effect<void> =>
  Effect.flatMap(upTo(millis), (time) => Effect.sleep(time))

/** One program, of the size and with the settings that `Random` draws. Dies with what does not hold. */
export const poolProgram: Effect.Effect<void> = Effect.gen(function* () {
  const most = yield* Random.nextIntBetween(1, 4)
  const { connector, control, states, transactions, wires } = fakeConnector(most)
  const badNetwork = (yield* chance(0.6)) ? 0 : 0.25
  control.opening = Effect.gen(function* () {
    yield* sleep(40)
    if (yield* chance(badNetwork)) return yield* Effect.fail(refused)
  })
  control.answering = Effect.gen(function* () {
    yield* sleep(10)
    if (yield* chance(badNetwork)) return yield* Effect.fail(lost)
    if (yield* chance(badNetwork / 2)) return yield* Effect.never
  })

  const held = new Set<PgConnection>()
  /** Calls that have no connection yet, in the order in which they asked. */
  const waiting = new Set<Fiber.RuntimeFiber<void, unknown>>()
  const wrong: Array<string> = []
  const take = (connection: PgConnection): void => {
    if (held.has(connection)) wrong.push("a connection is held twice")
    if (states.get(connection) === "broken") wrong.push("a closed connection is lent")
    if ((transactions.get(connection) ?? "I") !== "I") wrong.push("a connection in a transaction is lent")
    if ((wires.get(connection)?.running ?? 0) > 0)
      wrong.push("a connection with statements of others is lent")
    held.add(connection)
  }
  /** A single statement; the session is asked when it is written. */
  const asked = (connection: PgConnection): void => {
    if (held.has(connection))
      wrong.push("a statement is sent on a connection that another call has for itself")
    if ((transactions.get(connection) ?? "I") !== "I") wrong.push("a statement is sent inside a transaction")
    const most = sharing === 0 ? 1 : sharing === 1 ? 16 : depth
    if ((wires.get(connection)?.running ?? 0) > most)
      wrong.push("more statements share a connection than depth")
  }
  control.onStatement = asked
  control.sending = Effect.whenEffect(Effect.yieldNow(), chance(0.5))
  const hook = Effect.gen(function* () {
    if (yield* chance(0.05)) return yield* Effect.fail(lost)
    if (yield* chance(0.05)) return yield* Effect.die("a hook has died")
  })
  const depth = yield* Random.nextIntBetween(1, 4)
  const sharing = yield* Random.nextIntBetween(0, 3)
  control.isShareable = !(yield* chance(0.1))
  const options: PoolOptions = {
    ...(sharing === 0 ? {} : { multiplex: sharing === 1 ? "whenBusy" : { depth } }),
    min: (yield* chance(0.3)) ? 1 : 0,
    acquireTimeout: 200,
    checkAfter: 50,
    checkTimeout: 30,
    idleTimeout: 300,
    maxLifetime: 2000,
    ...((yield* chance(0.3)) ? { maxUses: 3 } : {}),
    ...((yield* chance(0.3)) ? { maxWaiting: 4 } : {}),
    ...((yield* chance(0.3)) ? { onOpen: () => hook } : {}),
    ...(sharing === 0 && (yield* chance(0.3)) ? { onAcquire: () => hook, onRelease: () => hook } : {})
  }
  const scope = yield* Scope.make()
  const pool = yield* Scope.extend(ConnectionPool.make(connector, options), scope)
  let bound = most
  const check = (): void => {
    const { idle, inUse, opening, size } = pool.statistics
    if (size > bound) wrong.push(`${size} connections, and ${bound} are allowed`)
    if (idle + inUse + opening > size)
      wrong.push("more connections are idle, lent and being opened than there are")
    if (held.size > inUse) wrong.push("a connection is held that the pool has not lent")
  }

  const body = (connection: PgConnection): Effect.Effect<void, typeof lost> =>
    Effect.acquireUseRelease(
      Effect.withFiberRuntime<void>((fiber) => {
        waiting.delete(fiber as Fiber.RuntimeFiber<void, unknown>)
        return Effect.sync(() => take(connection))
      }),
      () =>
        Effect.gen(function* () {
          yield* sleep(30)
          // An interruption that meets a hand-over: a call that waits is given up while a connection comes back.
          if (yield* chance(0.3)) {
            const [oldest] = waiting
            if (oldest !== undefined) oldest.unsafeInterruptAsFork(oldest.id())
          }
          if (yield* chance(0.1)) states.set(connection, "broken")
          else if (yield* chance(0.1)) {
            states.set(connection, "busy")
            transactions.set(connection, "T")
          }
          if (yield* chance(0.1)) return yield* Effect.fail(lost)
          if (yield* chance(0.05)) return yield* Effect.die("a body has died")
        }),
      () =>
        Effect.sync(() => {
          held.delete(connection)
          check()
        })
    )
  const statement = pool.share((each) =>
    Effect.withFiberRuntime<ReadonlyArray<unknown>, PgSessionError>((fiber) => {
      waiting.delete(fiber as Fiber.RuntimeFiber<void, unknown>)
      // A server that gives no answer is given up, as by the deadline of a statement.
      return Effect.timeoutFail(each.query(Statement.make("select")), {
        duration: 100,
        onTimeout: () => lost
      })
    })
  )
  /** A statement that is sent when a connection comes free, without a fiber that takes the connection. */
  const queued = Effect.timeoutFail(pool.single.query(Statement.make("select")), {
    duration: 300,
    onTimeout: () => lost
  })
  const call = Effect.gen(function* () {
    const isLease = yield* chance(0.3)
    const isStatement = yield* chance(0.6)
    const work = isStatement
      ? Effect.asVoid(sharing > 0 ? statement : queued)
      : isLease
        ? Effect.scoped(Effect.flatMap(pool.lease, body))
        : pool.use(body)
    const asked = Effect.withFiberRuntime<void, unknown>((fiber) => {
      const mine = fiber as Fiber.RuntimeFiber<void, unknown>
      waiting.add(mine)
      return Effect.ensuring(
        work,
        Effect.sync(() => waiting.delete(mine))
      )
    }) as typeof work
    const limited = (yield* chance(0.3)) ? Effect.timeout(asked, yield* upTo(60)) : asked
    const exit = yield* Effect.exit(limited)
    check()
    const isLate =
      Exit.isFailure(exit) &&
      exit.cause._tag === "Fail" &&
      exit.cause.error._tag === "PgTimeoutError" &&
      exit.cause.error.deadline === "acquire"
    const { idle, lastFailure, max, opening, size } = pool.statistics
    if (Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error._tag === "PgUsageError")
      wrong.push(`a call is refused: ${exit.cause.error.message}`)
    if (!isLate || opening > 0) return
    if (idle > 0 && size <= max) wrong.push("a call waits too long beside an idle connection")
    if (size < max && lastFailure === undefined)
      wrong.push("a call waits too long, and no connection is opened although there is room")
  })
  const user = Effect.gen(function* () {
    yield* sleep(50)
    const calls = yield* Random.nextIntBetween(1, 6)
    for (let n = 0; n < calls; n++) {
      const fiber = yield* Effect.fork(call)
      if (yield* chance(0.2)) {
        yield* sleep(40)
        yield* Fiber.interrupt(fiber)
      } else yield* Fiber.await(fiber)
      yield* sleep(30)
    }
  })
  const manager = Effect.gen(function* () {
    yield* sleep(400)
    if (yield* chance(0.2)) yield* pool.expire
    if (yield* chance(0.2)) yield* Simulation.freeze(500)
    if (yield* chance(0.2)) {
      const max = yield* Random.nextIntBetween(1, 6)
      bound = Math.max(bound, max)
      yield* pool.resize(max)
    }
  })
  const users = yield* Random.nextIntBetween(1, 13)
  yield* Effect.all([manager, ...Array.from({ length: users }, () => user)], {
    concurrency: "unbounded",
    discard: true
  }).pipe(Effect.catchAllCause((cause) => Effect.sync(() => wrong.push(String(cause)))))

  // Cleaning goes on behind the users' backs; nothing else does.
  yield* Effect.sleep("20 seconds")
  const { idle, inUse, opening, size, ...others } = pool.statistics
  if (inUse + others.waiting + held.size > 0)
    wrong.push(`${inUse} in use, ${others.waiting} wait, ${held.size} are held at the end`)
  if (opening === 0 && idle !== size) wrong.push(`${size} connections, and only ${idle} are idle at the end`)
  yield* Scope.close(scope, Exit.void)
  if (pool.statistics.size > 0) wrong.push("a connection outlives its pool")
  const left = [...states.values()].filter((state) => state !== "broken").length
  if (left > 0) wrong.push(`${left} sessions are open when the pool is closed`)
  if (wrong.length > 0) yield* Effect.die(new Error(wrong.join("; ")))
}).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.None))

/** Runs so many programs, each with a seed of its own. */
export const explorePool = (runs: number, seed: number): Effect.Effect<void, Simulation.SimulationFailure> =>
  Simulation.explore(poolProgram, { runs, seed })
