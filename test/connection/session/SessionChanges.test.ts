import { assert, describe, it } from "@effect/vitest"
import { SessionChanges } from "../../../src/connection/session/SessionChanges.js"

const changes = (tag: string, sql: string): boolean => {
  const session = new SessionChanges()
  session.completed(tag, sql)
  const first = session.isChanged
  session.isChanged = false
  session.completed(tag, sql)
  assert.strictEqual(session.isChanged, first, "judged the same again")
  return first
}

describe("what a statement leaves behind in its session", () => {
  it("is seen by its command tag", () => {
    for (const [tag, sql] of [
      ["SET", "set role app"],
      ["RESET", "reset all"],
      ["LISTEN", "listen jobs"],
      ["DECLARE CURSOR", "declare c cursor with hold for select 1"],
      ["DO", "do $$ begin end $$"],
      ["CALL", "call work()"],
      ["LOAD", "load 'auto_explain'"],
      ["SET", "set local a.b = 1; set a.b = 1"]
    ] as const)
      assert.isTrue(changes(tag, sql), sql)
  })

  it("is seen by its text", () => {
    for (const sql of [
      "select set_config('app.user', $1, false)",
      "SELECT pg_catalog.SET_CONFIG('role', 'x', false)",
      "select pg_advisory_lock(1)",
      "select pg_try_advisory_lock_shared(1)",
      "create temp table t (a int)",
      "CREATE LOCAL TEMPORARY TABLE t AS SELECT 1",
      "select 1 into temporary t",
      "create table pg_temp.t (a int)"
    ])
      assert.isTrue(changes("SELECT 1", sql), sql)
  })

  it("is nothing for what ends with its transaction, and for plain statements", () => {
    for (const [tag, sql] of [
      ["SELECT 1", "select template, temperature, settings from devices"],
      ["SELECT 1", "select pg_advisory_xact_lock(1)"],
      ["SET", "set local app.user = '7'"],
      ["SET", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"],
      ["SET CONSTRAINTS", "set constraints all deferred"],
      ["INSERT 0 1", "insert into t values (1)"],
      ["COMMIT", "commit"]
    ] as const)
      assert.isFalse(changes(tag, sql), sql)
  })

  it("is judged for any number of texts", () => {
    const session = new SessionChanges()
    for (let n = 0; n < 2000; n++) session.completed("SELECT 1", `select ${n}`)
    assert.isFalse(session.isChanged)
    session.completed("SELECT 1", "select pg_advisory_lock(1999)")
    assert.isTrue(session.isChanged)
  })
})
