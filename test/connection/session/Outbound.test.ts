import { assert, describe, it } from "@effect/vitest"
import { reasonOf } from "../../../src/connection/session/CodecThrew.js"
import { assertSubset } from "../../support/subset.js"
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
    assert.strictEqual(self.link.writes.length, before)
    assert.deepStrictEqual(await self.sent(), [[use, use, use, use].join(" ")])
  })

  it("leave sooner once the batch is large, every message whole", async () => {
    const self = harness()
    await self.know("select $1 as x", [25])
    const before = self.link.writes.length
    const long = "a".repeat(30_000)
    for (let count = 0; count < 5; count++) self.query("select $1 as x", [long])
    assert.strictEqual(self.link.writes.length, before + 1)
    assert.strictEqual((await self.sent()).join(" "), Array(5).fill(use).join(" "))
  })

  it("include what a chunk of answers set free", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    for (let count = 0; count < 4; count++) self.query(known)
    assert.deepStrictEqual(await self.sent(), [[use, use].join(" ")])
    self.say(...answered(1), ...answered(2))
    assert.deepStrictEqual(await self.sent(), [[use, use].join(" ")])
  })
})

describe("a request that has been written", () => {
  it("is not kept by the queue, where its result would stay with it", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    assert.deepStrictEqual(self.core.pending, [])
    await self.sent()
    self.say(...answered(1))
    assert.deepStrictEqual([self.core.pending, self.core.waiting, self.core.pendingFrom], [[], 0, 0])
  })
})

describe("the depth of the pipeline", () => {
  it("bounds what is in flight, and each answer lets one more out (FLW-051)", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    const told = [0, 1, 2, 3].map(() => self.query(known))
    assert.strictEqual((await self.sent()).join(" "), [use, use].join(" "))
    assert.deepStrictEqual(
      [self.core.waiting, told.map(({ request }) => request.state)],
      [2, ["sent", "sent", "queued", "queued"]]
    )
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(2), ...answered(3))
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(4))
    assert.deepStrictEqual(
      told.map(({ value }) => value?.rows),
      [[{ x: 1 }], [{ x: 2 }], [{ x: 3 }], [{ x: 4 }]]
    )
  })

  it.each([1, 0, -5])("of %d lets one out at a time", async (pipelineDepth) => {
    const self = harness({ pipelineDepth })
    await self.know(known)
    self.query(known)
    self.query(known)
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), [use])
  })
})

describe("the first use of a statement", () => {
  it("asks for its description by Flush and holds all other requests back until Bind is out (FLW-042)", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    self.query("select 2 as x")
    self.query(known)
    assert.deepStrictEqual(await self.sent(), [`${use} Parse Describe Flush`])
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), [])
    self.say(...described([]))
    assert.deepStrictEqual(await self.sent(), [`${use} ${use}`])
  })

  it("is made once by two that ask at the same time", async () => {
    const self = harness()
    const told = [self.query(known), self.query(known)]
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
    self.say(...described([]), ...answered(1))
    assert.deepStrictEqual(await self.sent(), [`${use} ${use}`])
    self.say(...answered(2))
    assert.deepStrictEqual(
      told.map(({ value }) => value?.rows),
      [[{ x: 1 }], [{ x: 2 }]]
    )
  })

  it("lets others out after it failed and its Sync was answered", async () => {
    const self = harness()
    await self.know(known)
    const failed = self.query("selec")
    const next = self.query(known)
    await self.sent()
    self.say(error("42601"))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(1))
    assert.deepStrictEqual([failed.failure?._tag, next.value?.rows], ["PgServerError", [{ x: 1 }]])
  })
})

describe("a text of several statements", () => {
  it("waits until everything before it is answered, and everything behind it waits for it (FLW-045, FLW-052, TRP-070)", async () => {
    const self = harness()
    await self.know(known)
    self.query(known)
    simple(self, "select 1; select 2")
    const behind = self.query(known)
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), ["Query"])
    self.say(complete("SELECT 1"))
    assert.deepStrictEqual(await self.sent(), [])
    self.say(complete("SELECT 1"), ready())
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(3))
    assert.deepStrictEqual(behind.value?.rows, [{ x: 3 }])
  })
})

