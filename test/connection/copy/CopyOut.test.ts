import fc from "fast-check"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
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
        expect(decoder.decode(compact(runOf(framer)))).toBe(texts.join(""))
      })
    )
  })

  it("is moved without touching what follows it in the chunk", () => {
    const framer = new Framer(FrameLimits.defaults.session)
    framer.push(encode(copyData("one\n"), copyData("two\n"), copyDone, complete("COPY 2")))
    expect(decoder.decode(compact(runOf(framer)))).toBe("one\ntwo\n")
    expect(runOf(framer)).toMatchObject({ tag: 0x63, count: 1 })
    const last = runOf(framer)
    expect(decoder.decode(last.bytes.subarray(last.starts[0]!))).toBe("COPY 2\0")
  })

  it("of a single message is not copied at all", () => {
    const framer = new Framer(FrameLimits.defaults.session)
    const chunk = encode(copyData("whole"))
    framer.push(chunk)
    expect(compact(runOf(framer)).buffer).toBe(chunk.buffer)
  })
})

it("a statement that is no copy is said to be none, with its text", () => {
  expect(notACopy("select 1", "COPY TO STDOUT").message).toContain(
    "must be COPY TO STDOUT, and the statement is not"
  )
  expect(notACopy("select 1", "COPY TO STDOUT").message).toContain("select 1")
})

it("a copy as JSON, which tells of one column in text, is bytes like any other (FLW-086)", async () => {
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
  expect(decoder.decode(Chunk.unsafeHead(await Effect.runPromise(buffer.pull)))).toBe('{"a":1}\n')
  expect(await Effect.runPromise(Effect.flip(buffer.pull))).toEqual(Option.none())
})
