import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import * as Oid from "../../../src/model/Oid.js"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import * as Registry from "../../../src/types/Registry.js"
import * as FrameLimits from "../../../src/wire/FrameLimits.js"
import { FrameLengthError } from "../../../src/wire/FrameLengthError.js"
import { Framer } from "../../../src/wire/Framer.js"
import { bodyEnd, keptRun } from "../../../src/wire/FrameRun.js"
import type { PgOutputMessage } from "../../../src/wire/replication/PgOutput.js"
import { costOf, piecesOf } from "../../support/copiedBytes.js"
import {
  abort,
  begin,
  commit,
  Consumer,
  insert,
  Null,
  payload,
  relation,
  start,
  stop,
  streamCommit,
  text,
  time
} from "../payloads.js"

const id = { name: "id", key: true, typeOid: Oid.int4 }
const note = { name: "note" }

/** Events in short: tags, and of inserts the new row. */
const short = (events: ReadonlyArray<LogicalEvent>): ReadonlyArray<unknown> =>
  events.map((event) => (event._tag === "Insert" ? event.new : event._tag))

const described = (
  xid: number,
  columns = [id] as ReadonlyArray<{ readonly name: string }>
): PgOutputMessage => ({
  ...relation(7, columns),
  xid
})

describe("a plain transaction", () => {
  it("comes from its beginning to its end, each change with its position (LOG-030, LOG-034, LOG-035)", () => {
    const consumer = new Consumer()
    const messages = [begin(1, 0x50n), relation(7, [id]), insert(7, [text("1")]), commit(0x50n)]
    const lsns = [0x20n, 0n, 0xffff_ffff_ffff_fff0n, 0x58n]
    messages.forEach((message, index) => assert.isNull(consumer.take(payload(message, lsns[index]))))
    assert.deepStrictEqual(short(consumer.events), ["Begin", { id: 1 }, "Commit"])
    const [first, change, last] = consumer.events
    assert.strictEqual(change?._tag === "Insert" ? change.lsn : 0n, 0xffff_ffff_ffff_fff0n)
    assert.strictEqual(last?._tag === "Commit" ? last.endLsn : 0n, 0x58n)
    const transaction = first?._tag === "Begin" ? first.transaction : undefined
    assert.isTrue(change?._tag === "Insert" && change.transaction === transaction)
    assert.isTrue(last?._tag === "Commit" && last.transaction === transaction)
  })

  it("has its origin from its beginning on (LOG-038)", () => {
    const { events } = new Consumer().tell(begin(1), { _tag: "Origin", commitLsn: 9n, name: "o" }, commit())
    assert.deepStrictEqual(events[0]?._tag === "Begin" ? events[0].transaction.origin : undefined, {
      name: "o",
      commitLsn: 9n
    })
  })

  it("may be empty (LOG-036)", () => {
    assert.deepStrictEqual(short(new Consumer().tell(begin(1), commit()).events), ["Begin", "Commit"])
  })

  it("has its messages inside, while others stand alone (LOG-037, L08)", () => {
    const message = (transactional: boolean): PgOutputMessage => ({
      _tag: "LogicalMessage",
      xid: undefined,
      transactional,
      lsn: 3n,
      prefix: "p",
      content: Uint8Array.of(0, 255)
    })
    const { events } = new Consumer().tell(message(false), begin(1), message(true), message(false), commit())
    assert.deepStrictEqual(
      events.map((event) => (event._tag === "LogicalMessage" ? event.transaction?.xid : event._tag)),
      [undefined, "Begin", 1, undefined, "Commit"]
    )
    const [alone] = events
    assert.deepStrictEqual(
      alone?._tag === "LogicalMessage" ? alone.content : undefined,
      Uint8Array.of(0, 255)
    )
  })

  it("truncates several tables in one event, at its place (LOG-033, LOG-034)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [id]),
      relation(8, [id], { name: "u" }),
      insert(7, [text("1")]),
      {
        _tag: "Truncate",
        xid: undefined,
        options: { cascade: true, restartIdentity: false },
        relationIds: [8, 7]
      },
      insert(8, [text("2")])
    )
    assert.deepStrictEqual(short(events), ["Begin", { id: 1 }, "Truncate", { id: 2 }])
    const cut = events[2]
    assert.deepStrictEqual(
      cut?._tag === "Truncate"
        ? [cut.relations.map(({ name }) => name), cut.cascade, cut.restartIdentity]
        : [],
      [["u", "t"], true, false]
    )
  })

  it("arrives under the root's id of a partitioned table when the publication is set so (LOG-021)", () => {
    const { events } = new Consumer().tell(
      begin(1),
      relation(7, [id], { name: "root" }),
      relation(8, [id, note], { name: "partition" }),
      insert(7, [text("1")])
    )
    assert.strictEqual(events[1]?._tag === "Insert" ? events[1].relation.name : "", "root")
  })
})

