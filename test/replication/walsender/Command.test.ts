import * as Either from "effect/Either"
import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import type { PgUsageError } from "../../../src/model/PgError.js"
import * as Command from "../../../src/replication/walsender/Command.js"
import * as Quoting from "../../../src/replication/walsender/Quoting.js"

const text = (command: Command.Command) => Either.getOrThrowWith(command, (error) => error)
const refused = (command: Either.Either<unknown, PgUsageError>) =>
  Either.getOrThrowWith(Either.flip(command), () => new Error("not refused"))

describe("what comes from outside, in a command", () => {
  /** What the server's scanner makes of a quoted name or text. */
  const unquote = (quoted: string, quote: string): string => {
    assert.strictEqual(quoted.startsWith(quote) && quoted.endsWith(quote), true)
    const inner = quoted.slice(1, -1)
    assert.notInclude(inner.replaceAll(quote + quote, ""), quote)
    return inner.replaceAll(quote + quote, quote)
  }
  const hostile = fc.oneof(fc.string({ maxLength: 15 }), fc.stringMatching(/^['"\\,;)( a-z]{1,20}$/))

  it("is data, whatever it holds (REP-004, REP-006)", () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const literal = Quoting.literal("x", value)
        if (Either.isRight(literal)) assert.strictEqual(unquote(literal.right, "'"), value)
        else assert.match(value, /\0/)
        const name = Quoting.name("x", value)
        if (Either.isRight(name)) assert.strictEqual(unquote(name.right, '"'), value)
      })
    )
  })

  it("stays inside its quotes in a whole command, also as a name in a list in a text (LOG-002, TRP-112)", () => {
    const names = [`My"Pub,1`, "it's", "plain"]
    const list = Either.getOrThrow(Quoting.nameList("publications", names))
    assert.strictEqual(list, `"My""Pub,1","it's","plain"`)
    assert.strictEqual(
      text(Command.startLogical(`a"b`, 0n, [["publication_names", list], [`x" '`, "y\\"], ["bare"]])),
      `START_REPLICATION SLOT "a""b" LOGICAL 0/0 ("publication_names" '"My""Pub,1","it''s","plain"', "x"" '" 'y\\', "bare")`
    )
  })

  it("is refused by name when it cannot be written", () => {
    assertSubset(refused(Command.startLogical("", 0n, [])), { argument: "slot", nothingSent: true })
    assertSubset(refused(Command.startLogical("s", 0n, [["include", "a\0b"]])), {
      argument: "include"
    })
    assertSubset(refused(Command.startLogical("s", -1n, [])), { argument: "start" })
    assertSubset(refused(Quoting.literal("label", "\ud800")), { argument: "label" })
    assertSubset(refused(Quoting.nameList("publications", [])), { argument: "publications" })
    assertSubset(refused(Command.show("a\0b")), { argument: "setting" })
    for (const timeline of [0, 1.5, 2 ** 32]) {
      assertSubset(refused(Command.timelineHistory(timeline)), { argument: "timeline" })
    }
  })
})

