import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Portal from "../../../src/connection/statement/Portal.js"
import * as Statement from "../../../src/model/Statement.js"
import {
  bound,
  closed,
  complete,
  copyData,
  copyDone,
  copyIn,
  copyOut,
  described,
  error,
  harness,
  ready,
  tick
} from "../core.js"
import type { Harness } from "../core.js"

const rows = (self: Harness, sql: string) =>
  Effect.runFork(
    Effect.either(Stream.runCollect(Portal.rows(self.core, Statement.make(sql), { fetchSize: 10 }, "object")))
  )

const inTransaction = async (): Promise<Harness> => {
  const self = harness()
  await self.know("begin", [], [])
  self.query("begin")
  self.say(bound, complete("BEGIN"), ready("T"))
  await self.sent()
  return self
}

describe("a COPY asked for as rows of a portal", () => {
  it("outside a transaction is ended with CopyFail and exactly one Sync", async () => {
    const self = harness()
    const fiber = rows(self, "copy t from stdin")
    await tick()
    self.say(...described([], []))
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush", "Bind Execute Flush"])
    self.say(bound, copyIn, error("57014"))
    assert.strictEqual((await self.sent()).join(" "), "CopyFail Sync")
    self.say(ready())
    assertSubset(await Effect.runPromise(Fiber.join(fiber)), {
      left: { _tag: "PgUsageError", operation: "stream", nothingSent: false }
    })
    assert.deepStrictEqual([self.core.ended, self.core.session.owner], [undefined, undefined])
  })

  it("inside a transaction is ended too, and no caller hangs", async () => {
    const self = await inTransaction()
    const fiber = rows(self, "copy t from stdin")
    await tick()
    self.say(...described([], []))
    await self.sent()
    self.say(bound, copyIn)
    assert.deepStrictEqual(await self.sent(), ["CopyFail Sync"])
    self.say(error("57014"), ready("E"))
    assertSubset(await Effect.runPromise(Fiber.join(fiber)), {
      left: { _tag: "PgUsageError", operation: "stream", nothingSent: false }
    })
    assert.isUndefined(self.core.ended)
  })

  it("of data to us is no empty result", async () => {
    const self = await inTransaction()
    const fiber = rows(self, "copy t to stdout")
    await tick()
    self.say(...described([], []))
    await self.sent()
    self.say(bound, copyOut, copyData("1\n"), copyDone, complete("COPY 1"), ready("T"))
    assert.deepStrictEqual(await self.sent(), ["Close Sync"])
    self.say(closed, ready("T"))
    assertSubset(await Effect.runPromise(Fiber.join(fiber)), {
      left: { _tag: "PgUsageError", operation: "stream", nothingSent: false }
    })
  })
})
