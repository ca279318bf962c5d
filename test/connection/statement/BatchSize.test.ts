import { assert, describe, it } from "@effect/vitest"
import { BatchSize, batchBytes, firstRows } from "../../../src/connection/statement/BatchSize.js"

describe("the size of a batch", () => {
  it("begins small and grows by a factor of eight until it weighs what it should", () => {
    const size = new BatchSize()
    const asked: Array<number> = []
    for (let at = 0; at < 6; at++) {
      asked.push(size.next)
      size.arrived(size.next, size.next, size.next * 100, 1)
    }
    assert.deepStrictEqual(asked, [firstRows, 128, 1024, 5242, 5242, 5242])
  })

  it("shrinks at once where rows are large, to no less than one", () => {
    const size = new BatchSize()
    size.arrived(16, 16, 16 * batchBytes, 1)
    assert.strictEqual(size.next, 1)
    size.arrived(1, 1, 3 * batchBytes, 1)
    assert.strictEqual(size.next, 1)
  })

  it("does not grow while batches are slow, and shrinks while they are very slow", () => {
    const size = new BatchSize()
    size.arrived(16, 16, 160, 200)
    assert.strictEqual(size.next, 16)
    size.arrived(16, 16, 160, 2000)
    assert.strictEqual(size.next, 8)
  })

  it("is what it was after a batch without rows", () => {
    const size = new BatchSize()
    size.arrived(16, 0, 0, 1)
    assert.strictEqual(size.next, firstRows)
  })
})
