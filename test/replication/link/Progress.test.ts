import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { maxOutstanding, Progress } from "../../../src/replication/link/Progress.js"

const high = (lsn: bigint) => Number(lsn >> 32n) | 0
const low = (lsn: bigint) => Number(lsn & 0xffffffffn) | 0
const keepalive = (progress: Progress, lsn: bigint) => progress.keepalive(high(lsn), low(lsn))
const positions = ({ applied, flushed, written }: Progress) => [written, flushed, applied]
/** Hands out a transaction that must find room. */
const handOut = (progress: Progress, end: bigint): number => {
  const ticket = progress.handOut(end)
  if (ticket === undefined) throw new Error("no room")
  return ticket
}

describe("what a consumer takes", () => {
  it("is found by its end, in any order of finishing, and what it leaves out holds nothing back", () => {
    const progress = new Progress(10n)
    for (const end of [20n, 30n, 40n, 50n]) handOut(progress, end)
    const first = progress.take(30n)!
    const second = progress.take(50n)!
    assert.deepStrictEqual(positions(progress), [20n, 20n, 20n])
    progress.finish(second)
    assert.deepStrictEqual(positions(progress), [20n, 20n, 20n])
    progress.finish(first)
    assert.deepStrictEqual(positions(progress), [50n, 50n, 50n])
    assert.strictEqual(progress.outstanding, 0)
  })

  it("is nothing where nothing ends, or what ends there was taken or is finished", () => {
    const progress = new Progress(10n)
    for (const end of [20n, 40n]) handOut(progress, end)
    assert.isUndefined(progress.take(30n))
    const taken = progress.take(40n)!
    assert.isUndefined(progress.take(40n))
    // Behind others a keepalive has a place of its own, which is finished.
    keepalive(progress, 45n)
    handOut(progress, 45n)
    progress.finish(progress.take(45n)!)
    assert.deepStrictEqual(positions(progress), [20n, 20n, 20n])
    progress.finish(taken)
    assert.deepStrictEqual(positions(progress), [45n, 45n, 45n])
    assert.strictEqual(progress.outstanding, 0)
  })

  it("may end before what came before it, as one that was prepared earlier does", () => {
    const progress = new Progress(100n)
    for (const end of [110n, 50n, 120n]) handOut(progress, end)
    const first = progress.take(110n)!
    const last = progress.take(120n)!
    progress.finish(last)
    assert.strictEqual(progress.flushed, 100n)
    progress.finish(first)
    assert.strictEqual(progress.flushed, 120n)
  })
})

describe("acknowledging the ways apart", () => {
  const filled = () => {
    const progress = new Progress(10n)
    for (const end of [20n, 30n, 40n]) handOut(progress, end)
    return progress
  }

  it("moves each by itself, and what is safe or seen counts as taken over (REP-050, L18)", () => {
    const progress = filled()
    progress.acknowledge({ written: 30n })
    assert.deepStrictEqual(positions(progress), [30n, 10n, 10n])
    progress.acknowledge({ applied: 20n })
    assert.deepStrictEqual(positions(progress), [30n, 10n, 20n])
    progress.acknowledge({ flushed: 40n })
    assert.deepStrictEqual(positions(progress), [40n, 40n, 20n])
    assert.strictEqual(progress.outstanding, 2)
    progress.acknowledge({ applied: 40n })
    assert.deepStrictEqual(positions(progress), [40n, 40n, 40n])
    assert.strictEqual(progress.outstanding, 0)
  })

  it("has what is safe applied until the consumer speaks of that, so that places are given back", () => {
    const progress = filled()
    progress.acknowledge({ flushed: 30n })
    assert.deepStrictEqual(positions(progress), [30n, 30n, 30n])
    assert.strictEqual(progress.outstanding, 1)
  })

  it("finishes no transaction by a position in its midst, and goes with the position when nothing is left", () => {
    const progress = filled()
    progress.receive(0, 60)
    progress.acknowledge({ flushed: 25n })
    assert.strictEqual(progress.flushed, 20n)
    progress.acknowledge({ written: 55n })
    assert.deepStrictEqual(positions(progress), [55n, 20n, 20n])
    progress.acknowledge({ flushed: 60n })
    assert.deepStrictEqual(positions(progress), [60n, 60n, 60n])
  })

  it("refuses a position that has not come, and moves nothing then", () => {
    const progress = filled()
    assert.deepInclude(progress.acknowledge({ written: 40n, flushed: 41n }), {
      _tag: "BeyondReceived",
      acknowledged: 41n
    })
    assert.deepStrictEqual(positions(progress), [10n, 10n, 10n])
  })
})

