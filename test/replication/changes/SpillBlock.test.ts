import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { SpillBlock, SpillReader } from "../../../src/replication/changes/SpillBlock.js"

const read = (block: Uint8Array) => {
  const reader = new SpillReader(block)
  const found: Array<Uint8Array> = []
  while (reader.next()) found.push(block.slice(reader.start, reader.end))
  return { found, failure: reader.failure }
}

const payloads = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 })

describe("blocks of payloads", () => {
  it.prop(
    "give back what was put in, in order, and so do blocks behind one another",
    [payloads, payloads],
    ([a, b]) => {
      const block = new SpillBlock()
      const packed = [a, b].map((each) => {
        for (const payload of each) {
          const around = Uint8Array.of(1, ...payload, 2)
          assert.isTrue(block.append(around, 1, around.length - 1))
        }
        assert.strictEqual(
          block.size,
          each.reduce((sum, payload) => sum + payload.length + 4, 0)
        )
        return block.take()
      })
      assert.deepStrictEqual(read(Uint8Array.from(packed.flatMap((each) => [...each]))), {
        found: [...a, ...b],
        failure: null
      })
    }
  )

  it("are refused when something is missing, wherever it is", () => {
    const block = new SpillBlock()
    for (const size of [3, 0, 5]) block.append(new Uint8Array(size), 0, size)
    const whole = block.take()
    const borders = [0, 7, 11, 20]
    for (let end = 0; end <= whole.length; end++) {
      const { failure, found } = read(whole.subarray(0, end))
      assert.strictEqual(failure === null, borders.includes(end), `${end} bytes`)
      // What is whole is given before the damage is met, and nothing else.
      assert.strictEqual(found.length, borders.filter((border) => border > 0 && border <= end).length)
    }
    assert.isNotNull(read(Uint8Array.of(255, 255, 255, 255)).failure)
    assert.isNotNull(read(Uint8Array.of(127, 255, 255, 255, 0)).failure)
  })
})
