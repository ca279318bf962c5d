import { assert, describe, it } from "@effect/vitest"
import * as Statement from "../../../src/model/Statement.js"
import type { PipelineResult } from "../../../src/connection/statement/PipelineSteps.js"
import { PipelineRequest } from "../../../src/connection/statement/ExplicitPipeline.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import { SimpleRequest } from "../../../src/connection/statement/Query.js"
import { harness } from "../core.js"
import type { Harness } from "../core.js"
import * as TransactionBlock from "../../../src/connection/session/TransactionBlock.js"

const request = (sql: string) => ({ sql, running: sql, state: "sent" as const })

const begun = (): TransactionBlock.TransactionBlock => {
  const block = new TransactionBlock.TransactionBlock()
  const begin = request("begin")
  block.own = begin
  block.completed(begin, "BEGIN")
  block.ready(begin, "T")
  return block
}

/** What a text of the body does to the transaction: its tags, and the status after it. */
const after = (sql: string, tags: ReadonlyArray<string>, status: "I" | "T" | "E"): string | undefined => {
  const block = begun()
  const text = request(sql)
  for (const tag of tags) block.completed(text, tag)
  block.ready(text, status)
  return block.endedBy
}

describe("a transaction that its own body ends", () => {
  it("is known by the status", () => {
    assert.strictEqual(after("select end_it()", ["SELECT 1"], "I"), "select end_it()")
    assert.isUndefined(after("select 1", ["SELECT 1"], "T"))
    assert.isUndefined(after("select 1 / 0", [], "E"))
  })

  it("is known by its tags where another transaction is open behind it", () => {
    for (const [sql, tags] of [
      ["rollback and chain", ["ROLLBACK"]],
      ["abort and chain", ["ROLLBACK"]],
      ["commit and chain", ["COMMIT"]],
      ["end and chain", ["COMMIT"]],
      ["rollback; begin", ["ROLLBACK", "BEGIN"]],
      ["commit; start transaction", ["COMMIT", "START TRANSACTION"]],
      ["prepare transaction 'p'; begin", ["PREPARE TRANSACTION", "BEGIN"]],
      ["rollback to a; rollback; begin", ["ROLLBACK", "ROLLBACK", "BEGIN"]],
      ["-- rollback to a\nrollback and chain", ["ROLLBACK"]],
      ["select 'x; rollback to a'; rollback; begin", ["SELECT 1", "ROLLBACK", "BEGIN"]],
      ["select $$;rollback to a;$$; rollback; begin", ["SELECT 1", "ROLLBACK", "BEGIN"]],
      [`select 1 as ";rollback to a;"; rollback; begin`, ["SELECT 1", "ROLLBACK", "BEGIN"]],
      ["select e'\\';rollback to a;'; rollback; begin", ["SELECT 1", "ROLLBACK", "BEGIN"]],
      // COMMIT of a failed transaction.
      ["commit and chain", ["ROLLBACK"]]
    ] as const) {
      assert.strictEqual(after(sql, tags, "T"), sql)
    }
  })

  it("is distinguished from going back to a savepoint, which has the same tag", () => {
    for (const [sql, tags] of [
      ["rollback to a", ["ROLLBACK"]],
      ["ROLLBACK WORK TO SAVEPOINT a", ["ROLLBACK"]],
      ["/* why */ abort transaction to a", ["ROLLBACK"]],
      ["rollback to savepoint a; release savepoint a", ["ROLLBACK", "RELEASE"]],
      ["rollback to a; rollback to b", ["ROLLBACK", "ROLLBACK"]],
      ["-- it's\nrollback to a", ["ROLLBACK"]]
    ] as const) {
      assert.isUndefined(after(sql, tags, "T"), sql)
    }
    const block = begun()
    for (const sql of ["rollback to a", "rollback to b"]) {
      block.completed(request(sql), "ROLLBACK")
      block.ready(request(sql), "T")
    }
    assert.isUndefined(block.endedBy)
  })

  it("is not confused with statements before its BEGIN, nor with its own COMMIT", () => {
    const block = new TransactionBlock.TransactionBlock()
    block.ready(request("rollback"), "I")
    const begin = request("begin")
    block.own = begin
    block.ready(request("select 1"), "I")
    block.ready(begin, "T")
    const commit = request("commit")
    block.own = commit
    block.completed(commit, "COMMIT")
    block.ready(commit, "I")
    assert.isUndefined(block.endedBy)
  })

  it("keeps the first statement that did it, and refuses those behind it", () => {
    const block = begun()
    block.ready(request("rollback"), "I")
    block.ready(request("commit"), "I")
    assert.strictEqual(block.endedBy, "rollback")
    const whole = TransactionBlock.endedByBody("rollback")
    assert.isFalse(whole.nothingSent)
    const refused = TransactionBlock.refusal(block, block, "select 1")
    assert.deepInclude(refused, { _tag: "PgUsageError", sql: "select 1", nothingSent: true })
    assert.isDefined(TransactionBlock.refusal(block, undefined, "select 1"))
    assert.isUndefined(TransactionBlock.refusal(undefined, begun(), "select 1"))
  })
})

