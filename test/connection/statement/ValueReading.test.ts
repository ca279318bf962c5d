/** A statement that is read and written by types of the caller's, or that is not prepared. */
import { assert, describe, it } from "@effect/vitest"
import { QueryRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import type { ValueOptions } from "../../../src/connection/statement/QueryOptions.js"
import { inspectorOf } from "../../../src/connection/statement/ValueReading.js"
import * as Statement from "../../../src/model/Statement.js"
import * as Registry from "../../../src/types/Registry.js"
import type { Harness } from "../core.js"
import { bound, column, complete, described, harness, ready, row } from "../core.js"

const sql = "select $1::int8 as x"
const familiar = Registry.familiar.withTextParameters()
const int8 = column("x", 20)

const run = (self: Harness, options: ValueOptions | undefined, value: unknown = 5, text = sql) =>
  self.submit<QueryResult>(
    (outcome) =>
      new QueryRequest(
        Statement.make(text, [value]),
        "object",
        outcome,
        "query",
        options && inspectorOf(options)
      )
  )

/** What was sent, with the formats of Bind. */
const sent = async (self: Harness) =>
  (await self.messages()).map((message) =>
    message._tag === "Parse"
      ? `Parse ${message.statement}`
      : message._tag === "Bind"
        ? `Bind ${message.statement} ${message.parameterFormats.join()} ${message.resultFormats.join()}`
        : message._tag
  )

/** A row of one `int8` in binary. */
const eight = (value: number) => ({
  _tag: "DataRow" as const,
  values: [new Uint8Array([0, 0, 0, 0, 0, 0, 0, value])]
})

describe("types that are given with a statement", () => {
  it("read its rows and write its parameters, and the statement is prepared once for all", async () => {
    const self = harness()
    const own = run(self, undefined, 5n)
    self.say(...described([20], [int8]), bound, eight(7), complete("SELECT 1"), ready())
    assert.deepStrictEqual(own.value?.rows, [{ x: 7n }])
    assert.deepStrictEqual(await sent(self), [
      "Parse ep_1",
      "Describe",
      "Flush",
      "Bind ep_1 1 1",
      "Execute",
      "Sync"
    ])

    const given = run(self, { types: familiar }, "5")
    self.say(bound, eight(7), complete("SELECT 1"), ready())
    assert.deepStrictEqual(given.value?.rows, [{ x: "7" }])
    assert.deepStrictEqual(await sent(self), ["Bind ep_1 0 1", "Execute", "Sync"])

    const again = run(self, {}, 6n)
    self.say(bound, eight(8), complete("SELECT 1"), ready())
    assert.deepStrictEqual(again.value?.rows, [{ x: 8n }])
  })

  it("leave a type that they do not have as the server's text", async () => {
    const self = harness()
    const given = run(self, { types: familiar })
    self.say(...described([70_000], [column("x", 70_001)]), bound, row("{a}"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(given.value?.rows, [{ x: "{a}" }])
    assert.deepStrictEqual(await sent(self), [
      "Parse ep_1",
      "Describe",
      "Flush",
      "Bind ep_1 0 0",
      "Execute",
      "Sync"
    ])
  })

  it("are no reason to describe a statement whose parameter they refuse more than once again", async () => {
    const self = harness()
    await self.know(sql, [20], [int8])
    const refused = run(self, { types: familiar }, Symbol("s"))
    await self.sent()
    self.say(...described([20], [int8]), ready())
    assert.deepStrictEqual([refused.count, refused.failure?._tag], [1, "PgCodecError"])
  })

  it("read a portal's description where the server describes each execution", async () => {
    const self = harness({ describesPortals: true })
    await self.know(sql, [20], [int8])
    const given = run(self, { types: familiar }, "5")
    assert.deepStrictEqual(await sent(self), ["Bind ep_1 0 1", "Describe", "Execute", "Sync"])
    self.say(bound)
    self.say({ _tag: "RowDescription", columns: [column("y", 70_001, 0)] })
    self.say(row("text"), complete("SELECT 1"), ready())
    assert.strictEqual(given.failure?._tag, undefined)
    assert.deepStrictEqual(given.value?.rows, [{ y: "text" }])
  })
})

describe("a statement that is not prepared", () => {
  it("has no name, and is described each time", async () => {
    const self = harness()
    for (const value of [5n, 6n]) {
      const told = run(self, { prepare: false }, value)
      self.say(...described([20], [int8]), bound, eight(7), complete("SELECT 1"), ready())
      assert.deepStrictEqual(told.value?.rows, [{ x: 7n }])
      assert.deepStrictEqual(await sent(self), [
        "Parse ",
        "Describe",
        "Flush",
        "Bind  1 1",
        "Execute",
        "Sync"
      ])
    }
    assert.strictEqual(self.core.statements.size, 0)
  })

  it("leaves one that is prepared alone, and may have types of its own", async () => {
    const self = harness()
    await self.know(sql, [20], [int8])
    const told = run(self, { prepare: false, types: familiar }, "5")
    self.say(...described([20], [int8]), bound, eight(7), complete("SELECT 1"), ready())
    assert.deepStrictEqual(told.value?.rows, [{ x: "7" }])
    await self.sent()
    run(self, undefined, 5n)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })
})
