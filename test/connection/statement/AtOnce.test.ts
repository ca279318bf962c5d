import { assert, describe, it } from "@effect/vitest"
import { QueryRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import { inspectorOf } from "../../../src/connection/statement/ValueReading.js"
import type { ValueOptions } from "../../../src/connection/statement/QueryOptions.js"
import * as Statement from "../../../src/model/Statement.js"
import * as Oid from "../../../src/model/Oid.js"
import { bound, complete, described, error, harness, int4, parameter, ready, row, text } from "../core.js"
import type { Harness } from "../core.js"

const opened = (): Harness => {
  const self = harness()
  self.core.side.parameter("DateStyle", "ISO, MDY")
  return self
}

const send = (self: Harness, statement: Statement.Statement, options?: ValueOptions) =>
  self.submit<QueryResult>(
    (outcome) => new QueryRequest(statement, "object", outcome, "query", inspectorOf(options ?? {}))
  )

const typed = Statement.make("select $1 as x, $2 as y", [5, "a"], [Oid.int4, Oid.text])
const columns = [int4("x"), text("y")]
const burst = "Parse Describe Bind Execute Sync"

describe("the first use of a statement whose types are all stated", () => {
  it("is one burst, and later uses are by its name in binary", async () => {
    const self = opened()
    const told = send(self, typed)
    assert.deepStrictEqual(await self.sent(), [burst])
    self.say(...described([Oid.int4, Oid.text], columns), bound, row("5", "a"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(told.value?.rows, [{ x: 5, y: "a" }])
    const again = send(self, typed)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(bound, row(5, "a"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(again.value?.rows, [{ x: 5, y: "a" }])
  })

  it("is described first when a type is not stated, is not known, or text would be read otherwise", async () => {
    const two = "Parse Describe Flush"
    const partly = opened()
    send(partly, Statement.make("select $1 as x, $2 as y", [5, "a"], [Oid.int4, 0]))
    send(partly, Statement.make("select $1 as x, $2 as y", [5, "a"], [Oid.int4]))
    assert.deepStrictEqual((await partly.sent())[0]?.startsWith(two), true)
    const german = harness()
    german.core.side.parameter("DateStyle", "German, DMY")
    send(german, typed)
    assert.deepStrictEqual(await german.sent(), [two])
    const changed = opened()
    changed.say(parameter("TimeZone", "UTC"))
    send(changed, typed)
    assert.deepStrictEqual(await changed.sent(), [two])
    const bytes = opened()
    bytes.submit<QueryResult>((outcome) => new QueryRequest(typed, "bytes", outcome as never))
    assert.deepStrictEqual(await bytes.sent(), [two])
  })

  it("is refused before anything is sent when a value does not fit its type", async () => {
    const self = opened()
    const told = send(self, Statement.make("select $1 as x", ["five"], [Oid.int4]))
    assert.deepStrictEqual(await self.sent(), [])
    assert.strictEqual(told.failure?._tag, "PgCodecError")
    assert.strictEqual(told.failure?.nothingSent, true)
  })

  it("fails as any use, and the connection goes on", async () => {
    const self = opened()
    const told = send(self, typed)
    await self.sent()
    self.say(error("42601"), ready())
    assert.strictEqual(told.failure?._tag, "PgServerError")
    const again = send(self, typed)
    assert.deepStrictEqual(await self.sent(), [burst])
    self.say(...described([Oid.int4, Oid.text], columns), bound, error("22012"), ready())
    assert.strictEqual(again.failure?._tag, "PgServerError")
    send(self, typed)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })

  it("is one burst without a name for a text that is not kept, without parameters too", async () => {
    const self = opened()
    const told = send(self, Statement.make("select 1 as x"), { prepare: false })
    const messages = await self.messages()
    assert.deepStrictEqual(messages.map(({ _tag }) => _tag).join(" "), burst)
    assert.strictEqual(messages[0]?._tag === "Parse" && messages[0].statement, "")
    self.say(...described([], [int4("x")]), bound, row("1"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(told.value?.rows, [{ x: 1 }])
    send(self, Statement.make("select 1 as x"), { prepare: false })
    assert.deepStrictEqual(await self.sent(), [burst])
  })
})

describe("a name of the caller's", () => {
  it("is the statement's on the server, and another text of the same name is not the same statement", async () => {
    const self = opened()
    const mine = Statement.named(typed, "people_by_id")
    send(self, mine)
    const messages = await self.messages()
    assert.strictEqual(messages[0]?._tag === "Parse" && messages[0].statement, "people_by_id")
    self.say(...described([Oid.int4, Oid.text], columns), bound, row("5", "a"), complete("SELECT 1"), ready())
    send(self, mine)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(bound, row(5, "a"), complete("SELECT 1"), ready())
    send(self, typed)
    assert.deepStrictEqual(await self.sent(), [burst])
  })

  it("is refused when it is invalid", async () => {
    const self = opened()
    for (const name of ["", "x".repeat(64), "a\0b"]) {
      const told = send(self, Statement.named(typed, name))
      assert.include(told.failure?.message, "Statement.named: name must be a name of 1 to 63 bytes")
    }
    assert.deepStrictEqual(await self.sent(), [])
  })
})
