/** Values whose length does not fit the length word of a message: a length that wraps would make messages of the value's bytes. */
import { assert, describe, it } from "@effect/vitest"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as FrontendMessage from "../../../src/wire/FrontendMessage.js"
import { answered, described, harness, ready } from "../core.js"

/** What a server would run if it took the value's first bytes for messages. */
const smuggled = (() => {
  const writer = new ByteWriter()
  FrontendMessage.encode(writer, { _tag: "Query", sql: "drop table accounts" })
  return writer.written()
})()

/** A value of that many bytes, which begins with messages. Its memory is untouched zeros otherwise. */
const valueOf = (size: number): Uint8Array => {
  const value = new Uint8Array(size)
  for (let at = 0; at < 4096; at += smuggled.length) value.set(smuggled, at)
  return value
}

const sql = "select $1, $2, $3"
const bytea = 17

describe("a value that is too long for a message", () => {
  const fourGiB = valueOf(2 ** 32)

  for (const [name, values] of [
    ["4 GiB, a length that wraps to none", [null, fourGiB, null]],
    ["4 GiB as a sum", [fourGiB.subarray(0, 64), fourGiB.subarray(64), null]],
    ["2 GiB", [fourGiB.subarray(0, 2 ** 31), null, null]]
  ] as const)
    it(`${name}, is refused before any byte of it is sent, and the connection goes on (V15, V40, TRP-036)`, async () => {
      const self = harness()
      const told = self.query(sql, values)
      assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
      self.say(...described([bytea, bytea, bytea]))
      assert.deepStrictEqual(await self.sent(), ["Sync"])
      self.say(ready())
      assert.strictEqual(told.failure?._tag, "PgCodecError")
      assert.match(String(told.failure?.message), /bytes are more than the limit of/)
      const next = self.query(sql, [null, null, null])
      assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
      self.say(...answered(1))
      assert.deepStrictEqual(next.value?.rows, [{ x: 1 }])
    })
})
