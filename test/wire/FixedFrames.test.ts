import { assert, describe, it } from "@effect/vitest"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as FrontendMessage from "../../src/wire/FrontendMessage.js"
import * as FixedFrames from "../../src/wire/FixedFrames.js"
import { written } from "./bytes.js"

const twins: ReadonlyArray<readonly [(writer: ByteWriter) => void, FrontendMessage.FrontendMessage]> = [
  [FixedFrames.sync, { _tag: "Sync" }],
  [FixedFrames.flush, { _tag: "Flush" }],
  [FixedFrames.executeUnnamed, { _tag: "Execute", portal: "", maxRows: 0 }],
  [FixedFrames.describeUnnamedPortal, { _tag: "Describe", target: "P", name: "" }],
  [FixedFrames.terminate, { _tag: "Terminate" }],
  [FixedFrames.copyDone, { _tag: "CopyDone" }]
]

describe("Preset", () => {
  for (const [preset, message] of twins) {
    it(`writes ${message._tag} as its message does`, () => {
      const writer = new ByteWriter()
      preset(writer)
      assert.deepStrictEqual(
        writer.written(),
        written((plain) => FrontendMessage.encode(plain, message))
      )
    })
  }

  it("writes nothing behind a message that was refused", () => {
    const writer = new ByteWriter()
    FrontendMessage.encode(writer, { _tag: "Query", sql: "a\0b" })
    for (const [preset] of twins) preset(writer)
    assert.strictEqual(writer.offset, 0)
  })

  it("writes nothing, not even a part, when the writer is full", () => {
    const writer = new ByteWriter(4, 4)
    FixedFrames.sync(writer)
    assert.strictEqual(writer.offset, 0)
    assert.isNotNull(writer.failure)
  })
})
