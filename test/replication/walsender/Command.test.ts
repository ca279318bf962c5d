import * as Either from "effect/Either"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { PgUsageError } from "../../../src/model/PgError.js"
import * as Command from "../../../src/replication/walsender/Command.js"
import * as Quoting from "../../../src/replication/walsender/Quoting.js"

const text = (command: Command.Command) => Either.getOrThrowWith(command, (error) => error)
const refused = (command: Either.Either<unknown, PgUsageError>) =>
  Either.getOrThrowWith(Either.flip(command), () => new Error("not refused"))

describe("what comes from outside, in a command", () => {
  /** What the server's scanner makes of a quoted name or text. */
  const unquote = (quoted: string, quote: string): string => {
    expect(quoted.startsWith(quote) && quoted.endsWith(quote)).toBe(true)
    const inner = quoted.slice(1, -1)
    expect(inner.replaceAll(quote + quote, "")).not.toContain(quote)
    return inner.replaceAll(quote + quote, quote)
  }
  const hostile = fc.oneof(fc.string({ maxLength: 15 }), fc.stringMatching(/^['"\\,;)( a-z]{1,20}$/))

  it("is data, whatever it holds (REP-004, REP-006)", () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const literal = Quoting.literal("x", value)
        if (Either.isRight(literal)) expect(unquote(literal.right, "'")).toBe(value)
        else expect(value).toMatch(/\0/)
        const name = Quoting.name("x", value)
        if (Either.isRight(name)) expect(unquote(name.right, '"')).toBe(value)
      })
    )
  })

  it("stays inside its quotes in a whole command, also as a name in a list in a text (LOG-002, TRP-112)", () => {
    const names = [`My"Pub,1`, "it's", "plain"]
    const list = Either.getOrThrow(Quoting.nameList("publications", names))
    expect(list).toBe(`"My""Pub,1","it's","plain"`)
    expect(
      text(Command.startLogical(`a"b`, 0n, [["publication_names", list], [`x" '`, "y\\"], ["bare"]]))
    ).toBe(
      `START_REPLICATION SLOT "a""b" LOGICAL 0/0 ("publication_names" '"My""Pub,1","it''s","plain"', "x"" '" 'y\\', "bare")`
    )
  })

  it("is refused by name when it cannot be said", () => {
    expect(refused(Command.startLogical("", 0n, []))).toMatchObject({ argument: "slot", nothingSent: true })
    expect(refused(Command.startLogical("s", 0n, [["include", "a\0b"]]))).toMatchObject({
      argument: "include"
    })
    expect(refused(Command.startLogical("s", -1n, []))).toMatchObject({ argument: "start" })
    expect(refused(Quoting.literal("label", "\ud800"))).toMatchObject({ argument: "label" })
    expect(refused(Quoting.nameList("publications", []))).toMatchObject({ argument: "publications" })
    expect(refused(Command.show("a\0b"))).toMatchObject({ argument: "setting" })
    for (const timeline of [0, 1.5, 2 ** 32]) {
      expect(refused(Command.timelineHistory(timeline))).toMatchObject({ argument: "timeline" })
    }
  })
})

