import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Queue from "../../src/protocol/Queue.js"

/** `undefined` takes the oldest away. */
const operations = fc.array(fc.option(fc.nat(99), { nil: undefined }), { maxLength: 60 })

describe("a queue", () => {
  it("is empty at first, and taking from it changes nothing", () => {
    const empty = Queue.empty<number>()
    expect(empty.size).toBe(0)
    expect(Queue.peek(empty)).toBeUndefined()
    expect(Queue.toArray(Queue.drop(empty))).toEqual([])
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
          expect(Queue.toArray(queue)).toEqual(model)
          expect(queue.size).toBe(model.length)
          expect(Queue.peek(queue)).toBe(model[0])
        }
      })
    )
  })

  it("can be added to twice from one version", () => {
    const one = Queue.add(Queue.add(Queue.empty<number>(), 1), 2)
    expect([Queue.toArray(Queue.add(one, 3)), Queue.toArray(Queue.add(one, 4))]).toEqual([
      [1, 2, 3],
      [1, 2, 4]
    ])
  })
})
