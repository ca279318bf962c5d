import { assert, describe, it } from "@effect/vitest"
import * as ShortAscii from "../../src/bytes/ShortAscii.js"
import * as Utf8 from "../../src/bytes/Utf8.js"

const lengths = Array.from({ length: ShortAscii.longest + 1 }, (_, length) => length)

describe("short text", () => {
  it("is taken whatever its length, as far as the last code of ASCII", () => {
    for (const length of lengths) {
      for (const code of [0, 97, 127]) {
        const bytes = new Uint8Array(length + 4).fill(0xff)
        bytes.fill(code, 2, length + 2)
        assert.strictEqual(ShortAscii.decode(bytes, 2, length), String.fromCharCode(code).repeat(length))
      }
    }
  })

  it("keeps the order of its characters", () => {
    for (const length of lengths) {
      const bytes = Uint8Array.from({ length }, (_, index) => 65 + index)
      assert.strictEqual(ShortAscii.decode(bytes, 0, length), Utf8.decodePlain(bytes, 0, length))
    }
  })

  it("is left to others where one of its bytes is not ASCII, in any place", () => {
    for (const length of lengths) {
      for (let at = 0; at < length; at++) {
        for (const code of [128, 255]) {
          const bytes = new Uint8Array(length).fill(97)
          bytes[at] = code
          assert.isUndefined(ShortAscii.decode(bytes, 0, length), `${code} at ${at} of ${length}`)
        }
      }
    }
  })
})