describe("a logical slot", () => {
  it("is made as PostgreSQL 14 takes it, word by word (REP-015)", () => {
    const of = (options: Command.LogicalSlotOptions) => Command.createLogicalSlot("s", options, 140_011)
    expect(text(of({}))).toBe(`CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" NOEXPORT_SNAPSHOT`)
    expect(text(of({ temporary: true, snapshot: "use", plugin: "test_decoding" }))).toBe(
      `CREATE_REPLICATION_SLOT "s" TEMPORARY LOGICAL "test_decoding" USE_SNAPSHOT`
    )
    expect(text(of({ snapshot: "export" }))).toContain(" EXPORT_SNAPSHOT")
    expect(refused(of({ twoPhase: true }))).toMatchObject({
      argument: "twoPhase",
      reason: "needs PostgreSQL 15, and the server is 14"
    })
  })

  it("is made with a list of options from 15 on (REP-016)", () => {
    const of = (options: Command.LogicalSlotOptions, version: Command.ServerVersionNumber) =>
      Command.createLogicalSlot("s", options, version)
    expect(text(of({}, 150_000))).toBe(`CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" (SNAPSHOT 'nothing')`)
    expect(text(of({ twoPhase: true, failover: true, snapshot: "export" }, 170_000))).toBe(
      `CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" (SNAPSHOT 'export', TWO_PHASE, FAILOVER)`
    )
    expect(text(of({ failover: true }, undefined))).toContain("FAILOVER")
    expect(refused(of({ failover: true }, 160_009))).toMatchObject({ argument: "failover" })
    expect(refused(of({ failover: true, temporary: true }, 180_000))).toMatchObject({ argument: "failover" })
  })

  it("is changed from 17 on, its two phases from 18 on (REP-022)", () => {
    expect(refused(Command.alterSlot("s", { failover: true }, 160_000))).toMatchObject({
      argument: "ALTER_REPLICATION_SLOT"
    })
    expect(text(Command.alterSlot("s", { failover: false }, 170_000))).toBe(
      `ALTER_REPLICATION_SLOT "s" (FAILOVER false)`
    )
    expect(refused(Command.alterSlot("s", { twoPhase: true }, 170_000))).toMatchObject({
      argument: "twoPhase"
    })
    expect(text(Command.alterSlot("s", { failover: true, twoPhase: true }, 180_000))).toBe(
      `ALTER_REPLICATION_SLOT "s" (FAILOVER true, TWO_PHASE true)`
    )
    expect(refused(Command.alterSlot("s", {}, 180_000))).toMatchObject({ argument: "changes" })
  })

  it("is dropped at once, or when it is free (REP-023)", () => {
    expect(text(Command.dropSlot("s", false))).toBe(`DROP_REPLICATION_SLOT "s"`)
    expect(text(Command.dropSlot("s", true))).toBe(`DROP_REPLICATION_SLOT "s" WAIT`)
  })
})

describe("a physical slot and stream", () => {
  it("is made as each version takes it (REP-015, REP-016)", () => {
    const of = (version: Command.ServerVersionNumber) =>
      text(Command.createPhysicalSlot("s", { temporary: true, reserveWal: true }, version))
    expect(of(140_000)).toBe(`CREATE_REPLICATION_SLOT "s" TEMPORARY PHYSICAL RESERVE_WAL`)
    expect(of(150_000)).toBe(`CREATE_REPLICATION_SLOT "s" TEMPORARY PHYSICAL (RESERVE_WAL)`)
    expect(text(Command.createPhysicalSlot("s", {}, 180_000))).toBe(`CREATE_REPLICATION_SLOT "s" PHYSICAL`)
  })

  it("is read from 15 on", () => {
    expect(text(Command.readSlot("s", 150_000))).toBe(`READ_REPLICATION_SLOT "s"`)
    expect(refused(Command.readSlot("s", 140_000))).toMatchObject({ argument: "READ_REPLICATION_SLOT" })
  })

  it("begins at a position, with or without slot and timeline (REP-007, REP-026)", () => {
    expect(text(Command.startPhysical({ start: 0x16_b374_d848n }))).toBe(
      "START_REPLICATION PHYSICAL 16/B374D848"
    )
    expect(text(Command.startPhysical({ slot: "s", start: 0x300_0000n, timeline: 2 }))).toBe(
      `START_REPLICATION SLOT "s" PHYSICAL 0/3000000 TIMELINE 2`
    )
    expect(refused(Command.startPhysical({ start: 0n, timeline: 0 }))).toMatchObject({ argument: "timeline" })
  })
})

it("settings with points in their names are asked for part by part (REP-012)", () => {
  expect(text(Command.show("wal_sender_timeout"))).toBe(`SHOW "wal_sender_timeout"`)
  expect(text(Command.show("my.setting"))).toBe(`SHOW "my"."setting"`)
})
