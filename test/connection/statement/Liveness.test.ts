import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { ConnectOptions } from "../../../src/connection/opening/ConnectOptions.js"
import { fromState } from "../../../src/connection/PgConnection.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { opening } from "../scripted.js"
import type { Scripts } from "../scripted.js"

const { expect: expects, expectEnd, hangUp, refuse, repeat, send, sendBytes } = ScriptedServer
const limit = { silenceLimit: "8 seconds" } as const
const check = expects({ _tag: "Query", sql: "" })
const answer = send({ _tag: "EmptyQueryResponse" }, ScriptedServer.readyForQuery())

const session = (
  script: ScriptedServer.Script,
  others: Scripts,
  options: ConnectOptions,
  conninfo: string = ""
) =>
  Effect.gen(function* () {
    const scripts = [[ScriptedServer.startup(), ...script], ...others]
    const { outcome, server } = yield* opening(scripts, conninfo, options)
    return { connection: fromState(yield* outcome), server }
  })

const connected = (...script: ScriptedServer.Script) => session(script, [], limit)

/** Time in small steps, so that answers come between the looks. */
const pass = (seconds: number, step = 1) =>
  Effect.gen(function* () {
    for (let at = 0; at < seconds; at += step) {
      yield* TestClock.adjust(Duration.seconds(step))
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

  it.effect("does not keep a connection from closing that was opened where nothing can be interrupted", () =>
    Effect.gen(function* () {
      const open = Effect.uninterruptible(session([ScriptedServer.goodbye], [], limit))
      const closed = yield* Effect.forkDaemon(Effect.scoped(open))
      for (let turn = 0; turn < 500; turn++) yield* Effect.yieldNow()
      assert.isTrue(Exit.isExit((yield* Fiber.poll(closed)).pipe(Option.getOrUndefined)), "it does not close")
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

  it.scoped("has the statement stopped where the server can be reached", () =>
    Effect.gen(function* () {
      const { server, connection } = yield* session([expects({ _tag: "Query" })], [], limit)
      const { processId } = connection.facts
      const failed = yield* Effect.fork(Effect.flip(connection.simple("select pg_sleep(1000)")))
      yield* pass(12)
      const error = yield* Fiber.join(failed)
      assert.deepInclude(error, { _tag: "PgTimeoutError", deadline: "silence", millis: 8000, sent: true })
      assert.strictEqual(
        error.message,
        "the silence deadline of 8000 ms passed. Nothing came from db:5432 in that time. The connection was closed." +
          "\nSTATEMENT: select pg_sleep(1000)"
      )
      assert.deepStrictEqual(
        server.cancels().map((cancel) => cancel.processId),
        [processId]
      )
    })
  )

  it.scoped("does not end a session whose server sends something now and then", () =>
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

describe("a session without a configured limit on silence", () => {
  const asked = expects({ _tag: "Query" })
  const slow = (connection: { readonly simple: ReturnType<typeof fromState>["simple"] }) =>
    Effect.fork(Effect.either(connection.simple("select slow()")))
  const answered = send({ _tag: "CommandComplete", commandTag: "SELECT 0" }, ScriptedServer.readyForQuery())
  const never: ScriptedServer.Script = [asked, expectEnd]

  const question = expects({ _tag: "GSSENCRequest" })
  /** Another connection, as a server that lives answers it. */
  const reached: ScriptedServer.Script = [question, sendBytes([0x4e]), expectEnd]

  it.scoped("never ends a statement that is merely long: another connection is answered", () =>
    Effect.gen(function* () {
      const long = ScriptedServer.run("works", () => Effect.sleep("10 minutes"))
      const { connection, server } = yield* session(
        [asked, long, answered],
        Array.from({ length: 20 }, () => reached),
        {}
      )
      const query = yield* slow(connection)
      yield* pass(605, 5)
      assert.strictEqual((yield* Fiber.join(query))._tag, "Right")
      const others = server.connections().slice(1)
      assert.lengthOf(others, 20)
      assert.isTrue(others.every(({ client, received }) => client === "destroyed" && received.length === 1))
    })
  )

  it.scoped(
    "ends a statement within 45 seconds when its server is unreachable, and reports what is known",
    () =>
      Effect.gen(function* () {
        const { connection } = yield* session(never, [refuse(), refuse(), refuse()], {})
        const query = yield* slow(connection)
        yield* pass(30)
        assert.deepInclude(yield* connection.status, { state: "busy" })
        yield* pass(15)
        const outcome = yield* Fiber.join(query)
        assert.strictEqual(
          outcome._tag === "Left" ? outcome.left.message : "",
          "the silence deadline of 30000 ms passed. Nothing came from db:5432 in that time, and other connections to it " +
            "failed: connection refused (ECONNREFUSED). The connection was closed.\nSTATEMENT: select slow()"
        )
        assert.deepInclude(yield* connection.status, { state: "broken" })
      })
  )

  it.scoped("ends a statement behind a proxy that accepts connections for a server that is gone", () =>
    Effect.gen(function* () {
      const closing: ScriptedServer.Script = [question, hangUp]
      const silent: ScriptedServer.Script = [question, expectEnd]
      for (const [gone, reason, seconds] of [
        [closing, "closed without an answer", 45],
        [silent, "no answer within 10000 ms", 60]
      ] as const) {
        const { connection } = yield* session(never, [gone, gone, gone], {})
        const query = yield* slow(connection)
        yield* pass(seconds)
        const outcome = yield* Fiber.join(query)
        assert.strictEqual(outcome._tag, "Left")
        assert.include(outcome._tag === "Left" ? outcome.left.message : "", reason)
      }
    })
  )

  it.scoped("goes on after one refusal, as of a pooler that is started anew", () =>
    Effect.gen(function* () {
      const long = ScriptedServer.run("works", () => Effect.sleep("5 minutes"))
      const { connection } = yield* session(
        [asked, long, answered],
        [refuse(), reached, refuse(), ...Array.from({ length: 9 }, () => reached)],
        {}
      )
      const query = yield* slow(connection)
      yield* pass(305, 5)
      assert.strictEqual((yield* Fiber.join(query))._tag, "Right")
    })
  )

  it.scoped("sends no probe while idle, and opens no other connection when configured so", () =>
    Effect.gen(function* () {
      const idle = yield* session([], [refuse(), refuse()], {})
      yield* pass(300, 5)
      assert.deepInclude(yield* idle.connection.status, { state: "clean" })
      assert.lengthOf(idle.server.connections(), 1)
      const off = yield* session(never, [refuse(), refuse()], { silenceProbe: 0 })
      yield* slow(off.connection)
      yield* pass(300, 5)
      assert.deepInclude(yield* off.connection.status, { state: "busy" })
    })
  )

  for (const [how, opening] of [
    ["opened", (effect) => effect],
    ["opened where nothing can be interrupted", Effect.uninterruptible]
  ] as ReadonlyArray<[string, <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>]>) {
    it.effect(`${how}, has no timer before its first request, and none after its end`, () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const { connection } = yield* Scope.extend(opening(session([asked, answered], [], {})), scope)
        // Timers that were interrupted are listed until their time has come.
        const timers = Effect.zipRight(pass(60), Effect.map(TestClock.sleeps(), Chunk.size))
        const opened = yield* timers
        yield* connection.simple("select 1")
        const used = yield* timers
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual([opened, used, yield* timers], [0, 1, 0])
      })
    )
  }

  it.scoped("over a Unix socket tries no other connection: the system knows whether the peer lives", () =>
    Effect.gen(function* () {
      const { connection } = yield* session(never, [refuse(), refuse()], {}, "host=/tmp")
      yield* slow(connection)
      yield* pass(300, 5)
      assert.deepInclude(yield* connection.status, { state: "busy" })
    })
  )

  it.scoped("ends a COPY in whose bytes may not have arrived, though the next move is the client's", () =>
    Effect.gen(function* () {
      const consent = send({ _tag: "CopyInResponse", format: 0, columnFormats: [0] })
      const script = [asked, consent, expects({ _tag: "CopyData" }), expectEnd]
      const { connection } = yield* session(script, [refuse(), refuse(), refuse()], {})
      const source = Stream.concat(Stream.make(Uint8Array.of(0x31, 0x0a)), Stream.never)
      const copy = yield* Effect.fork(Effect.flip(connection.copyFrom("copy t from stdin", source)))
      yield* pass(45)
      assert.deepInclude(yield* Fiber.join(copy), { _tag: "PgTimeoutError", deadline: "silence" })
    })
  )
})
