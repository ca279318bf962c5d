import { assert, describe, it } from "@effect/vitest"
import { ByteWriter } from "../../src/bytes/ByteWriter.js"
import * as Frame from "../../src/wire/Frame.js"
import { bytes } from "./bytes.js"

describe("Frame", () => {
  it("writes the length when the body is known", () => {
    const writer = new ByteWriter()
    writer.uint8(9)
    const mark = Frame.begin(writer, 0x51)
    writer.cstring("ab")
    assert.isTrue(Frame.end(writer, mark))
    assert.deepStrictEqual(writer.written(), bytes(9, "Q", 0, 0, 0, 7, "ab", 0))
  })

  it("takes back a frame with a value that cannot be written, and all that follow, until someone looks", () => {
    const writer = new ByteWriter()
    const first = Frame.begin(writer, 0x51)
    writer.cstring("fine")
    assert.isTrue(Frame.end(writer, first))
    const size = writer.offset

    const second = Frame.begin(writer, 0x50)
    writer.cstring("a\0b")
    assert.isFalse(Frame.end(writer, second))
    assert.strictEqual(writer.offset, size)
    assert.isNotNull(writer.failure)

    const third = Frame.begin(writer, 0x53)
    assert.isFalse(Frame.end(writer, third))
    assert.strictEqual(writer.offset, size)

    writer.rollback(size)
    assert.isTrue(Frame.end(writer, Frame.begin(writer, 0x53)))
    assert.strictEqual(writer.offset, size + 5)
  })

  it("refuses what is longer than the server takes of this tag, and nothing of it stays (MSG-004)", () => {
    for (const [tag, most] of [
      [0x43, 10_000],
      [0x44, 10_000],
      [0x45, 10_000],
      [0x66, 10_000]
    ] as const) {
      const writer = new ByteWriter()
      const fits = Frame.begin(writer, tag)
      writer.raw(new Uint8Array(most - 4))
      assert.isTrue(Frame.end(writer, fits))
      writer.rollback(0)
      const long = Frame.begin(writer, tag)
      writer.raw(new Uint8Array(most - 3))
      assert.isFalse(Frame.end(writer, long))
      assert.strictEqual(writer.offset, 0)
      assert.include(writer.failure ?? "", `${most + 1} bytes`)
    }
  })

  it("compares a length beyond 32 bits without wrapping (MSG-004, TRP-036)", () => {
    // A writer that claims to hold more than it does: the frame would be 4 GiB and 9 bytes long.
    for (const size of [2 ** 30, 2 ** 31 + 5, 2 ** 32 + 9]) {
      const writer = new ByteWriter()
      const mark = Frame.begin(writer, 0x64)
      writer.offset = size
      assert.isFalse(Frame.end(writer, mark))
      assert.strictEqual(writer.offset, mark)
      assert.isNotNull(writer.failure)
    }
  })

  it("takes back a frame that did not fit the writer", () => {
    const writer = new ByteWriter(16, 16)
    const mark = Frame.begin(writer, 0x51)
    writer.cstring("longer than this writer may grow")
    assert.isFalse(Frame.end(writer, mark))
    assert.strictEqual(writer.offset, 0)
    const full = new ByteWriter(4, 4)
    assert.isFalse(Frame.end(full, Frame.begin(full, 0x53)))
    assert.strictEqual(full.offset, 0)
  })

  it("puts the length of a value before it, and −1 for NULL (FLW-101)", () => {
    const writer = new ByteWriter()
    const mark = Frame.beginValue(writer)
    writer.text("abc")
    Frame.endValue(writer, mark)
    Frame.nullValue(writer)
    Frame.endValue(writer, Frame.beginValue(writer))
    assert.deepStrictEqual(writer.written(), bytes(0, 0, 0, 3, "abc", 255, 255, 255, 255, 0, 0, 0, 0))
  })
})