describe("finishing", () => {
  it("counts only a gapless beginning of what was handed out (LOG-055, L01)", () => {
    const progress = new Progress(10n)
    const [a, b, c] = [20n, 30n, 40n].map((end) => handOut(progress, end))
    progress.finish(c!)
    progress.finish(b!)
    assert.deepStrictEqual(positions(progress), [10n, 10n, 10n])
    progress.finish(a!)
    assert.deepStrictEqual(positions(progress), [40n, 40n, 40n])
    assert.strictEqual(progress.outstanding, 0)
  })

  it("moves to the end of a transaction, neither less nor one more (LOG-053, REP-051, TRP-105)", () => {
    const progress = new Progress(0n)
    progress.finish(handOut(progress, 0x16b3748n))
    assert.strictEqual(progress.flushed, 0x16b3748n)
  })

  it("has three ways, and what is safe or seen is taken over too (REP-050, L03, L18)", () => {
    const progress = new Progress(10n)
    const ticket = handOut(progress, 20n)
    progress.write(ticket)
    assert.deepStrictEqual(positions(progress), [20n, 10n, 10n])
    const next = handOut(progress, 30n)
    progress.flush(next)
    assert.deepStrictEqual(positions(progress), [30n, 10n, 10n])
    progress.apply(ticket)
    assert.deepStrictEqual(positions(progress), [30n, 10n, 20n])
    progress.flush(ticket)
    assert.deepStrictEqual(positions(progress), [30n, 30n, 20n])
    assert.strictEqual(progress.outstanding, 1)
    progress.apply(next)
    assert.strictEqual(progress.outstanding, 0)
  })

  it("a second time, or with an invalid ticket, changes nothing", () => {
    const progress = new Progress(10n)
    const ticket = handOut(progress, 20n)
    for (const other of [ticket, ticket, ticket + 1, -1, Number.NaN]) progress.finish(other)
    assert.deepStrictEqual(positions(progress), [20n, 20n, 20n])
    handOut(progress, 30n)
    progress.finish(ticket)
    assert.strictEqual(progress.flushed, 20n)
  })

  it("never goes back, for any position the server sends (L03, TRP-106)", () => {
    const progress = new Progress(100n)
    progress.finish(handOut(progress, 50n))
    progress.receive(0, 0)
    keepalive(progress, 0n)
    keepalive(progress, 60n)
    assert.deepStrictEqual(positions(progress), [100n, 100n, 100n])
    assert.strictEqual(progress.received, 100n)
  })

  it("compares without sign (REP-042, L03)", () => {
    const progress = new Progress(0x7fff_ffff_ffff_ffffn)
    keepalive(progress, 0x8000_0000_0000_0001n)
    assert.strictEqual(progress.flushed, 0x8000_0000_0000_0001n)
    keepalive(progress, 0xffff_ffff_ffff_ffffn)
    progress.receive(0x7fffffff, -1)
    assert.strictEqual(progress.received, 0xffff_ffff_ffff_ffffn)
  })
})

