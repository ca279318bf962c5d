import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import * as SlotFailure from "../../../src/replication/slots/SlotFailure.js"
import type { SlotState } from "../../../src/replication/slots/SlotState.js"
import { fromRow } from "../../../src/replication/slots/SlotState.js"

/** As PostgreSQL 14 has it. */
const row14 = {
  slot_name: "s",
  plugin: "pgoutput",
  slot_type: "logical",
  datoid: "5",
  database: "postgres",
  temporary: false,
  active: true,
  active_pid: 4711,
  xmin: null,
  catalog_xmin: "740",
  restart_lsn: "0/1000000",
  confirmed_flush_lsn: "0/1000010",
  wal_status: "reserved",
  safe_wal_size: null,
  two_phase: false
}
const read = (changes: object = {}, end: string | undefined = "0/1000030"): SlotState => {
  const state = fromRow(JSON.stringify({ ...row14, ...changes }), end)
  if (state === undefined) throw new Error("no slot")
  return state
}

describe("a slot in the catalog", () => {
  it("is read from a server that knows few of the columns", () => {
    assert.deepStrictEqual(read(), {
      name: "s",
      kind: "logical",
      plugin: "pgoutput",
      database: "postgres",
      temporary: false,
      activePid: 4711,
      restart: 0x1000000n,
      confirmed: 0x1000010n,
      lag: 0x20n,
      retained: 0x30n,
      walStatus: "reserved",
      safeWalBytes: undefined,
      twoPhase: false,
      failover: false,
      synced: false,
      inactiveSince: undefined,
      invalidation: undefined
    })
  })

  it("is read from a server that knows them all", () => {
    const state = read({
      inactive_since: "2024-02-29T12:34:56.789012+00:00",
      active_pid: null,
      failover: true,
      synced: true,
      safe_wal_size: 12345
    })
    assertSubset(state, { failover: true, synced: true, activePid: undefined, safeWalBytes: 12345n })
    assert.instanceOf(state.inactiveSince, PgTimestampTz)
    assert.strictEqual(String(state.inactiveSince), "2024-02-29 12:34:56.789012+00")
  })

  it("of the physical kind lags from where the log is kept, and has no lag before its first use", () => {
    const physical = { slot_type: "physical", plugin: null, database: null, confirmed_flush_lsn: null }
    assertSubset(read(physical), { kind: "physical", lag: 0x30n, plugin: undefined })
    assertSubset(read({ ...physical, restart_lsn: null }), { lag: undefined, retained: undefined })
    assert.isUndefined(read({}, "").lag)
    assert.strictEqual(read({}, "0/5").lag, 0n)
  })

  it.each([
    ["14, the log is gone", { wal_status: "lost" }, "wal_removed"],
    ["16, recovery", { wal_status: "lost", conflicting: true }, "conflict"],
    [
      "17 gives the reason",
      { wal_status: "lost", conflicting: true, invalidation_reason: "rows_removed" },
      "rows_removed"
    ],
    ["18, idle", { invalidation_reason: "idle_timeout" }, "idle_timeout"],
    ["in danger, but not lost", { wal_status: "unreserved", conflicting: false }, undefined]
  ])("has the reason of its invalidation: %s (REP-025)", (_, changes, reason) => {
    assert.strictEqual(read(changes).invalidation, reason)
  })

  it("is no slot when the text is invalid", () => {
    for (const text of ["", "null", "[]", "{", "3"]) assert.isUndefined(fromRow(text, "0/1"))
  })
})

describe("a slot compared with its consumer's position", () => {
  const compare = (position: bigint, changes: object = {}, end = 0x1000030n) =>
    SlotFailure.compared(read(changes), position, end)?.reason

  it("goes on from there when it has everything behind it", () => {
    assert.isUndefined(compare(0n))
    assert.isUndefined(compare(0x1000010n))
    assert.isUndefined(compare(0x1000030n))
  })

  it("beyond it has lost something, and is diverged or recreated (LOG-059, TRP-107)", () => {
    assert.strictEqual(compare(0x1000008n), "diverged")
    assert.strictEqual(compare(0xfffff0n), "recreated")
  })

  it("on a server whose log ends before is not the one it was (LOG-064)", () => {
    assert.strictEqual(compare(0x1000031n), "diverged")
  })
})
