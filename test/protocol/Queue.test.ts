import fc from "fast-check"
import { assert, describe, it } from "@effect/vitest"
import * as Queue from "../../src/protocol/Queue.js"

/** `undefined` takes the oldest away. */
const operations = fc.array(fc.option(fc.nat(99), { nil: undefined }), { maxLength: 60 })

describe("a queue", () => {
  it("is empty at first, and taking from it changes nothing", () => {
    const empty = Queue.empty<number>()
    assert.strictEqual(empty.size, 0)
    assert.isUndefined(Queue.peek(empty))
    assert.deepStrictEqual(Queue.toArray(Queue.drop(empty)), [])
  })

  it("gives what an array gives, and no version changes when another is made from it", () => {
    fc.assert(
      fc.property(operations, (operations) => {
        let queue = Queue.empty<number>()
        let model: ReadonlyArray<number> = []
        const versions: Array<readonly [Queue.Queue<number>, ReadonlyArray<number>]> = []
        for (const value of operations) {
          queue = value === undefined ? Queue.drop(queue) : Queue.add(queue, value)
          model = value === undefined ? model.slice(1) : [...model, value]
          versions.push([queue, model])
        }
        for (const [queue, model] of versions) {
          assert.deepStrictEqual(Queue.toArray(queue), model)
          assert.strictEqual(queue.size, model.length)
          assert.strictEqual(Queue.peek(queue), model[0])
        }
      })
    )
  })

  it("can be added to twice from one version", () => {
    const one = Queue.add(Queue.add(Queue.empty<number>(), 1), 2)
    assert.deepStrictEqual(
      [Queue.toArray(Queue.add(one, 3)), Queue.toArray(Queue.add(one, 4))],
      [
        [1, 2, 3],
        [1, 2, 4]
      ]
    )
  })
})
