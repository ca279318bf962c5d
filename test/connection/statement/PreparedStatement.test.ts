import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as PgConnection from "../../../src/connection/PgConnection.js"
import type { PreparedStatement } from "../../../src/connection/statement/PreparedStatement.js"
import * as Statement from "../../../src/model/Statement.js"
import { assertSubset } from "../../support/subset.js"
import {
  bound,
  closed,
  complete,
  described,
  error,
  harness,
  int4,
  parsed,
  parameters,
  ready,
  row,
  tick
} from "../core.js"
import type { Harness } from "../core.js"

const statement = Statement.make("select $1::int4 as x")

/** A connection with the statement prepared in a scope. */
const prepared = async (given: Statement.Statement = statement, self: Harness = harness()) => {
  const connection = PgConnection.fromState(self.core)
  const scope = Effect.runSync(Scope.make())
  const told = Effect.runPromise(Scope.extend(connection.prepare(given), scope))
  const sent = await self.messages()
  self.say(...described([23]), ready())
  return { self, connection, scope, sent, made: await told }
}

const run = (connection: PgConnection.PgConnection, made: PreparedStatement, value: unknown) =>
  Effect.runPromiseExit(connection.query(made.bind(value)))

const close = (scope: Scope.CloseableScope) => Effect.runPromise(Scope.close(scope, Exit.void))

describe("a statement that its user prepares", () => {
  it("is described once, runs by its name several times, and is closed with its scope", async () => {
    const { connection, made, scope, self, sent } = await prepared(Statement.named(statement, "by_x"))
    assert.deepStrictEqual(sent, [
      { _tag: "Parse", statement: "by_x", sql: "select $1::int4 as x", parameterTypes: [] },
      { _tag: "Describe", target: "S", name: "by_x" },
      { _tag: "Sync" }
    ])
    assertSubset(made, { name: "by_x", parameters: [23], columns: [int4("x")] })
    for (const value of [1, 2]) {
      const rows = run(connection, made, value)
      const [bind] = await self.messages()
      assertSubset(bind, { _tag: "Bind", statement: "by_x" })
      self.say(bound, row(value), complete("SELECT 1"), ready())
      assert.deepStrictEqual(await rows, Exit.succeed([{ x: value }]))
    }
    const closing = close(scope)
    assert.deepStrictEqual(await self.messages(), [
      { _tag: "Close", target: "S", name: "by_x" },
      { _tag: "Sync" }
    ])
    self.say(closed, ready())
    await closing
  })

  it("is not evicted, and has its name also where named statements are off", async () => {
    const self = harness({ statements: 0 })
    const { connection, made } = await prepared(statement, self)
    for (const sql of ["select 1", "select 2"]) await self.know(sql)
    void run(connection, made, 1)
    assertSubset((await self.messages())[0], { _tag: "Bind", statement: made.name })
    assert.notStrictEqual(made.name, "")
  })

  it("is refused behind the end of its scope, on another connection and behind DISCARD ALL", async () => {
    const first = await prepared()
    const closing = close(first.scope)
    await first.self.sent()
    first.self.say(closed, ready())
    await closing
    const second = await prepared()
    second.self.query("discard all")
    await second.self.sent()
    second.self.say(...described([], []))
    await second.self.sent()
    second.self.say(bound, complete("DISCARD ALL"), ready())
    const other = PgConnection.fromState(harness().core)
    for (const [connection, { made }] of [
      [first.connection, first],
      [other, second],
      [second.connection, second]
    ] as const) {
      const exit = await Effect.runPromise(Effect.flip(connection.query(made.bind(1))))
      assertSubset(exit, { _tag: "PgUsageError", argument: "statement" })
      assert.include(exit.message, "prepare it again")
    }
    assert.deepStrictEqual([await first.self.sent(), await second.self.sent()], [[], []])
    const ended = close(second.scope)
    assert.deepStrictEqual(await second.self.sent(), [])
    await ended
  })

  it.each([
    ["0A000", { routine: "RevalidateCachedQuery" }],
    ["26000", {}]
  ] as const)(
    "fails with %s and is not prepared anew when it does not hold any more",
    async (code, fields) => {
      const { connection, made, self } = await prepared()
      const exit = run(connection, made, 1)
      await self.sent()
      self.say(error(code, fields), ready())
      assertSubset(await exit, { _tag: "Failure", cause: { error: { _tag: "PgServerError", code } } })
      assert.deepStrictEqual(await self.sent(), [])
    }
  )

  it("does not describe a value that does not fit once more", async () => {
    const { connection, made, self } = await prepared()
    const exit = await run(connection, made, "no number")
    assertSubset(exit, { _tag: "Failure", cause: { error: { _tag: "PgCodecError", nothingSent: true } } })
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("that the server could not describe leaves no name behind", async () => {
    const self = harness()
    const connection = PgConnection.fromState(self.core)
    const failed = Effect.runPromise(Effect.scoped(Effect.flip(connection.prepare(statement))))
    const [parse] = await self.messages()
    self.say(parsed, parameters(), error("0A000"), ready())
    const name = parse?._tag === "Parse" ? parse.statement : ""
    await tick()
    assert.deepStrictEqual(await self.messages(), [{ _tag: "Close", target: "S", name }, { _tag: "Sync" }])
    self.say(closed, ready())
    assertSubset(await failed, { _tag: "PgServerError", code: "0A000" })
  })

  it("is closed when its user is interrupted while it is prepared", async () => {
    const self = harness({ cancelKey: Uint8Array.of(1, 2, 3, 4) })
    const connection = PgConnection.fromState(self.core)
    const fiber = Effect.runFork(Effect.scoped(connection.prepare(statement)))
    await self.sent()
    const interrupted = Effect.runPromise(Fiber.interrupt(fiber))
    await tick()
    self.say(...described([23]), ready())
    let sent: ReadonlyArray<string> = []
    for (let ticks = 0; ticks < 100 && sent.length === 0; ticks++) sent = await self.sent()
    assert.deepStrictEqual(sent, ["Close Sync"])
    self.say(closed, ready())
    await interrupted
  })

  it("must not be one whose columns are another thing's", async () => {
    const self = harness()
    const connection = PgConnection.fromState(self.core)
    const refused = connection.prepare(Statement.make("fetch 1 from c"))
    assertSubset(await Effect.runPromise(Effect.scoped(Effect.flip(refused))), {
      _tag: "PgUsageError",
      operation: "prepare"
    })
    assert.deepStrictEqual(await self.sent(), [])
  })
})
