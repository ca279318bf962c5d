import { assert, describe, it } from "@effect/vitest"
import { positionOf } from "../../../src/replication/changes/LogicalEvent.js"
import type { LogicalEvent } from "../../../src/replication/changes/LogicalEvent.js"
import { Transactions } from "../../../src/replication/changes/Transactions.js"
import type { ControlMessage, PgOutputMessage } from "../../../src/wire/replication/PgOutput.js"
import { abort, begin, commit, relation, start, stop, streamCommit, time } from "../payloads.js"

const control = (message: PgOutputMessage): ControlMessage => message as ControlMessage

/** The state after these, each of which must be in order. */
const after = (...messages: ReadonlyArray<PgOutputMessage>): Transactions => {
  const transactions = new Transactions()
  for (const message of messages) {
    const step = transactions.next(control(message))
    if (step._tag === "Disorder") throw new Error(step.reason)
  }
  return transactions
}

const prepared = { prepareLsn: 3n, endLsn: 4n, prepareTime: time, xid: 9, gid: "g" }
const beginPrepare: PgOutputMessage = { _tag: "BeginPrepare", ...prepared }
const prepare: PgOutputMessage = { _tag: "Prepare", ...prepared }
const streamPrepare: PgOutputMessage = { _tag: "StreamPrepare", ...prepared, xid: 7 }
const commitPrepared: PgOutputMessage = {
  _tag: "CommitPrepared",
  commitLsn: 5n,
  endLsn: 6n,
  commitTime: time,
  xid: 9,
  gid: "g"
}
const rollbackPrepared: PgOutputMessage = {
  _tag: "RollbackPrepared",
  prepareEndLsn: 4n,
  endLsn: 6n,
  prepareTime: time,
  rollbackTime: time,
  xid: 9,
  gid: "g"
}
const origin: PgOutputMessage = { _tag: "Origin", commitLsn: 1n, name: "o" }
const truncate: PgOutputMessage = {
  _tag: "Truncate",
  xid: undefined,
  options: { cascade: false, restartIdentity: false },
  relationIds: []
}
const message = (transactional: boolean): PgOutputMessage => ({
  _tag: "LogicalMessage",
  xid: undefined,
  transactional,
  lsn: 20n,
  prefix: "",
  content: new Uint8Array(0)
})
const type: PgOutputMessage = { _tag: "Type", xid: undefined, oid: 1, namespace: "", name: "t" }

const states = {
  between: () => after(),
  inside: () => after(begin(1)),
  preparing: () => after(beginPrepare),
  chunk: () => after(start(7)),
  waiting: () => after(start(7), stop)
}

/** What every message is answered with in every state. */
const table: ReadonlyArray<readonly [string, PgOutputMessage, ReadonlyArray<string>]> = [
  ["Begin (LOG-035)", begin(2), ["Nothing", "Disorder", "Disorder", "Disorder", "Nothing"]],
  ["Commit (LOG-035)", commit(), ["Disorder", "Commit", "Disorder", "Disorder", "Disorder"]],
  ["Origin (LOG-038)", origin, ["Disorder", "Nothing", "Nothing", "Nothing", "Disorder"]],
  ["Relation", relation(1, []), ["Deliver", "Deliver", "Deliver", "Spill", "Deliver"]],
  ["Type", type, ["Deliver", "Deliver", "Deliver", "Spill", "Deliver"]],
  ["Truncate", truncate, ["Disorder", "Deliver", "Deliver", "Spill", "Disorder"]],
  ["a message inside", message(true), ["Disorder", "Deliver", "Deliver", "Spill", "Disorder"]],
  ["a message outside (LOG-037)", message(false), ["Deliver", "Deliver", "Deliver", "Deliver", "Deliver"]],
  ["StreamStart (LOG-042)", start(8), ["Nothing", "Disorder", "Disorder", "Disorder", "Nothing"]],
  [
    "StreamStart again (LOG-042)",
    start(7, false),
    ["Disorder", "Disorder", "Disorder", "Disorder", "Nothing"]
  ],
  ["StreamStart anew (LOG-042)", start(7), ["Nothing", "Disorder", "Disorder", "Disorder", "Disorder"]],
  ["StreamStop (LOG-042)", stop, ["Disorder", "Disorder", "Disorder", "Nothing", "Disorder"]],
  ["StreamCommit (LOG-042)", streamCommit(7), ["Disorder", "Disorder", "Disorder", "Disorder", "Replay"]],
  ["StreamPrepare", streamPrepare, ["Disorder", "Disorder", "Disorder", "Disorder", "Replay"]],
  ["StreamAbort (LOG-045)", abort(7), ["Nothing", "Disorder", "Disorder", "Disorder", "Discard"]],
  [
    "StreamAbort of a part (LOG-045)",
    abort(7, 8),
    ["Nothing", "Disorder", "Disorder", "Disorder", "Nothing"]
  ],
  ["BeginPrepare", beginPrepare, ["Nothing", "Disorder", "Disorder", "Disorder", "Nothing"]],
  ["Prepare", prepare, ["Disorder", "Disorder", "Prepare", "Disorder", "Disorder"]],
  [
    "CommitPrepared",
    commitPrepared,
    ["CommitPrepared", "Disorder", "Disorder", "Disorder", "CommitPrepared"]
  ],
  [
    "RollbackPrepared",
    rollbackPrepared,
    ["RollbackPrepared", "Disorder", "Disorder", "Disorder", "RollbackPrepared"]
  ]
]

