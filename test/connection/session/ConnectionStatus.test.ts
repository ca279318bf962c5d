import { assert, describe, it } from "@effect/vitest"
import { breakOff, scopeClosed } from "../../../src/connection/session/ConnectionEnd.js"
import { statusOf } from "../../../src/connection/session/ConnectionStatus.js"
import * as Inbound from "../../../src/connection/session/Inbound.js"
import * as Outbound from "../../../src/connection/session/Outbound.js"
import * as Role from "../../../src/connection/opening/Role.js"
import { PgProtocolError } from "../../../src/model/PgError.js"
import {
  answered,
  bound,
  complete,
  copyOut,
  described,
  error,
  fatal,
  harness,
  notice,
  parameter,
  ready,
  tick
} from "../core.js"
import { SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"

describe("the status of a connection", () => {
  it("is busy while an answer is due, and names the statement", async () => {
    const self = harness()
    await self.know("a")
    assert.deepInclude(statusOf(self.core), { state: "clean", inFlight: 0, waiting: 0 })
    self.query("a")
    await self.sent()
    assert.deepInclude(statusOf(self.core), { state: "busy", inFlight: 1, waiting: 0, statement: "a" })
    self.say(...answered(1))
    assert.deepInclude(statusOf(self.core), { state: "clean", inFlight: 0, statement: undefined })
  })

  it("is busy while a statement only waits because the socket takes no bytes", async () => {
    const self = harness()
    await self.know("a")
    self.link.takes = false
    self.query("a")
    await self.sent()
    self.say(...answered(1))
    self.query("a")
    await tick()
    assert.deepInclude(statusOf(self.core), { state: "busy", inFlight: 0, waiting: 1 })
  })

  it("is busy in a transaction, also when nothing is in flight", async () => {
    const self = harness()
    self.query("begin")
    await self.sent()
    self.say(...described([], []), bound, complete("BEGIN"), ready("T"))
    assert.deepInclude(statusOf(self.core), { state: "busy", inFlight: 0, waiting: 0, transaction: "T" })
  })

  it("counts prepared statements, and shows whether one statement holds the connection alone", async () => {
    const self = harness()
    await self.know("a")
    assert.deepStrictEqual(statusOf(self.core).holds, { preparedStatements: 1, lease: false })
    const held = self.query("new")
    await self.sent()
    assert.isTrue(statusOf(self.core).holds.lease)
    self.say(...described([], []), bound, complete("SELECT 0"), ready())
    assert.strictEqual(held.count, 1)
    assert.deepStrictEqual(statusOf(self.core).holds, { preparedStatements: 2, lease: false })
  })

  it("fits until the server refuses a write, where it does not report its role", async () => {
    let role: boolean | undefined = true
    const self = harness({ fitsRole: () => role, roleQuestion: Role.question("read-write") })
    await self.know("a")
    const fits = () => statusOf(self.core).fits
    assert.isTrue(fits())
    role = undefined
    self.query("a")
    await self.sent()
    self.say(error("40001"), ready())
    assert.isTrue(fits())
    self.query("a")
    await self.sent()
    assert.isTrue(self.core.roleReports.areBelieved)
    self.say(error("25006"), ready())
    assert.isFalse(fits())
    // Sessions that are opened from now on are asked for their role, whatever they report.
    assert.isFalse(self.core.roleReports.areBelieved)
    role = true
    assert.isTrue(fits())
  })

  it("fits also when a write is refused, where its role takes none", async () => {
    for (const wanted of ["standby", "read-only"] as const) {
      const self = harness({ fitsRole: () => undefined, roleQuestion: Role.question(wanted) })
      await self.know("a")
      self.query("a")
      await self.sent()
      self.say(error("25006"), ready())
      assert.deepStrictEqual([statusOf(self.core).fits, self.core.roleReports.areBelieved], [true, true])
    }
  })

  it("trusts reports of the server's role until a report shows that the role has changed", async () => {
    let role = true
    const self = harness({ fitsRole: () => role })
    self.say(parameter("in_hot_standby", "off"))
    assert.isTrue(self.core.roleReports.areBelieved)
    role = false
    self.say(parameter("in_hot_standby", "on"))
    assert.isFalse(self.core.roleReports.areBelieved)
  })

  it("is broken once the server has ended the session, by FATAL and by PANIC", async () => {
    for (const severity of ["FATAL", "PANIC"] as const) {
      const self = harness()
      await self.know("a")
      const told = self.query("a")
      await self.sent()
      self.say(error("XX000", { severity }))
      assert.strictEqual(statusOf(self.core).state, "broken")
      assert.deepInclude(told.failure, { _tag: "PgServerError", severity })
      assert.strictEqual(self.link.destroyed, 1)
    }
  })
})

describe("what comes too late for a connection", () => {
  it("fails at once with the reason of the end, and reports that nothing was sent", async () => {
    const self = harness()
    Inbound.ended(self.core, undefined)
    const told = self.query("a")
    assert.deepInclude(told.failure, {
      _tag: "PgClosedError",
      reason: "the server closed the connection",
      sent: false,
      ended: true
    })
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("names another failure that ended the connection", () => {
    const self = harness()
    breakOff(self.core, new PgProtocolError({ state: "Fetching", tag: "Z", reason: "it was torn" }))
    const told = self.query("a")
    assert.deepInclude(told.failure, { _tag: "PgClosedError", sent: false, ended: true })
    assert.match(told.failure!.message, /has been closed after: .*it was torn/)
  })

  it("is known from what waited when it ended: that was not too late", () => {
    const self = harness()
    self.link.takes = false
    const [sent, queued] = [self.query("a"), self.query("b")]
    Inbound.ended(self.core, undefined)
    for (const { failure } of [sent, queued]) {
      assert.strictEqual(failure?._tag, "PgClosedError")
      assert.notProperty(failure, "ended")
    }
  })

  it("is not read: neither a notice nor a row", async () => {
    const self = harness()
    breakOff(self.core, scopeClosed)
    self.say(notice("00000"), ready())
    assert.deepStrictEqual(self.logged(), [])
  })

  it("does not leave when the end comes in the same tick", async () => {
    const self = harness()
    await self.know("a")
    const told = self.query("a")
    self.say(fatal("57P01"))
    assert.deepStrictEqual(await self.sent(), [])
    assert.deepInclude(told.failure, { _tag: "PgServerError" })
  })
})

describe("the end of a connection", () => {
  const learned = () => {
    const self = harness()
    self.core.types.learn([], [90_000])
    return self
  }

  it("has types looked up again by the other sessions when it was lost, and not when its scope was closed", () => {
    const lost = learned()
    Inbound.ended(lost.core, undefined)
    assert.deepStrictEqual(lost.core.types.unknown([90_000]), [90_000])
    const closed = learned()
    breakOff(closed.core, scopeClosed)
    assert.deepStrictEqual(closed.core.types.unknown([90_000]), [])
  })
})

describe("the hint of an error in a failed transaction", () => {
  const refused = async (because: string | undefined, code: string): Promise<string | undefined> => {
    const self = harness()
    await self.know("a")
    self.core.failedBecause = because
    const told = self.query("a")
    await self.sent()
    self.say(error(code, { hint: "the server's" }), ready("E"))
    return told.failure?._tag === "PgServerError" ? told.failure.hint : undefined
  }

  it("names the reason where this client failed the transaction", async () => {
    assert.strictEqual(await refused("a stream was left", "25P02"), "a stream was left")
  })

  it("is the server's else", async () => {
    assert.strictEqual(await refused(undefined, "25P02"), "the server's")
    assert.strictEqual(await refused("a stream was left", "22012"), "the server's")
  })
})

describe("a message that is not allowed", () => {
  it("ends the connection, and is named if it has a name", async () => {
    const self = harness()
    await self.know("a")
    self.say(copyOut)
    assert.match(self.core.ended!.message, /CopyOutResponse is not allowed here/)
    const other = harness()
    Inbound.receive(other.core, Uint8Array.of(0x7e, 0, 0, 0, 4))
    assert.match(other.core.ended!.message, /an unknown message is not allowed here/)
  })
})

describe("statements that wait to be written", () => {
  /** `count` queries at once, each of which takes its number as a parameter. */
  const flood = async (count: number, pipelineDepth: number) => {
    const self = harness({ pipelineDepth })
    await self.know("a")
    const told = Array.from({ length: count }, () => self.query("a"))
    await self.sent()
    return { self, told }
  }

  it("are all sent and answered in order, hundreds of them at once", async () => {
    for (const depth of [1, 3, 100]) {
      const { self, told } = await flood(400, depth)
      for (let n = 0; n < 400; n++) {
        self.say(...answered(n))
        await tick()
      }
      assert.deepStrictEqual(
        told.map(({ count, value }) => [count, value?.rows]),
        told.map((_, n) => [1, [{ x: n }]])
      )
      assert.deepInclude(statusOf(self.core), { state: "clean", inFlight: 0, waiting: 0 })
    }
  })

  it("leave no place behind while others still wait", async () => {
    const { self, told } = await flood(400, 1)
    for (let n = 0; n < 300; n++) {
      self.say(...answered(n))
      await tick()
      assert.isAtMost(self.core.pending.length, 2 * statusOf(self.core).waiting + 66)
    }
    // What comes now is behind those that wait.
    const late = self.query("a")
    for (let n = 300; n <= 400; n++) {
      self.say(...answered(n))
      await tick()
    }
    assert.deepStrictEqual([told[399]!.value?.rows, late.value?.rows], [[{ x: 399 }], [{ x: 400 }]])
  })

  it("are skipped when they have been withdrawn, and those behind them are sent", async () => {
    const { self, told } = await flood(200, 1)
    for (let n = 1; n < 150; n++) told[n]!.request.withdraw(self.core)
    Outbound.pump(self.core)
    assert.strictEqual(statusOf(self.core).waiting, 50)
    self.say(...answered(0))
    await tick()
    for (let n = 150; n < 200; n++) {
      self.say(...answered(n))
      await tick()
    }
    assert.deepStrictEqual(told[199]!.value?.rows, [{ x: 199 }])
    assert.strictEqual(statusOf(self.core).state, "clean")
  })

  it("wait behind a text of statements, which is sent alone", async () => {
    const self = harness()
    await self.know("a")
    self.submit<ReadonlyArray<QueryResult>>((outcome) => new SimpleRequest("b; c", "object", outcome))
    const told = self.query("a")
    assert.deepStrictEqual(await self.sent(), ["Query"])
    assert.strictEqual(statusOf(self.core).waiting, 1)
    self.say(complete("SET"), complete("SET"), ready())
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(7))
    assert.deepStrictEqual(told.value?.rows, [{ x: 7 }])
  })
})
