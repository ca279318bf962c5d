import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as fc from "effect/FastCheck"
import type { BackupMessage } from "../../../src/wire/replication/BackupMessage.js"
import * as Message from "../../../src/wire/replication/BackupMessage.js"
import { bytes, malformed, written } from "../bytes.js"

const samples: ReadonlyArray<readonly [BackupMessage, Uint8Array]> = [
  [{ _tag: "NewArchive", archive: "base.tar", location: "" }, bytes("n", "base.tar", 0, 0)],
  [
    { _tag: "NewArchive", archive: "16384.tar.gz", location: "/srv/fast" },
    bytes("n", "16384.tar.gz", 0, "/srv/fast", 0)
  ],
  [{ _tag: "NewManifest" }, bytes("m")],
  [{ _tag: "BackupData", data: bytes(0, 1, 255) }, bytes("d", 0, 1, 255)],
  [{ _tag: "BackupData", data: bytes() }, bytes("d")],
  [{ _tag: "BackupProgress", bytes: 2n ** 40n }, bytes("p", 0, 0, 1, 0, 0, 0, 0, 0)]
]

const encode = (message: BackupMessage) => written((writer) => Message.encode(writer, message))

describe("what a base backup is sent in", () => {
  for (const [message, expected] of samples) {
    it(`writes and reads ${message._tag} of ${expected.length} bytes as the manual lays it out (REP-067)`, () => {
      assert.deepStrictEqual(encode(message), expected)
      assert.deepStrictEqual(Either.getOrThrow(Message.decode(expected)), message)
    })
  }

  it("comes back from its bytes, wherever they lie", () => {
    const message = fc.oneof(
      fc.record({
        _tag: fc.constant("NewArchive" as const),
        archive: fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
        location: fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"))
      }),
      fc.constant<BackupMessage>({ _tag: "NewManifest" }),
      fc.record({ _tag: fc.constant("BackupData" as const), data: fc.uint8Array() }),
      fc.record({ _tag: fc.constant("BackupProgress" as const), bytes: fc.bigInt(0n, 2n ** 64n - 1n) })
    )
    fc.assert(
      fc.property(message, fc.nat(20), (message, before) => {
        const payload = encode(message)
        const chunk = new Uint8Array(before + payload.length + 3).fill(0x6e)
        chunk.set(payload, before)
        const read = Either.getOrThrow(Message.decode(chunk, before, before + payload.length))
        assert.deepStrictEqual(read, message)
      })
    )
  })

  it("refuses a payload without a tag, and one whose tag is unknown, by name (REP-067)", () => {
    assert.deepInclude(malformed(Message.decode(bytes())), {
      kind: "base backup message",
      reason: "a payload without a tag"
    })
    for (const tag of ["w", "k", "\0", "N"]) {
      const failure = malformed(Message.decode(bytes(tag, 0, 0)))
      assert.deepInclude(failure, { kind: "base backup message", reason: "no payload has this tag" })
    }
  })

  it("refuses wrong lengths: too short, and with bytes behind the end (REP-067)", () => {
    for (const [message, whole] of samples) {
      if (message._tag === "BackupData") continue
      for (let length = 1; length < whole.length; length++) {
        assert.strictEqual(malformed(Message.decode(whole.subarray(0, length))).kind, message._tag)
      }
      assert.strictEqual(malformed(Message.decode(bytes(whole, 0))).kind, message._tag)
    }
  })
})
