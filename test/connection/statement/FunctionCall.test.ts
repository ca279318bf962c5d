import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { FunctionCallRequest } from "../../../src/connection/statement/FunctionCall.js"
import type { Call } from "../../../src/connection/statement/FunctionCall.js"
import { error, harness, ready } from "../core.js"
import type { Harness } from "../core.js"

const bytes = (...values: ReadonlyArray<number>) => Uint8Array.from(values)

const call = (self: Harness, options: Partial<Call> = {}) =>
  self.submit<Uint8Array | null>(
    (outcome) =>
      new FunctionCallRequest({ functionOid: 952, arguments: [bytes(1, 2), null], ...options }, outcome)
  )

describe("a function call", () => {
  it("sends its arguments in one format, and gives the value (FLW-090)", async () => {
    const self = harness()
    const told = call(self)
    assert.deepStrictEqual(await self.messages(), [
      {
        _tag: "FunctionCall",
        functionOid: 952,
        argumentFormats: [1],
        arguments: [bytes(1, 2), null],
        resultFormat: 1
      }
    ])
    self.say({ _tag: "FunctionCallResponse", value: bytes(9) }, ready())
    assert.deepStrictEqual([told.count, told.value], [1, bytes(9)])
  })

  it("distinguishes NULL from no bytes (FLW-090)", () => {
    const self = harness()
    const none = call(self)
    self.say({ _tag: "FunctionCallResponse", value: null }, ready())
    const empty = call(self)
    self.say({ _tag: "FunctionCallResponse", value: bytes() }, ready())
    assert.deepStrictEqual([none.value, empty.value], [null, bytes()])
  })

  it("that fails is followed by ReadyForQuery without a Sync of ours (MSG-036, FLW-090)", async () => {
    const self = harness()
    const told = call(self)
    await self.sent()
    self.say(error("42883"), ready())
    assertSubset([told.failure, await self.sent()], [{ code: "42883" }, []])
  })

  it("waits for the pipeline to be empty, and others wait for it (FLW-045)", async () => {
    const self = harness()
    await self.know("select 1")
    self.query("select 1")
    call(self)
    self.query("select 1")
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })

  it("with too many arguments is refused here", async () => {
    const self = harness()
    const told = call(self, { arguments: Array<null>(65_536).fill(null) })
    assert.deepStrictEqual([told.count, told.failure?._tag, await self.sent()], [1, "PgUsageError", []])
  })

  it.each([
    ["a string", { arguments: ["12" as never] }, "arguments[0]"],
    ["an array of numbers", { arguments: [null, [1, 2] as never] }, "arguments[1]"],
    ["a buffer that is no view", { arguments: [new ArrayBuffer(4) as never] }, "arguments[0]"],
    ["wider items", { arguments: [Uint16Array.of(258) as never] }, "arguments[0]"],
    ["no list", { arguments: "12" as never }, "arguments"],
    ["a name for the function", { functionOid: "lo_creat" as never }, "functionOid"],
    ["an invalid format", { format: "binary" as never }, "format"]
  ] as const)("with %s is refused before anything is sent", async (_, options, argument) => {
    const self = harness()
    const told = call(self, options)
    assertSubset(told.failure, {
      _tag: "PgUsageError",
      operation: "callFunction",
      argument,
      nothingSent: true
    })
    assert.deepStrictEqual([told.count, await self.sent()], [1, []])
  })
})