describe("acknowledging a position", () => {
  it("finishes what ends there or before, and not what it lies inside of (L07)", () => {
    const progress = new Progress(10n)
    for (const end of [20n, 30n, 40n]) handOut(progress, end)
    assert.isUndefined(progress.acknowledge(35n))
    assert.deepStrictEqual(positions(progress), [30n, 30n, 30n])
    assert.isUndefined(progress.acknowledge(5n))
    assert.isUndefined(progress.acknowledge(40n))
    assert.strictEqual(progress.flushed, 40n)
  })

  it("beyond all that was sent is refused, since the server would believe it (REP-050)", () => {
    const progress = new Progress(10n)
    handOut(progress, 20n)
    assert.deepStrictEqual(progress.acknowledge(21n), {
      _tag: "BeyondReceived",
      acknowledged: 21n,
      received: 20n
    })
    assert.strictEqual(progress.flushed, 10n)
  })
})

describe("a keepalive", () => {
  it("is progress when nothing is outstanding (REP-052, LOG-060, L02, L09, TRP-098)", () => {
    const progress = new Progress(10n)
    keepalive(progress, 15n)
    assert.deepStrictEqual(positions(progress), [15n, 15n, 15n])
  })

  it("waits behind what is outstanding, and counts with it (REP-052, L02)", () => {
    const progress = new Progress(10n)
    const a = handOut(progress, 20n)
    keepalive(progress, 25n)
    keepalive(progress, 28n)
    assert.deepStrictEqual(positions(progress), [10n, 10n, 10n])
    const b = handOut(progress, 30n)
    keepalive(progress, 35n)
    progress.finish(a)
    assert.deepStrictEqual(positions(progress), [28n, 28n, 28n])
    progress.finish(b)
    assert.deepStrictEqual(positions(progress), [35n, 35n, 35n])
    assert.isTrue(progress.isIdle)
  })

  it("is no progress while a transaction arrives (LOG-060)", () => {
    const progress = new Progress(10n)
    progress.begin()
    keepalive(progress, 15n)
    assert.strictEqual(progress.flushed, 10n)
    assert.isFalse(progress.isIdle)
    const ticket = progress.complete(20n)
    progress.finish(ticket!)
    keepalive(progress, 25n)
    assert.strictEqual(progress.flushed, 25n)
  })

  it("is not taken for the end of what was handed out after it", () => {
    const progress = new Progress(10n)
    handOut(progress, 20n)
    keepalive(progress, 25n)
    handOut(progress, 30n)
    keepalive(progress, 35n)
    assert.isUndefined(progress.acknowledge(30n))
    assert.strictEqual(progress.flushed, 35n)
  })

  it("lets what is written follow at once when only safety is missing", () => {
    const progress = new Progress(10n)
    const ticket = handOut(progress, 20n)
    progress.write(ticket)
    keepalive(progress, 25n)
    keepalive(progress, 27n)
    assert.deepStrictEqual(positions(progress), [27n, 10n, 10n])
    progress.finish(ticket)
    assert.deepStrictEqual(positions(progress), [27n, 27n, 27n])
  })

  it("takes one place however many there are", () => {
    const progress = new Progress(10n)
    handOut(progress, 20n)
    for (let lsn = 21n; lsn < 1_000n; lsn++) keepalive(progress, lsn)
    assert.strictEqual(progress.outstanding, 2)
  })
})

describe("the bound", () => {
  it("refuses a transaction too many and notes nothing of it", () => {
    const progress = new Progress(0n, 3)
    const tickets = [10n, 20n, 30n].map((end) => handOut(progress, end))
    assert.isTrue(progress.isFull)
    progress.begin()
    assert.isUndefined(progress.complete(40n))
    assert.strictEqual(progress.received, 30n)
    keepalive(progress, 50n)
    progress.finish(tickets[0]!)
    assert.isNumber(progress.complete(40n))
    assert.strictEqual(progress.flushed, 10n)
  })

  it("is not in the way of many transactions, one after another or at once", () => {
    const progress = new Progress(0n)
    let last = 0n
    for (let round = 0; round < 3; round++) {
      const tickets = Array.from({ length: maxOutstanding }, () => handOut(progress, (last += 8n)))
      assert.isTrue(progress.isFull)
      for (const ticket of tickets.reverse()) progress.finish(ticket)
      assert.strictEqual(progress.flushed, last)
    }
  })
})