describe("a streamed transaction", () => {
  it("returns nothing until it commits, and then all in the order of arrival (LOG-044, LOG-047, L10)", () => {
    const consumer = new Consumer("on").tell(
      start(5),
      described(5),
      insert(7, [text("1")], 5),
      stop,
      start(6),
      described(6),
      insert(7, [text("-1")], 6),
      stop,
      start(5, false),
      insert(7, [text("2")], 51),
      stop
    )
    assert.deepStrictEqual(consumer.events, [])
    consumer.tell(streamCommit(5, 0x30n))
    assert.deepStrictEqual(short(consumer.events), ["Begin", { id: 1 }, { id: 2 }, "Commit"])
    const last = consumer.events.at(-1)
    assert.deepStrictEqual(last?._tag === "Commit" ? [last.endLsn, last.transaction.streamed] : [], [
      0x38n,
      true
    ])
    consumer.tell(abort(6))
    assert.strictEqual(consumer.events.length, 4)
    assert.strictEqual(consumer.demands.at(-1), "Discard")
    assert.strictEqual(consumer.blocks.size, 0)
  })

  it("loses the parts that were taken back and no others (LOG-044, TRP-103, L10)", () => {
    const { events } = new Consumer("on").tell(
      start(5),
      described(5),
      insert(7, [text("1")], 5),
      insert(7, [text("2")], 51),
      insert(7, [text("3")], 52),
      stop,
      abort(5, 52),
      start(5, false),
      insert(7, [text("4")], 53),
      stop,
      abort(5, 51),
      streamCommit(5)
    )
    assert.deepStrictEqual(short(events), ["Begin", { id: 1 }, { id: 4 }, "Commit"])
  })

  it("keeps the description of a table that a part taken back was the first to change (LOG-044, LOG-048)", () => {
    const { events } = new Consumer("on").tell(
      start(5),
      described(51),
      insert(7, [text("1")], 51),
      stop,
      abort(5, 51),
      start(5, false),
      insert(7, [text("2")], 5),
      stop,
      streamCommit(5)
    )
    assert.deepStrictEqual(short(events), ["Begin", { id: 2 }, "Commit"])
  })

  it("has each of its changes read by the description that stood before it (LOG-048)", () => {
    const { events } = new Consumer("on").tell(
      start(5),
      described(5),
      insert(7, [text("1")], 5),
      described(5, [id, note]),
      insert(7, [text("2"), Null], 5),
      stop,
      streamCommit(5)
    )
    assert.deepStrictEqual(short(events), ["Begin", { id: 1 }, { id: 2, note: null }, "Commit"])
  })

  it("keeps its descriptions to itself while it is open, and takes them along when it is taken back (LOG-017)", () => {
    const { events } = new Consumer("on").tell(
      begin(1),
      relation(7, [id]),
      commit(),
      start(5),
      described(5, [id, note]),
      stop,
      begin(2),
      insert(7, [text("1")]),
      commit(),
      abort(5),
      begin(3),
      insert(7, [text("2")]),
      commit()
    )
    assert.deepStrictEqual(
      short(events).filter((event) => typeof event === "object"),
      [{ id: 1 }, { id: 2 }]
    )
  })

  it("shares its descriptions once it commits, unless newer ones have come (LOG-017, LOG-014)", () => {
    const rowAfter =
      (...between: ReadonlyArray<PgOutputMessage>) =>
      (row: ReadonlyArray<string>) => {
        const consumer = new Consumer("on").tell(
          begin(1),
          relation(7, [id]),
          commit(),
          start(5),
          described(5, [id, note]),
          insert(7, [text("1"), Null], 5),
          stop,
          ...between,
          streamCommit(5)
        )
        return consumer.failing(begin(9), insert(7, row.map(text)))
      }
    assert.strictEqual(rowAfter()(["1", "n"]), "none")
    assert.strictEqual(rowAfter()(["1"]), "ColumnMismatch")
    const newer = [begin(2), relation(7, [note]), commit()]
    assert.strictEqual(rowAfter(...newer)(["n"]), "none")
    assert.strictEqual(rowAfter(...newer)(["1", "n"]), "ColumnMismatch")
    const again = [start(5, false), described(5, [id, note]), stop]
    assert.strictEqual(rowAfter(...newer, ...again)(["1", "n"]), "none")
  })

  it("may have empty chunks (LOG-046)", () => {
    const { events } = new Consumer("on").tell(start(5), stop, start(5, false), stop, streamCommit(5))
    assert.deepStrictEqual(short(events), ["Begin", "Commit"])
  })

  it("may be taken back without ever having been sent (LOG-045)", () => {
    const { demands, events } = new Consumer("on").tell(abort(5), abort(6, 61))
    assert.deepStrictEqual([demands, events], [[], []])
  })

  it("ends with a prepare where it is prepared", () => {
    const { events } = new Consumer("on").tell(start(5), described(5), insert(7, [text("1")], 5), stop, {
      _tag: "StreamPrepare",
      prepareLsn: 1n,
      endLsn: 2n,
      prepareTime: time,
      xid: 5,
      gid: "g"
    })
    assert.deepStrictEqual(short(events), ["Begin", { id: 1 }, "Prepare"])
  })

  it("fails where what the store gives back is not what was put in", () => {
    const consumer = new Consumer("on").tell(start(5), described(5), insert(7, [text("1")], 5), stop)
    for (const damage of [
      (block: Uint8Array) => block.subarray(0, block.length - 1),
      (block: Uint8Array) => block.map((byte, index) => (index === 4 ? 0x6b : byte)),
      () => Uint8Array.of(0, 0, 0, 18, 0x6b, ...new Uint8Array(17))
    ]) {
      const copy = new Consumer("on").tell(start(5), stop)
      copy.blocks.set(5, consumer.blocks.get(5)!.map(damage))
      assert.notStrictEqual(copy.failing(streamCommit(5)), "none")
    }
  })

  it.prop(
    "gives the same transactions as one that is sent when it commits",
    [
      fc.array(fc.record({ xid: fc.constantFrom(5, 6, 8), part: fc.nat(2), value: fc.nat(99) }), {
        maxLength: 30
      })
    ],
    ([work]) => {
      const seen = new Set<number>()
      const consumer = new Consumer("on", Registry.lossless, 60)
      for (const { part, value, xid } of work) {
        const own = xid * 10 + part
        const fresh = !seen.has(xid)
        seen.add(xid)
        const change = insert(7, [text(String(value))], part === 0 ? xid : own)
        consumer.tell(start(xid, fresh), ...(fresh ? [described(xid)] : []), change, stop)
      }
      // The second part of each is taken back, and all of the last.
      for (const xid of seen) consumer.tell(abort(xid, xid * 10 + 2))
      for (const xid of seen) consumer.tell(xid === 8 ? abort(8) : streamCommit(xid))
      const expected = [...seen]
        .filter((xid) => xid !== 8)
        .flatMap((xid) => [
          "Begin",
          ...work.filter((each) => each.xid === xid && each.part !== 2).map(({ value }) => ({ id: value })),
          "Commit"
        ])
      assert.deepStrictEqual(short(consumer.events), expected)
      assert.strictEqual(consumer.blocks.size, 0)
    },
    { fastCheck: { numRuns: 200 } }
  )
})

