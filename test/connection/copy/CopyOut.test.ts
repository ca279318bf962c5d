import fc from "fast-check"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { StreamBuffer } from "../../../src/connection/session/Buffer.js"
import { compact, CopyOutRequest, notACopy } from "../../../src/connection/copy/CopyOut.js"
import * as Outbound from "../../../src/connection/session/Outbound.js"
import * as FrameLimits from "../../../src/wire/FrameLimits.js"
import { Framer } from "../../../src/wire/Framer.js"
import type { FrameRun } from "../../../src/wire/FrameRun.js"
import { complete, copyData, copyDone, encode, harness, ready, tick } from "../core.js"

const decoder = new TextDecoder()

const runOf = (framer: Framer): FrameRun => {
  const run = framer.next()
  if (run === null || "least" in run) throw new Error("no run")
  return run
}

describe("copy data of one chunk", () => {
  it("becomes one piece, in order, whatever the sizes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 30 }), (texts) => {
        const framer = new Framer(FrameLimits.defaults.session)
        framer.push(encode(...texts.map(copyData)))
        assert.strictEqual(decoder.decode(compact(runOf(framer))), texts.join(""))
      })
    )
  })

  it("is moved without touching what follows it in the chunk", () => {
    const framer = new Framer(FrameLimits.defaults.session)
    framer.push(encode(copyData("one\n"), copyData("two\n"), copyDone, complete("COPY 2")))
    assert.strictEqual(decoder.decode(compact(runOf(framer))), "one\ntwo\n")
    assertSubset(runOf(framer), { tag: 0x63, count: 1 })
    const last = runOf(framer)
    assert.strictEqual(decoder.decode(last.bytes.subarray(last.starts[0]!)), "COPY 2\0")
  })

  it("of a single message is not copied at all", () => {
    const framer = new Framer(FrameLimits.defaults.session)
    const chunk = encode(copyData("whole"))
    framer.push(chunk)
    assert.strictEqual(compact(runOf(framer)).buffer, chunk.buffer)
  })
})

it("a statement that is not a copy is refused with its text", () => {
  assert.include(
    notACopy("select 1", "COPY TO STDOUT").message,
    "must be COPY TO STDOUT, and the statement is not"
  )
  assert.include(notACopy("select 1", "COPY TO STDOUT").message, "select 1")
})

it("a copy as JSON, which the server describes as one column in text, is bytes like any other (FLW-086)", async () => {
  const { core, say } = harness()
  const buffer = new StreamBuffer<Uint8Array>(core)
  const request = new CopyOutRequest("copy t to stdout (format json)", buffer)
  Outbound.submit(core, request)
  await tick()
  say(
    { _tag: "CopyOutResponse", format: 0, columnFormats: [0] },
    copyData('{"a":1}\n'),
    copyDone,
    complete("COPY 1"),
    ready()
  )
  assert.strictEqual(decoder.decode(Chunk.unsafeHead(await Effect.runPromise(buffer.pull))), '{"a":1}\n')
  assert.deepStrictEqual(await Effect.runPromise(Effect.flip(buffer.pull)), Option.none())
})