/** What may happen to a consumer. */
const happening = fc.oneof(
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("HandOut" as const), gap: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      _tag: fc.constantFrom("write" as const, "flush" as const, "apply" as const, "finish" as const),
      ticket: fc.nat(40)
    })
  },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Keepalive" as const), gap: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Acknowledge" as const), back: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Begin" as const) }) }
)

/** The plain twin: everything is kept, and every position is worked out anew. */
class Plain {
  readonly places: Array<{ end: bigint; done: Set<string> }> = []
  position(way: string, start: bigint): bigint {
    let position = start
    for (const { done, end } of this.places) {
      if (!done.has(way)) break
      if (end > position) position = end
    }
    return position
  }
}

const ways = {
  write: ["written"],
  flush: ["written", "flushed"],
  apply: ["written", "applied"],
  finish: ["written", "flushed", "applied"]
}

describe("positions", () => {
  it.prop(
    "are those of the plain twin after every happening (L02, L03)",
    [fc.array(happening, { maxLength: 80 })],
    ([happenings]) => {
      const start = 0xffff_fff0n
      const progress = new Progress(start)
      const plain = new Plain()
      const tickets: Array<number> = []
      const placeOf: Array<number> = []
      let sent = start
      let arriving = false
      for (const each of happenings) {
        const before = positions(progress)
        switch (each._tag) {
          case "Begin":
            progress.begin()
            arriving = true
            break
          case "HandOut":
            sent += BigInt(each.gap)
            tickets.push(progress.complete(sent)!)
            arriving = false
            placeOf.push(plain.places.push({ end: sent, done: new Set() }) - 1)
            break
          case "Keepalive":
            sent += BigInt(each.gap)
            keepalive(progress, sent)
            if (!arriving) plain.places.push({ end: sent, done: new Set(ways.finish) })
            break
          case "Acknowledge": {
            const position = sent - BigInt(each.back)
            assert.isUndefined(progress.acknowledge(position))
            for (const { done, end } of plain.places) {
              if (end > position) break
              for (const way of ways.finish) done.add(way)
            }
            break
          }
          default: {
            if (tickets.length === 0) break
            const index = each.ticket % tickets.length
            progress[each._tag](tickets[index]!)
            for (const way of ways[each._tag]) plain.places[placeOf[index]!]!.done.add(way)
          }
        }
        const now = positions(progress)
        assert.deepStrictEqual(
          now,
          ["written", "flushed", "applied"].map((way) => plain.position(way, start))
        )
        for (const [index, position] of now.entries()) {
          assert.isTrue(position >= before[index]! && position <= progress.received)
          assert.isTrue(position <= progress.written)
        }
      }
    },
    { fastCheck: { numRuns: 500 } }
  )
})

describe("positions that keepalives do not move", () => {
  it("are moved by acknowledging what has come, once nothing is outstanding (L02, LOG-060)", () => {
    const progress = new Progress(10n, 4, false)
    keepalive(progress, 50n)
    assert.deepStrictEqual([...positions(progress), progress.received], [10n, 10n, 10n, 50n])
    const ticket = handOut(progress, 60n)
    keepalive(progress, 70n)
    assert.strictEqual(progress.outstanding, 1)
    progress.acknowledge(50n)
    assert.strictEqual(progress.flushed, 10n)
    progress.finish(ticket)
    assert.strictEqual(progress.flushed, 60n)
    progress.acknowledge(70n)
    assert.deepStrictEqual(positions(progress), [70n, 70n, 70n])
    progress.begin()
    keepalive(progress, 80n)
    progress.acknowledge(80n)
    assert.strictEqual(progress.flushed, 70n)
  })
})
