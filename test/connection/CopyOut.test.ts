import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compact, notACopy } from "../../src/connection/CopyOut.js"
import * as FrameLimits from "../../src/wire/FrameLimits.js"
import { Framer } from "../../src/wire/Framer.js"
import type { FrameRun } from "../../src/wire/FrameRun.js"
import { complete, copyData, copyDone, encode } from "./core.js"

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
  expect(notACopy("select 1", "COPY TO STDOUT").message).toContain("the statement is no COPY TO STDOUT")
  expect(notACopy("select 1", "COPY TO STDOUT").message).toContain("select 1")
})
