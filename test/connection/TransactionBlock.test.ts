import { assert, describe, it } from "@effect/vitest"
import * as TransactionBlock from "../../src/connection/session/TransactionBlock.js"

const request = (sql: string) => ({ sql, running: sql, state: "sent" as const })

const begun = (): TransactionBlock.TransactionBlock => {
  const block = new TransactionBlock.TransactionBlock()
  const begin = request("begin")
  block.own = begin
  block.completed(begin, "BEGIN")
  block.ready(begin, "T")
  return block
}

/** What a text of the body says of the transaction: its tags, and the status after it. */
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

  it("is told apart from going back to a savepoint, whose tag is the same", () => {
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