describe("a large value in a change", () => {
  const size = 1 << 24
  const value = new Uint8Array(size).fill(0x78)
  const columns = [id, { name: "x", typeOid: Oid.bytea }]

  /** The copies of the value's bytes, and the memory taken, per byte, for messages that come in pieces behind `before`. */
  const costs = (consumer: Consumer, piece: number, ...messages: ReadonlyArray<PgOutputMessage>) => {
    const framed = messages.map((message) => {
      const data = payload(message, 0x10n)
      const frame = new Uint8Array(data.length + 5)
      frame[0] = 0x64
      new DataView(frame.buffer).setInt32(1, data.length + 4)
      frame.set(data, 5)
      return piecesOf(frame, piece)
    })
    const { copied, taken } = costOf(() => {
      const framer = new Framer(FrameLimits.defaults.session)
      for (const part of framed.flat()) {
        framer.push(part)
        const run = framer.next()
        if (run === null) continue
        assert.notInstanceOf(run, FrameLengthError)
        if (run instanceof FrameLengthError) return
        const kept = keptRun(run)
        const end = bodyEnd(kept, 0)
        const start = kept.starts[0]!
        assert.isNull(consumer.take(kept.bytes.subarray(start, end)))
      }
    })
    const row = consumer.events.find((event) => event._tag === "Insert")?.new
    assert.strictEqual((row?.["x"] as Uint8Array).length, size)
    return { copies: copied / size, memory: taken / size }
  }

  it("is joined once and copied out once, however it is cut", () => {
    for (const piece of [4096, 65_536]) {
      const consumer = new Consumer().tell(begin(1), relation(7, columns))
      const { copies, memory } = costs(
        consumer,
        piece,
        insert(7, [text("1"), { _tag: "Binary", bytes: value }])
      )
      for (const count of [copies, memory]) {
        assert.isAtLeast(count, 2)
        assert.isAtMost(count, 2.1, `in pieces of ${piece}`)
      }
    }
  })

  it("is copied once more to wait in a transaction that is streamed before its end", () => {
    const consumer = new Consumer("on", Registry.lossless, 0).tell(start(7), described(7, columns))
    const row = [text("1"), { _tag: "Binary", bytes: value }] as const
    const { copies, memory } = costs(consumer, 65_536, insert(7, row, 7), stop, streamCommit(7))
    for (const count of [copies, memory]) {
      assert.isAtLeast(count, 3)
      assert.isAtMost(count, 3.1)
    }
  })
})