describe("the order of transactions", () => {
  for (const [name, message, expected] of table) {
    it(`answers in every state: ${name}`, () => {
      const answers = Object.values(states).map((state) => state().next(control(message))._tag)
      assert.deepStrictEqual(answers, expected)
    })
  }

  it("answers a change of rows in every state", () => {
    assert.deepStrictEqual(
      Object.values(states).map((state) => state().change("Insert")._tag),
      ["Disorder", "Deliver", "Deliver", "Spill", "Disorder"]
    )
  })

  it("must have the commit position that its beginning announced (LOG-035)", () => {
    assert.strictEqual(after(begin(1, 5n)).next(control(commit(6n)))._tag, "Disorder")
    assert.strictEqual(after(begin(1, 5n)).next(control(commit(5n)))._tag, "Commit")
  })

  it("wants a prepare of the transaction that has begun (LOG-040)", () => {
    for (const wrong of [{ xid: 10 }, { gid: "h" }]) {
      assert.strictEqual(
        after(beginPrepare).next(control({ ...prepare, ...wrong } as PgOutputMessage))._tag,
        "Disorder"
      )
    }
  })

  it("gives changes their transaction, with its origin (LOG-030, LOG-038)", () => {
    const transactions = after(begin(1, 5n), origin)
    const step = transactions.change("Insert")
    const {
      commitLsn,
      gid,
      origin: from,
      streamed,
      time: at,
      xid
    } = step._tag === "Deliver" ? step.transaction! : never()
    assert.deepStrictEqual([xid, commitLsn, at, gid, streamed], [1, 5n, time, undefined, false])
    assert.deepStrictEqual(from, { name: "o", commitLsn: 1n })
    assert.strictEqual(transactions.change("Insert"), step)
  })

  it("knows when something has begun to arrive: chunks do not count (LOG-060)", () => {
    assert.deepStrictEqual(
      Object.values(states).map((state) => state().isArriving),
      [false, true, true, false, false]
    )
  })
})

const never = (): never => {
  throw new Error("another step")
}

describe("transactions in chunks", () => {
  it("may alternate, with one another and with plain ones (LOG-042)", () => {
    const transactions = after(start(7), stop, start(8), stop, begin(9), commit(), start(7, false), stop)
    assert.deepStrictEqual([...transactions.waiting], [7, 8])
    const step = transactions.next(control(streamCommit(8, 30n)))
    assert.deepStrictEqual(step._tag === "Replay" ? [step.xid, step.end._tag, step.end.endLsn] : [], [
      8,
      "Commit",
      38n
    ])
    assert.deepStrictEqual([...transactions.waiting], [7])
  })

  it("count once they commit, but for the parts that were taken back (LOG-044)", () => {
    const transactions = after(
      start(7),
      stop,
      abort(7, 71),
      start(7, false),
      stop,
      abort(7, 72),
      abort(8, 73)
    )
    const step = transactions.next(control(streamCommit(7)))
    assert.deepStrictEqual(step._tag === "Replay" ? [...step.aborted] : [], [71, 72])
  })

  it("are gone when they are taken back (LOG-044)", () => {
    const transactions = after(start(7), stop, abort(7))
    assert.strictEqual(transactions.next(control(streamCommit(7)))._tag, "Disorder")
    assert.strictEqual(after(start(7), stop, abort(7)).next(control(start(7)))._tag, "Nothing")
  })

  it("keep the origin that a chunk named", () => {
    const step = after(start(7), origin, stop).next(control(streamCommit(7)))
    assert.deepStrictEqual(step._tag === "Replay" ? step.transaction.origin?.name : "", "o")
  })
})

describe("prepared transactions", () => {
  it("are paired with their end by name and id (LOG-039, LOG-040, L11)", () => {
    const transactions = after(beginPrepare, prepare, begin(1), commit())
    const ends = [
      { ...commitPrepared, gid: "h" },
      { ...commitPrepared, xid: 10 },
      commitPrepared,
      commitPrepared
    ].map((end) => transactions.next(control(end as PgOutputMessage)))
    assert.deepStrictEqual(
      ends.map((step) => step._tag === "CommitPrepared" && step.seen),
      [false, false, true, false]
    )
  })

  it("may come twice (LOG-041)", () => {
    const transactions = after(beginPrepare, prepare, beginPrepare, prepare)
    const step = transactions.next(control(rollbackPrepared))
    assert.isTrue(step._tag === "RollbackPrepared" && step.seen)
  })

  it("may have come in chunks", () => {
    const transactions = after(start(7), stop)
    const step = transactions.next(control(streamPrepare))
    assert.deepStrictEqual(
      step._tag === "Replay" ? [step.end._tag, step.transaction.gid, step.end.endLsn] : [],
      ["Prepare", "g", 4n]
    )
    const end = transactions.next(control({ ...commitPrepared, xid: 7 } as PgOutputMessage))
    assert.isTrue(end._tag === "CommitPrepared" && end.seen)
  })
})

describe("positions to acknowledge", () => {
  it("are the ends of transactions and of what stands alone, and nothing else (LOG-052, LOG-053, LOG-054, LOG-056, L07)", () => {
    const transactions = after(begin(1, 5n))
    const step = transactions.change("Insert")
    const transaction = step._tag === "Deliver" ? step.transaction! : never()
    const alone: LogicalEvent = {
      _tag: "LogicalMessage",
      transaction: undefined,
      lsn: 20n,
      prefix: "",
      content: new Uint8Array(0)
    }
    const events: ReadonlyArray<LogicalEvent> = [
      { _tag: "Begin", transaction },
      { ...alone, transaction },
      transactions.next(control(commit(5n))) as LogicalEvent,
      alone,
      transactions.next(control(commitPrepared)) as LogicalEvent,
      transactions.next(control(rollbackPrepared)) as LogicalEvent
    ]
    assert.deepStrictEqual(events.map(positionOf), [undefined, undefined, 13n, 20n, 6n, 6n])
  })
})
