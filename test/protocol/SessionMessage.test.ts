import { assert, describe, it } from "@effect/vitest"
import { asynchronous, moves, tags } from "../../src/protocol/SessionMessage.js"
import * as BackendMessage from "../../src/wire/BackendMessage.js"

const entries = [...Object.entries(tags), ...Object.entries(asynchronous)]

describe("the messages of a session", () => {
  it.each(entries)("know %s by the tag the wire has for it", (name, tag) => {
    assert.strictEqual(BackendMessage.kindOf(tag), name)
  })

  it("are all that a server may send but those of the startup phase, each once (MSG-038)", () => {
    const known = Array.from({ length: 256 }, (_, tag) => BackendMessage.kindOf(tag)).filter(
      (name) => name !== undefined
    )
    const early = ["Authentication", "BackendKeyData", "NegotiateProtocolVersion"]
    assert.deepStrictEqual([...entries.map(([name]) => name), ...early].sort(), known.sort())
    assert.strictEqual(new Set(entries.map(([, tag]) => tag)).size, entries.length)
  })

  it("include no other message of the client than the two ends of a copy", () => {
    assert.deepStrictEqual(moves, ["send CopyDone", "send CopyFail"])
  })
})
