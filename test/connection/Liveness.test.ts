import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { fromCore } from "../../src/connection/PgConnection.js"
import * as ScriptedServer from "../../src/testing/ScriptedServer.js"
import { opening } from "./scripted.js"

const { expect: expects, repeat, send } = ScriptedServer
const limit = { silenceLimit: "8 seconds" } as const
const check = expects({ _tag: "Query", sql: "" })
const answer = send({ _tag: "EmptyQueryResponse" }, ScriptedServer.readyForQuery())

const connected = (...script: ReadonlyArray<ScriptedServer.Script | ScriptedServer.Step>) =>
  Effect.gen(function* () {
    const { outcome, server } = yield* opening([[ScriptedServer.startup(), ...script]], "", limit)
    return { connection: fromCore(yield* outcome, undefined), server }
  })

/** Time in small steps, so that answers come between the looks. */
const pass = (seconds: number) =>
  Effect.gen(function* () {
    for (let at = 0; at < seconds; at++) {
      yield* TestClock.adjust("1 second")
      for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow()
    }
  })

describe("a limit on silence", () => {
  it.scoped("asks an idle connection, and leaves it alone as long as it answers (TRP-020)", () =>
    Effect.gen(function* () {
      const { connection, server } = yield* connected(repeat(check, answer))
      yield* pass(60)
      assert.deepInclude(yield* connection.status, { state: "clean" })
      const checks = server.connections()[0]!.received.filter(({ _tag }) => _tag === "Query").length
      assert.isAtLeast(checks, 6)
      assert.isAtMost(checks, 16)
    })
  )

  it.scoped("ends an idle connection whose peer does not answer any more", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected(check)
      const ended = yield* Effect.fork(connection.ended)
      yield* pass(4 + 8 + 3)
      assert.deepInclude(yield* Fiber.join(ended), {
        _tag: "PgTimeoutError",
        deadline: "silence",
        millis: 8000
      })
    })
  )

  it.scoped("ends a connection that owes an answer, not before the limit and not long after", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected(expects({ _tag: "Query", sql: "select pg_sleep(1000)" }))
      const query = yield* Effect.fork(Effect.exit(connection.simple("select pg_sleep(1000)")))
      yield* pass(7)
      assert.deepInclude(yield* connection.status, { state: "busy" })
      yield* pass(5)
      const exit = yield* Fiber.join(query)
      assert.isTrue(Exit.isFailure(exit))
      assert.include(String(exit), "silence")
    })
  )

  it.scoped("does not mind a server that says something now and then", () =>
    Effect.gen(function* () {
      const { connection } = yield* connected(
        expects({ _tag: "Query", sql: "select slow()" }),
        ...Array.from({ length: 6 }, () => [
          ScriptedServer.run("works", () => Effect.sleep("6 seconds")),
          send(ScriptedServer.noticeResponse({ code: "00000" as never }))
        ]),
        send({ _tag: "CommandComplete", commandTag: "SELECT 0" }, ScriptedServer.readyForQuery())
      )
      const query = yield* Effect.fork(connection.simple("select slow()"))
      yield* pass(40)
      assert.lengthOf(yield* Fiber.join(query), 1)
    })
  )
})
