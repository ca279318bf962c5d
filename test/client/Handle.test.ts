import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Handle from "../../src/client/Handle.js"
import { OpenTransaction } from "../../src/client/OpenTransaction.js"
import * as FiberRef from "effect/FiberRef"
import { SideChannels } from "../../src/connection/session/SideChannels.js"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import * as ServerFields from "../../src/model/ServerFields.js"

/** A session that reports what a test has it report. */
const session = () => {
  const side = new SideChannels({ offer: () => {}, lost: 0 })
  const connection = {
    notices: side.notices.subscribe,
    notifications: side.notifications.subscribe,
    parameterChanges: side.changes.subscribe
  } as unknown as PgConnection
  return { side, connection }
}

const reported = (side: SideChannels): void => {
  side.notice(ServerFields.make({ severity: "NOTICE", code: "00000", text: "for another user" }))
  side.notification({ processId: 7, channel: "c", payload: "for another user" })
  side.parameter("application_name", "another")
}

/** A handle, and what ends it. */
const ways = {
  "a lease": (connection: PgConnection) => {
    const lease = new Handle.Lease()
    return { handle: Handle.make(connection, lease), end: () => lease.end() }
  },
  "a transaction": (connection: PgConnection) => {
    const transaction = OpenTransaction.make(connection, "1 second")
    const current = FiberRef.unsafeMake<OpenTransaction | undefined>(undefined)
    const admission = Handle.inTransaction(transaction, current, new Handle.Lease())
    return { handle: Handle.make(connection, admission), end: () => transaction.end() }
  },
  "a scope in a transaction": (connection: PgConnection) => {
    const lease = new Handle.Lease()
    const current = FiberRef.unsafeMake<OpenTransaction | undefined>(undefined)
    const transaction = OpenTransaction.make(connection, "1 second")
    return {
      handle: Handle.make(connection, Handle.inTransaction(transaction, current, lease)),
      end: () => lease.end()
    }
  }
}

describe("what the session of a handle reports", () => {
  for (const [name, way] of Object.entries(ways)) {
    for (const kind of ["notices", "notifications", "parameterChanges"] as const) {
      it.scoped(
        `arrives until ${name} ends, and nothing of the connection's next user arrives: ${kind}`,
        () =>
          Effect.gen(function* () {
            const { connection, side } = session()
            const { end, handle } = way(connection)
            const heard: Array<unknown> = []
            const listen = Effect.flatMap(
              handle[kind] as Effect.Effect<Stream.Stream<unknown, unknown>, never, Scope.Scope>,
              (stream) => Stream.runForEach(stream, (each) => Effect.sync(() => heard.push(each)))
            )
            const before = yield* Effect.fork(Effect.either(listen))
            yield* Effect.repeatN(Effect.yieldNow(), 20)
            reported(side)
            yield* Effect.repeatN(Effect.yieldNow(), 20)
            assert.strictEqual(heard.length, 1)
            end()
            const ended = yield* Fiber.join(before)
            const after = yield* Effect.fork(Effect.either(listen))
            yield* Effect.repeatN(Effect.yieldNow(), 20)
            reported(side)
            for (const outcome of [ended, yield* Fiber.join(after)]) {
              assert.isTrue(Either.isLeft(outcome))
              if (Either.isLeft(outcome))
                assert.deepInclude(outcome.left, { _tag: "PgUsageError", operation: "connection" })
            }
            assert.strictEqual(heard.length, 1)
          })
      )
    }
  }

  it.effect("ends with the subscription's own scope without a failure", () =>
    Effect.gen(function* () {
      const { connection, side } = session()
      const { handle } = ways["a lease"](connection)
      const scope = yield* Scope.make()
      const stream = yield* Scope.extend(handle.notices, scope)
      reported(side)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Stream.runCollect(stream)).length, 1)
    })
  )
})
