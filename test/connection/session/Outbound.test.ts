import { describe, expect, it } from "vitest"
import * as Effect from "effect/Effect"
import * as Cancel from "../../../src/connection/session/Cancel.js"
import * as Outbound from "../../../src/connection/session/Outbound.js"
import type { Statement } from "../../../src/model/Statement.js"
import { QueryRequest, SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import {
  answered,
  closed,
  complete,
  described,
  error,
  fatal,
  harness,
  int4,
  ready,
  row,
  tick
} from "../core.js"
import type { Harness } from "../core.js"

const known = "select 1 as x"
const use = "Bind Execute Sync"

/** A statement whose value throws when it is looked at, behind the length that was written for it. */
const hostile = (sql: string): Statement => ({
  sql,
  types: [],
  get parameters(): ReadonlyArray<unknown> {
    throw new TypeError("no value")
  }
})

const simple = (self: Harness, sql: string) =>
  self.submit<ReadonlyArray<QueryResult>>((outcome) => new SimpleRequest(sql, "object", outcome))

describe("requests of one tick", () => {
  it("leave in one write, in order (GEN-007, FLW-100)", async () => {
    const self = harness()
    await self.know(known)
    const before = self.link.writes.length
    for (let count = 0; count < 4; count++) self.query(known)
    expect(self.link.writes.length).toBe(before)
    expect(await self.sent()).toEqual([[use, use, use, use].join(" ")])
  })

  it("leave sooner once the batch is large, every message whole", async () => {
    const self = harness()
    await self.know("select $1 as x", [25])
    const before = self.link.writes.length
    const long = "a".repeat(30_000)
    for (let count = 0; count < 5; count++) self.query("select $1 as x", [long])
    expect(self.link.writes.length).toBe(before + 1)
    expect((await self.sent()).join(" ")).toBe(Array(5).fill(use).join(" "))
  })

  it("include what a chunk of answers set free", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    for (let count = 0; count < 4; count++) self.query(known)
    expect(await self.sent()).toEqual([[use, use].join(" ")])
    self.say(...answered(1), ...answered(2))
    expect(await self.sent()).toEqual([[use, use].join(" ")])
  })
})

describe("a request that has been written", () => {
  it("is not kept by the queue, where its result would stay with it", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    expect(self.core.pending).toEqual([])
    await self.sent()
    self.say(...answered(1))
    expect([self.core.pending, self.core.waiting, self.core.pendingFrom]).toEqual([[], 0, 0])
  })
})

describe("the depth of the pipeline", () => {
  it("bounds what is in flight, and each answer lets one more out (FLW-051)", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    const told = [0, 1, 2, 3].map(() => self.query(known))
    expect((await self.sent()).join(" ")).toBe([use, use].join(" "))
    expect([self.core.waiting, told.map(({ request }) => request.state)]).toEqual([
      2,
      ["sent", "sent", "queued", "queued"]
    ])
    self.say(...answered(1))
    expect(await self.sent()).toEqual([use])
    self.say(...answered(2), ...answered(3))
    expect(await self.sent()).toEqual([use])
    self.say(...answered(4))
    expect(told.map(({ value }) => value?.rows)).toEqual([[{ x: 1 }], [{ x: 2 }], [{ x: 3 }], [{ x: 4 }]])
  })

  it.each([1, 0, -5])("of %d lets one out at a time", async (pipelineDepth) => {
    const self = harness({ pipelineDepth })
    await self.know(known)
    self.query(known)
    self.query(known)
    expect(await self.sent()).toEqual([use])
    self.say(...answered(1))
    expect(await self.sent()).toEqual([use])
  })
})

describe("the first use of a statement", () => {
  it("asks for its description by Flush and holds everybody else back until Bind is out (FLW-042)", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    self.query("select 2 as x")
    self.query(known)
    expect(await self.sent()).toEqual([`${use} Parse Describe Flush`])
    self.say(...answered(1))
    expect(await self.sent()).toEqual([])
    self.say(...described([]))
    expect(await self.sent()).toEqual([`${use} ${use}`])
  })

  it("is made once by two that ask at the same time", async () => {
    const self = harness()
    const told = [self.query(known), self.query(known)]
    expect(await self.sent()).toEqual(["Parse Describe Flush"])
    self.say(...described([]), ...answered(1))
    expect(await self.sent()).toEqual([`${use} ${use}`])
    self.say(...answered(2))
    expect(told.map(({ value }) => value?.rows)).toEqual([[{ x: 1 }], [{ x: 2 }]])
  })

  it("lets others out after it failed and its Sync was answered", async () => {
    const self = harness()
    await self.know(known)
    const failed = self.query("selec")
    const next = self.query(known)
    await self.sent()
    self.say(error("42601"))
    expect(await self.sent()).toEqual(["Sync"])
    self.say(ready())
    expect(await self.sent()).toEqual([use])
    self.say(...answered(1))
    expect([failed.failure?._tag, next.value?.rows]).toEqual(["PgServerError", [{ x: 1 }]])
  })
})