describe("a logical slot", () => {
  it("is made as PostgreSQL 14 takes it, word by word (REP-015)", () => {
    const of = (options: Command.LogicalSlotOptions) => Command.createLogicalSlot("s", options, 140_011)
    assert.strictEqual(text(of({})), `CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" NOEXPORT_SNAPSHOT`)
    assert.strictEqual(
      text(of({ temporary: true, snapshot: "use", plugin: "test_decoding" })),
      `CREATE_REPLICATION_SLOT "s" TEMPORARY LOGICAL "test_decoding" USE_SNAPSHOT`
    )
    assert.include(text(of({ snapshot: "export" })), " EXPORT_SNAPSHOT")
    assertSubset(refused(of({ twoPhase: true })), {
      argument: "twoPhase",
      reason: "needs PostgreSQL 15, and the server is 14"
    })
  })

  it("is made with a list of options from 15 on (REP-016)", () => {
    const of = (options: Command.LogicalSlotOptions, version: Command.ServerVersionNumber) =>
      Command.createLogicalSlot("s", options, version)
    assert.strictEqual(
      text(of({}, 150_000)),
      `CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" (SNAPSHOT 'nothing')`
    )
    assert.strictEqual(
      text(of({ twoPhase: true, failover: true, snapshot: "export" }, 170_000)),
      `CREATE_REPLICATION_SLOT "s" LOGICAL "pgoutput" (SNAPSHOT 'export', TWO_PHASE, FAILOVER)`
    )
    assert.include(text(of({ failover: true }, undefined)), "FAILOVER")
    assertSubset(refused(of({ failover: true }, 160_009)), { argument: "failover" })
    assertSubset(refused(of({ failover: true, temporary: true }, 180_000)), { argument: "failover" })
  })

  it("is changed from 17 on, its two phases from 18 on (REP-022)", () => {
    assertSubset(refused(Command.alterSlot("s", { failover: true }, 160_000)), {
      argument: "ALTER_REPLICATION_SLOT"
    })
    assert.strictEqual(
      text(Command.alterSlot("s", { failover: false }, 170_000)),
      `ALTER_REPLICATION_SLOT "s" (FAILOVER false)`
    )
    assertSubset(refused(Command.alterSlot("s", { twoPhase: true }, 170_000)), {
      argument: "twoPhase"
    })
    assert.strictEqual(
      text(Command.alterSlot("s", { failover: true, twoPhase: true }, 180_000)),
      `ALTER_REPLICATION_SLOT "s" (FAILOVER true, TWO_PHASE true)`
    )
    assertSubset(refused(Command.alterSlot("s", {}, 180_000)), { argument: "changes" })
  })

  it("is dropped at once, or when it is free (REP-023)", () => {
    assert.strictEqual(text(Command.dropSlot("s", false)), `DROP_REPLICATION_SLOT "s"`)
    assert.strictEqual(text(Command.dropSlot("s", true)), `DROP_REPLICATION_SLOT "s" WAIT`)
  })
})

describe("a physical slot and stream", () => {
  it("is made as each version takes it (REP-015, REP-016)", () => {
    const of = (version: Command.ServerVersionNumber) =>
      text(Command.createPhysicalSlot("s", { temporary: true, reserveWal: true }, version))
    assert.strictEqual(of(140_000), `CREATE_REPLICATION_SLOT "s" TEMPORARY PHYSICAL RESERVE_WAL`)
    assert.strictEqual(of(150_000), `CREATE_REPLICATION_SLOT "s" TEMPORARY PHYSICAL (RESERVE_WAL)`)
    assert.strictEqual(
      text(Command.createPhysicalSlot("s", {}, 180_000)),
      `CREATE_REPLICATION_SLOT "s" PHYSICAL`
    )
  })

  it("is read from 15 on", () => {
    assert.strictEqual(text(Command.readSlot("s", 150_000)), `READ_REPLICATION_SLOT "s"`)
    assertSubset(refused(Command.readSlot("s", 140_000)), { argument: "READ_REPLICATION_SLOT" })
  })

  it("begins at a position, with or without slot and timeline (REP-007, REP-026)", () => {
    assert.strictEqual(
      text(Command.startPhysical({ start: 0x16_b374_d848n })),
      "START_REPLICATION PHYSICAL 16/B374D848"
    )
    assert.strictEqual(
      text(Command.startPhysical({ slot: "s", start: 0x300_0000n, timeline: 2 })),
      `START_REPLICATION SLOT "s" PHYSICAL 0/3000000 TIMELINE 2`
    )
    assertSubset(refused(Command.startPhysical({ start: 0n, timeline: 0 })), { argument: "timeline" })
  })
})

it("settings with points in their names are asked for part by part (REP-012)", () => {
  assert.strictEqual(text(Command.show("wal_sender_timeout")), `SHOW "wal_sender_timeout"`)
  assert.strictEqual(text(Command.show("my.setting")), `SHOW "my"."setting"`)
})
