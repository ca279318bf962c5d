import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { MalformedMessage } from "../../../src/wire/MalformedMessage.js"
import * as PgOutput from "../../../src/wire/replication/PgOutput.js"
import { malformed, written } from "../bytes.js"
import { bytesOf, ofPgOutput } from "./captures.js"

describe("what real servers send", () => {
  for (const { messages, options, scene, version } of ofPgOutput(false)) {
    it(`is read and written to the byte, and refused when cut: ${scene} of ${version} (L25)`, () => {
      const decoder = new PgOutput.Decoder((options["streaming"] ?? "off") as PgOutput.StreamingMode)
      for (const [, hex] of messages) {
        const whole = bytesOf(hex)
        const { inStream } = decoder
        const read = decoder.next(whole, 0, whole.length)
        if (read instanceof MalformedMessage) throw read
        const message = read._tag === "Change" ? read.toMessage() : read
        assert.deepStrictEqual(
          written((writer) => PgOutput.encode(writer, message)),
          whole
        )
        assert.deepStrictEqual(Either.getOrThrow(PgOutput.decode(whole, inStream)), message)
        for (let end = 0; end < Math.min(whole.length, 300); end++) {
          if (message._tag !== "StreamAbort" || end !== 9) malformed(PgOutput.decode(whole, inStream, 0, end))
        }
      }
    })
  }

  it("holds every message there is", () => {
    const kinds = new Set(
      ofPgOutput(false).flatMap(({ messages }) =>
        messages.map(([, hex]) => PgOutput.kindOf(Number.parseInt(hex.slice(0, 2), 16)))
      )
    )
    const all = Array.from({ length: 256 }, (_, tag) => PgOutput.kindOf(tag)).filter(
      (kind) => kind !== undefined
    )
    assert.sameMembers([...kinds], all)
  })
})
