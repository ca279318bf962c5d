import { assert, describe, it } from "@effect/vitest"
import { Unread } from "../../../src/wire/copy/RecordReader.js"
import { bytes } from "../bytes.js"

const held = (self: Unread) => new TextDecoder().decode(self.bytes.subarray(self.at, self.end))

describe("what has not been read", () => {
  it("is looked at where it lies, as long as it is one chunk", () => {
    const self = new Unread()
    const chunk = bytes("one")
    self.push(chunk)
    assert.strictEqual(self.bytes, chunk)
    self.at = 3
    const next = bytes("two")
    self.push(next)
    assert.strictEqual(self.bytes, next)
  })

  it("is put together behind what is left, and a chunk is never written to", () => {
    const self = new Unread()
    const chunks = ["abc", "def", "ghi", "jklmnopqrstuvwxyz", "0"].map((text) => bytes(text))
    let expected = ""
    for (const chunk of chunks) {
      const before = chunk.slice()
      self.push(chunk)
      expected += new TextDecoder().decode(before)
      assert.strictEqual(held(self), expected)
      assert.strictEqual(self.view.getUint8(self.at), expected.charCodeAt(0))
      self.at += 2
      expected = expected.slice(2)
      assert.deepStrictEqual(chunk, before)
    }
  })

  it("moves a record of many chunks a bounded number of times", () => {
    const self = new Unread()
    const buffers = new Set<Uint8Array>()
    for (let index = 0; index < 10_000; index++) {
      self.push(new Uint8Array(100))
      buffers.add(self.bytes)
    }
    assert.strictEqual(self.end - self.at, 1_000_000)
    assert.isBelow(buffers.size, 20)
    assert.isBelow(self.bytes.length, 2_000_001)
  })

  it("gives up a buffer that was made for a long record, once a little one is enough", () => {
    const self = new Unread()
    self.push(new Uint8Array(10))
    self.push(new Uint8Array(8 << 20))
    assert.isAbove(self.bytes.length, 8 << 20)
    self.at = self.end - 10
    self.push(new Uint8Array(100))
    assert.strictEqual(self.end - self.at, 110)
    assert.isBelow(self.bytes.length, 1000)
  })

  it("is nothing after it has been cleared", () => {
    const self = new Unread()
    self.push(bytes("abc"))
    self.clear()
    assert.deepStrictEqual([self.at, self.end, self.bytes.length], [0, 0, 0])
  })
})
