import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Utf8 from "../../src/bytes/Utf8.js"

/** Bytes that are mostly text, sometimes cut, damaged or no text at all. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.string({ unit: "binary-ascii", maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
  fc.tuple(fc.string({ unit: "binary", maxLength: 30 }), fc.nat(5)).map(([text, off]) => {
    const whole = new TextEncoder().encode(text)
    return whole.subarray(0, Math.max(0, whole.length - off))
  })
)

describe("Utf8", () => {
  it.prop(
    "decodes as the standard decoder does, whatever the bytes (F13)",
    [bytes, fc.nat(4), fc.nat(4)],
    ([text, before, after]) => {
      const buffer = new Uint8Array(before + text.length + after).fill(0xc3)
      buffer.set(text, before)
      const end = before + text.length
      assert.strictEqual(Utf8.decode(buffer, before, end), Utf8.decodePlain(buffer, before, end))
    },
    { fastCheck: { numRuns: 2_000 } }
  )

  it("decodes every length around the short way's end, with a character beyond ASCII at every place", () => {
    for (let length = 0; length < 40; length++) {
      const ascii = Uint8Array.from({ length }, (_, index) => 97 + (index % 26))
      assert.strictEqual(Utf8.decode(ascii, 0, length), Utf8.decodePlain(ascii, 0, length))
      for (let at = 0; at < length; at++) {
        const damaged = Uint8Array.from(ascii)
        damaged[at] = 0xff
        assert.strictEqual(Utf8.decode(damaged, 0, length), Utf8.decodePlain(damaged, 0, length))
      }
    }
  })

  it("keeps a byte order mark", () => {
    const mark = Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)
    assert.strictEqual(Utf8.decode(mark, 0, 4), "\ufeffa")
    assert.strictEqual(Utf8.decodePlain(mark, 0, 4), "\ufeffa")
    const long = new TextEncoder().encode(`\ufeff${"long ".repeat(20)}`)
    assert.strictEqual(Utf8.decode(long, 0, long.length).charCodeAt(0), 0xfeff)
  })

  it.prop(
    "encodes as the standard encoder does, and measures before",
    [fc.string({ unit: "binary", maxLength: 60 }), fc.nat(5)],
    ([text, at]) => {
      const expected = new TextEncoder().encode(text)
      const room = new Uint8Array(at + text.length * 3)
      assert.strictEqual(Utf8.write(room, text, at), expected.length)
      assert.deepStrictEqual([...room.subarray(at, at + expected.length)], [...expected])
      assert.strictEqual(Utf8.byteLength(text), expected.length)
      assert.deepStrictEqual([...Utf8.encode(text)], [...expected])
    },
    { fastCheck: { numRuns: 1_000 } }
  )

  it("fits text exactly into the room it takes", () => {
    for (const text of ["abc", "äöü", "€", "🐘", "x".repeat(100), "ü".repeat(100)]) {
      const room = new Uint8Array(Utf8.byteLength(text))
      assert.strictEqual(Utf8.write(room, text, 0), room.length)
      assert.strictEqual(Utf8.decode(room, 0, room.length), text)
    }
  })

  it("distinguishes text that UTF-8 can encode from text that it cannot", () => {
    assert.isTrue(Utf8.isWellFormed(""))
    assert.isTrue(Utf8.isWellFormed("🐘é"))
    for (const text of ["\ud800", "\udc00", "a\ud83d", "\udc18\ud83d"])
      assert.isFalse(Utf8.isWellFormed(text))
  })
})