describe("a text of several statements", () => {
  it("waits until everything before it is answered, and everything behind it waits for it (FLW-045, FLW-052, TRP-070)", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    simple(self, "select 1; select 2")
    const behind = self.query(known)
    expect(await self.sent()).toEqual([use])
    self.say(...answered(1))
    expect(await self.sent()).toEqual(["Query"])
    self.say(complete("SELECT 1"))
    expect(await self.sent()).toEqual([])
    self.say(complete("SELECT 1"), ready())
    expect(await self.sent()).toEqual([use])
    self.say(...answered(3))
    expect(behind.value?.rows).toEqual([{ x: 3 }])
  })
})

describe("a socket that wants no more", () => {
  it("keeps new requests back, while answers are still read and open ones go on (FLW-050, GEN-006)", async () => {
    const self = harness()
    await self.know(known)
    self.link.takes = false
    const first = self.query(known)
    const opening = self.query("select 2 as x")
    expect(await self.sent()).toEqual([`${use} Parse Describe Flush`])
    expect(self.core.blocked).toBe(true)
    const later = self.query(known)
    expect(await self.sent()).toEqual([])
    self.say(...answered(1))
    expect(first.value?.rows).toEqual([{ x: 1 }])
    // The description has been read: the statement's own Bind must go out, or nobody would ever go on.
    self.say(...described([], [int4("x")]))
    expect(await self.sent()).toEqual([use])
    self.say(...answered(2))
    expect([opening.value?.rows, later.request.state]).toEqual([[{ x: 2 }], "queued"])
    self.link.takes = true
    Outbound.drained(self.core)
    expect(await self.sent()).toEqual([use])
    self.say(...answered(3))
    expect(later.value?.rows).toEqual([{ x: 3 }])
  })

  it("wakes whoever waits for it, once", () => {
    const { core } = harness()
    let woken = 0
    core.drainWaiters.push(() => void woken++)
    Outbound.drained(core)
    Outbound.drained(core)
    expect(woken).toBe(1)
  })
})