describe("a socket that wants no more", () => {
  it("keeps new requests back, while answers are still read and open ones go on (FLW-050, GEN-006)", async () => {
    const self = harness()
    await self.know(known)
    self.link.takes = false
    const first = self.query(known)
    const opening = self.query("select 2 as x")
    assert.deepStrictEqual(await self.sent(), [`${use} Parse Describe Flush`])
    assert.strictEqual(self.core.blocked, true)
    const later = self.query(known)
    assert.deepStrictEqual(await self.sent(), [])
    self.say(...answered(1))
    assert.deepStrictEqual(first.value?.rows, [{ x: 1 }])
    // The description has been read: the statement's own Bind must go out, or no caller would ever go on.
    self.say(...described([], [int4("x")]))
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(2))
    assert.deepStrictEqual([opening.value?.rows, later.request.state], [[{ x: 2 }], "queued"])
    self.link.takes = true
    Outbound.drained(self.core)
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(3))
    assert.deepStrictEqual(later.value?.rows, [{ x: 3 }])
  })

  it("looks again at what a fiber waits for, until that holds", () => {
    const { core } = harness()
    let looks = 0
    Effect.runFork(core.drainWaiters.when(() => ++looks === 2))
    Outbound.drained(core)
    Outbound.drained(core)
    assert.strictEqual(looks, 2)
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
    assert.strictEqual(self.core.waiting, 1)
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), [use])
    self.say(...answered(2))
    assert.deepStrictEqual([gone.count, stays.value?.rows], [0, [{ x: 2 }]])
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("on a closed connection fails at once, and reports that nothing was sent", async () => {
    const self = harness()
    self.say(error("57P01", { severity: "FATAL" }))
    const late = self.query(known)
    assert.strictEqual(late.failure?._tag, "PgClosedError")
    assert.deepStrictEqual([late.count, late.failure?.nothingSent], [1, true])
    assert.deepStrictEqual(await self.sent(), [])
  })

  it("sent once more goes before all that wait, once what was written behind it is answered", async () => {
    const self = harness({ pipelineDepth: 2 })
    await self.know(known)
    const first = self.query(known)
    const second = self.query(known)
    const waiting = self.query("select 3 as x")
    await self.sent()
    self.say(error("26000"), ready())
    assert.deepStrictEqual([first.count, first.request.state, waiting.request.state], [0, "queued", "queued"])
    assert.deepStrictEqual(await self.sent(), [])
    // The second was not run either: both go once more, in the order of their issue.
    self.say(error("26000"), ready())
    assert.deepStrictEqual(
      [first.request.state, second.request.state, waiting.request.state],
      ["sent", "queued", "queued"]
    )
    assert.deepStrictEqual(await self.sent(), ["Close Parse Describe Flush"])
    self.say(closed, ...described([]), ...answered(1))
    assert.deepStrictEqual(first.value?.rows, [{ x: 1 }])
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync Bind Execute Sync Parse Describe Flush"])
    self.say(...answered(2))
    assert.deepStrictEqual([second.value?.rows, waiting.request.state], [[{ x: 2 }], "sent"])
  })

  it("to be sent once more fails when a statement issued after it has run: the order would be another", async () => {
    const self = harness()
    await self.know(known)
    const first = self.query(known)
    const second = self.query(known)
    await self.sent()
    self.say(error("26000"), ready(), ...answered(2))
    assertSubset([first.count, first.failure], [1, { _tag: "PgServerError", code: "26000" }])
    assert.deepStrictEqual([second.value?.rows, self.core.repeats], [[{ x: 2 }], []])
    // The next use describes it anew.
    self.query(known)
    assert.deepStrictEqual(await self.sent(), ["Close Parse Describe Flush"])
  })

  it("to be sent once more is failed with the connection, and is withdrawn with its fiber", async () => {
    const self = harness()
    await self.know(known)
    const [first, second] = [self.query(known), self.query(known)]
    self.say(error("26000"), ready())
    assert.strictEqual(self.core.waiting, 1)
    self.say(fatal("57P01"))
    assert.deepStrictEqual(
      [first.failure?._tag, second.failure?._tag, self.core.waiting],
      ["PgClosedError", "PgServerError", 0]
    )
    const other = harness()
    await other.know(known)
    const gone = other.query(known)
    other.query(known)
    other.say(error("26000"), ready())
    await Effect.runPromise(Cancel.abandon(other.core, gone.request))
    await other.sent()
    other.say(...answered(2))
    assert.deepStrictEqual([gone.count, gone.request.state, await other.sent()], [0, "settled", []])
  })

  it("described while others are to be sent once more before it waits for them", async () => {
    const self = harness()
    await self.know(known)
    const first = self.query(known)
    const second = self.query("select 3 as x")
    await self.sent()
    self.say(error("26000"), ready(), ...described([]))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual(await self.sent(), ["Close Parse Describe Flush"])
    self.say(closed, ...described([]), ...answered(1))
    self.say(...answered(3))
    assert.deepStrictEqual([first.value?.rows, second.value?.rows], [[{ x: 1 }], [{ x: 3 }]])
  })

  it("that throws while it is opened fails alone, and leaves nothing half written", async () => {
    const self = harness()
    await self.know("select $1::int4 as x", [23])
    const before = self.query("select $1::int4 as x", [1])
    const refused = self.submit<QueryResult>(
      (outcome) => new QueryRequest(hostile("select $1::int4 as x"), "object", outcome)
    )
    const behind = self.query("select $1::int4 as x", [2])
    assertSubset([refused.count, refused.failure], [1, { _tag: "PgCodecError", nothingSent: true }])
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync Bind Execute Sync"])
    self.say(...answered(1), ...answered(2))
    assert.deepStrictEqual([before.value?.rows, behind.value?.rows], [[{ x: 1 }], [{ x: 2 }]])
  })

  it("whose text is too long for a string fails with that reason, and names how to read it", () => {
    const tooLong = Object.assign(new Error("Cannot create a string"), { code: "ERR_STRING_TOO_LONG" })
    assert.match(reasonOf(tooLong), /longer than a string can be here .* read it as bytea, or in parts$/)
    for (const cause of [new RangeError("s3cret"), Object.assign(new RangeError("s3cret"), { code: "E" })])
      assert.strictEqual(reasonOf(cause), "a codec threw RangeError")
    assert.strictEqual(reasonOf("s3cret"), "a codec threw string")
  })

  it("that throws has statements closed by the next one that were to be closed with it", async () => {
    const self = harness()
    await self.know(known)
    self.core.statements.drop(["ep_9"])
    self.submit<QueryResult>((outcome) => new QueryRequest(hostile(known), "object", outcome))
    self.query(known)
    assert.deepStrictEqual(await self.sent(), ["Close Bind Execute Sync"])
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
    assert.strictEqual(settled, 800)
    assert.isBelow(self.core.pending.length, 200)
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
  assert.strictEqual(
    told.every(({ value }) => value?.rows.length === 300),
    true
  )
})