describe("a statement behind the end of its transaction", () => {
  it("is not sent, and quotes the first line of what has ended it, up to 80 characters", async () => {
    const self = inside()
    const text = `rollback -- ${"x".repeat(100)}\n; begin`
    const ended = request(text)
    self.core.transaction!.completed(ended, "ROLLBACK")
    self.core.transaction!.ready(ended, "I")
    const told = self.query("select 1")
    assert.deepInclude(told.failure, { _tag: "PgUsageError", nothingSent: true })
    assert.include(told.failure!.message, `its transaction: ${text.slice(0, 80)}`)
    assert.notInclude(told.failure!.message, text.slice(0, 81))
    assert.deepStrictEqual(await self.sent(), [])
  })
})

/** A session inside `withTransaction`, on which BEGIN has been answered. */
const inside = () => {
  const self = harness()
  self.core.transaction = begun()
  self.core.session = { ...self.core.session, status: "T" }
  return self
}

describe("a request of the body that would end the transaction and go on behind it", () => {
  const simple = (sql: string) => (self: Harness) =>
    self.submit<ReadonlyArray<QueryResult>>((outcome) => new SimpleRequest(sql, "object", outcome))
  const pipeline =
    (...texts: ReadonlyArray<string>) =>
    (self: Harness) =>
      self.submit<PipelineResult>(
        (outcome) =>
          new PipelineRequest(
            texts.map((sql) => ({ statement: Statement.make(sql) })),
            "object",
            outcome
          )
      )

  it.each([
    ["simple", simple("rollback; insert into t values (1)")],
    ["simple", simple("insert into t values (1); commit; insert into t values (2)")],
    ["simple", simple("rollback; begin")],
    ["simple", simple("/* ; */ END and chain; select 1")],
    ["pipeline", pipeline("rollback", "insert into t values (1)")]
  ] as const)("is refused before anything is sent: %s %#", async (operation, ask) => {
    const self = inside()
    const told = ask(self)
    assert.deepInclude(told.failure, { _tag: "PgUsageError", operation, argument: "sql", nothingSent: true })
    assert.deepStrictEqual(await self.sent(), [])
  })

  it.each([
    simple("rollback"),
    simple("insert into t values (1); rollback;"),
    simple("rollback to a; insert into t values (1)"),
    simple("select '; rollback;'; select 1"),
    pipeline("insert into t values (1)", "rollback")
  ])("is sent when nothing stands behind it, or when it ends nothing: %#", async (ask) => {
    const self = inside()
    const told = ask(self)
    assert.isUndefined(told.failure)
    assert.strictEqual((await self.sent()).length, 1)
  })

  it("is sent outside a transaction", async () => {
    const self = harness()
    assert.isUndefined(simple("commit; select 1")(self).failure)
    assert.deepStrictEqual(await self.sent(), ["Query"])
  })
})