describe("a request", () => {
  it("withdrawn before its turn is never written", async () => {
    const self = harness({ pipelineDepth: 1 })
    await self.know(known)
    self.query(known)
    const gone = self.query(known)
    const stays = self.query(known)
    await self.sent()
    gone.request.withdraw(self.core)
    expect(self.core.waiting).toBe(1)
    self.say(...answered(1))
    expect(await self.sent()).toEqual([use])
    self.say(...answered(2))
    expect([gone.count, stays.value?.rows]).toEqual([0, [{ x: 2 }]])
    expect(await self.sent()).toEqual([])
  })

  it("on a closed connection fails at once, and says that nothing was sent", async () => {
    const self = harness()
    self.say(error("57P01", { severity: "FATAL" }))
    const late = self.query(known)
    expect(late.failure?._tag).toBe("PgClosedError")
    expect([late.count, late.failure?.nothingSent]).toEqual([1, true])
    expect(await self.sent()).toEqual([])
  })

  it("sent once more goes before all that wait, once what was written behind it is answered", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    const first = self.query(known)
    const second = self.query(known)
    const waiting = self.query("select 3 as x")
    await self.sent()
    self.say(error("26000"), ready())
    expect([first.count, first.request.state, waiting.request.state]).toEqual([0, "queued", "queued"])
    expect(await self.sent()).toEqual([])
    // The second was not run either: both go once more, in the order of their issue.
    self.say(error("26000"), ready())
    expect([first.request.state, second.request.state, waiting.request.state]).toEqual([
      "sent",
      "queued",
      "queued"
    ])
    expect(await self.sent()).toEqual(["Close Parse Describe Flush"])
    self.say(closed, ...described([]), ...answered(1))
    expect(first.value?.rows).toEqual([{ x: 1 }])
    expect(await self.sent()).toEqual(["Bind Execute Sync Bind Execute Sync Parse Describe Flush"])
    self.say(...answered(2))
    expect([second.value?.rows, waiting.request.state]).toEqual([[{ x: 2 }], "sent"])
  })

  it("to be sent once more fails when a statement issued after it has run: the order would be another", async () => {
    const self = harness()
    await self.know(known)
    const first = self.query(known)
    const second = self.query(known)
    await self.sent()
    self.say(error("26000"), ready(), ...answered(2))
    expect([first.count, first.failure]).toMatchObject([1, { _tag: "PgServerError", code: "26000" }])
    expect([second.value?.rows, self.core.repeats]).toEqual([[{ x: 2 }], []])
    // The next use describes it anew.
    self.query(known)
    expect(await self.sent()).toEqual(["Close Parse Describe Flush"])
  })

  it("to be sent once more is failed with the connection, and is withdrawn with its fiber", async () => {
    const self = harness()
    await self.know(known)
    const [first, second] = [self.query(known), self.query(known)]
    self.say(error("26000"), ready())
    expect(self.core.waiting).toBe(1)
    self.say(fatal("57P01"))
    expect([first.failure?._tag, second.failure?._tag, self.core.waiting]).toEqual([
      "PgClosedError",
      "PgServerError",
      0
    ])
    const other = harness()
    await other.know(known)
    const gone = other.query(known)
    other.query(known)
    other.say(error("26000"), ready())
    await Effect.runPromise(Cancel.abandon(other.core, gone.request))
    await other.sent()
    other.say(...answered(2))
    expect([gone.count, gone.request.state, await other.sent()]).toEqual([0, "settled", []])
  })

  it("described while others are to be sent once more before it waits for them", async () => {
    const self = harness()
    await self.know(known)
    const first = self.query(known)
    const second = self.query("select 3 as x")
    await self.sent()
    self.say(error("26000"), ready(), ...described([]))
    expect(await self.sent()).toEqual(["Sync"])
    self.say(ready())
    expect(await self.sent()).toEqual(["Close Parse Describe Flush"])
    self.say(closed, ...described([]), ...answered(1))
    self.say(...answered(3))
    expect([first.value?.rows, second.value?.rows]).toEqual([[{ x: 1 }], [{ x: 3 }]])
  })

  it("that throws while it is opened fails alone, and leaves nothing half written", async () => {
    const self = harness()
    await self.know("select $1::int4 as x", [23])
    const before = self.query("select $1::int4 as x", [1])
    const refused = self.submit<QueryResult>(
      (outcome) => new QueryRequest(hostile("select $1::int4 as x"), "object", outcome)
    )
    const behind = self.query("select $1::int4 as x", [2])
    expect([refused.count, refused.failure]).toMatchObject([1, { _tag: "PgCodecError", nothingSent: true }])
    expect(await self.sent()).toEqual(["Bind Execute Sync Bind Execute Sync"])
    self.say(...answered(1), ...answered(2))
    expect([before.value?.rows, behind.value?.rows]).toEqual([[{ x: 1 }], [{ x: 2 }]])
  })

  it("that throws has statements closed by the next one that were to be closed with it", async () => {
    const self = harness()
    await self.know(known)
    self.core.statements.drop(["ep_9"])
    self.submit<QueryResult>((outcome) => new QueryRequest(hostile(known), "object", outcome))
    self.query(known)
    expect(await self.sent()).toEqual(["Close Bind Execute Sync"])
  })

  it("runs many thousand times without the queue growing", async () => {
    const self = harness({ pipelineDepth: 3 })
    await self.know(known)
    let settled = 0
    for (let round = 0; round < 200; round++) {
      const told = [self.query(known), self.query(known), self.query(known), self.query(known)]
      for (let count = 0; count < 4; count++) self.say(...answered(count))
      settled += told.filter(({ value }) => value?.rows.length === 1).length
      await tick()
    }
    expect(settled).toBe(800)
    expect(self.core.pending.length).toBeLessThan(200)
  })
})

it("rows of a large answer are read while hundreds of requests are on the wire (TRP-050)", async () => {
  const self = harness({ pipelineDepth: 300 })
  await self.know(known)
  self.link.takes = false
  const told = Array.from({ length: 300 }, () => self.query(known))
  await tick()
  const many = Array.from({ length: 300 }, (_, value) => row(value))
  for (let count = 0; count < 300; count++) {
    if (told[count]!.request.state === "queued") Outbound.drained(self.core)
    self.say({ _tag: "BindComplete" }, ...many, complete("SELECT 300"), ready())
  }
  expect(told.every(({ value }) => value?.rows.length === 300)).toBe(true)
})
