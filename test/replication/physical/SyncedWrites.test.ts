/** Writes that are on their way at the same time, and end in any order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Written } from "../../../src/replication/physical/SyncedFile.js"
import { mostWrites, SyncedWrites } from "../../../src/replication/physical/SyncedWrites.js"

/** A file whose writes end when they are ended; and what was reported of them. */
const scripted = () => {
  const open: Array<Written> = []
  const safe: Array<number | undefined> = []
  const settled: Array<string> = []
  const write = (_bytes: Uint8Array, _place: number, written: Written): void => void open.push(written)
  const writes = new SyncedWrites({ write }, (end) => void safe.push(end))
  const begin = (name: string, place: number): void =>
    writes.begin(new Uint8Array(10), place, () => void settled.push(name))
  return { begin, open, safe, settled, writes }
}

describe("writes on their way at the same time", () => {
  it("are safe as a beginning without a gap, whichever ends first (W04)", () => {
    const { begin, open, safe, settled } = scripted()
    begin("a", 0)
    begin("b", 10)
    begin("c", 20)
    open[1]!(null)
    assert.deepStrictEqual(safe, [])
    assert.deepStrictEqual(settled, [])
    open[0]!(null)
    assert.deepStrictEqual(safe, [20])
    assert.deepStrictEqual(settled, ["a", "b"])
    open[2]!(null)
    assert.deepStrictEqual(safe, [20, 30])
    assert.deepStrictEqual(settled, ["a", "b", "c"])
  })

  it("are not safe behind one that has failed, nor after it (W04)", () => {
    const { begin, open, safe, settled, writes } = scripted()
    begin("a", 0)
    begin("b", 10)
    open[0]!(new Error("ENOSPC: no space left on device, write"))
    open[1]!(null)
    begin("c", 20)
    open[2]!(null)
    assert.deepStrictEqual(
      safe.filter((end) => end !== undefined),
      []
    )
    assert.isAbove(safe.length, 0)
    assert.match(String(writes.failure), /ENOSPC/)
    assert.deepStrictEqual(settled, ["a", "b", "c"])
  })

  it.effect("are bounded in number, and can be waited for", () =>
    Effect.gen(function* () {
      const { begin, open, writes } = scripted()
      for (let number = 0; number < mostWrites; number++) begin(String(number), 10 * number)
      const room = yield* Effect.fork(writes.room)
      yield* Effect.yieldNow()
      assert.isNull(room.unsafePoll())
      open[0]!(null)
      yield* Fiber.join(room)
      const settled = yield* Effect.fork(writes.settled)
      for (const [number, written] of open.entries()) {
        yield* Effect.yieldNow()
        assert.isNull(settled.unsafePoll())
        if (number > 0) written(null)
      }
      yield* Fiber.join(settled)
    })
  )
})
