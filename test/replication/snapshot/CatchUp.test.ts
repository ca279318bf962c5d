import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import fc from "fast-check"
import { CatchUp } from "../../../src/replication/snapshot/CatchUp.js"
import type {
  Change,
  LogicalEvent,
  Relation,
  TransactionInfo
} from "../../../src/replication/changes/LogicalEvent.js"
import { Delete, Insert, Truncate, Update } from "../../../src/replication/changes/LogicalEvent.js"
import { time } from "../payloads.js"

const relation = (id: number): Relation => ({
  id,
  schema: "public",
  name: `t${id}`,
  identity: "default",
  columns: [],
  keys: []
})

const transaction = (commitLsn: bigint): TransactionInfo => ({
  xid: Number(commitLsn),
  commitLsn,
  time,
  gid: undefined,
  origin: undefined,
  streamed: false
})

const insert = (id: number, at: bigint): Insert => new Insert(transaction(at), 0, 0, relation(id), {})
const update = (id: number, at: bigint): Update =>
  new Update(transaction(at), 0, 0, relation(id), "none", undefined, {})
const remove = (id: number, at: bigint): Delete => new Delete(transaction(at), 0, 0, relation(id), "key", {})
const truncate = (ids: ReadonlyArray<number>, at: bigint): Truncate =>
  new Truncate(transaction(at), 1, -2, ids.map(relation), true, true)
const message = (at: bigint): Change => ({
  _tag: "LogicalMessage",
  transaction: transaction(at),
  lsn: at,
  prefix: "",
  content: new Uint8Array(0)
})

/** The transaction that commits there, with its beginning and its end. */
const whole = (
  at: bigint,
  ...changes: ReadonlyArray<Change>
): readonly [LogicalEvent, ...ReadonlyArray<Change>, LogicalEvent] => [
  { _tag: "Begin", transaction: transaction(at) },
  ...changes,
  { _tag: "Commit", transaction: transaction(at), endLsn: at + 1n }
]

describe("catching up", () => {
  const copies = new CatchUp([
    { id: 1, lsn: 100n },
    { id: 2, lsn: 200n }
  ])

  it("drops what was committed before the copy of its table, and nothing from its position on (LOG-062)", () => {
    for (const change of [insert, update, remove]) {
      const counts = (id: number, at: bigint) => copies.change(change(id, at)) !== undefined
      assert.deepStrictEqual(
        [counts(1, 99n), counts(1, 100n), counts(1, 199n), counts(2, 199n), counts(2, 200n), counts(2, 201n)],
        [false, true, true, false, true, true]
      )
    }
  })

  it("keeps every change of a table that was never copied", () => {
    assert.isDefined(copies.change(insert(3, 1n)))
  })

  it("takes the later of two copies of a table", () => {
    const twice = new CatchUp([
      { id: 1, lsn: 100n },
      { id: 1, lsn: 300n }
    ])
    assert.isUndefined(twice.change(insert(1, 299n)))
    assert.isDefined(twice.change(insert(1, 300n)))
  })

  it("empties only those tables whose copy is older than the truncate", () => {
    const left = copies.change(truncate([1, 2, 3], 150n))
    assert.isTrue(left?._tag === "Truncate")
    if (left?._tag !== "Truncate") return
    assert.deepStrictEqual(
      left.relations.map(({ id }) => id),
      [1, 3]
    )
    assert.deepInclude({ ...left }, { cascade: true, restartIdentity: true })
    assert.strictEqual(left.lsn, 0x1_ffff_fffen)
    assert.isUndefined(copies.change(truncate([1, 2], 50n)))
    const all = truncate([1, 2], 200n)
    assert.strictEqual(copies.change(all), all)
  })

  it("keeps beginnings, ends and messages, so that every position can be acknowledged", () => {
    const [begin, end] = whole(50n)
    const events = Chunk.fromIterable(whole(50n, insert(1, 50n), message(50n), remove(2, 50n)))
    assert.deepStrictEqual(Chunk.toReadonlyArray(new CatchUp([{ id: 1, lsn: 100n }]).filter()(events)), [
      begin,
      message(50n),
      remove(2, 50n),
      end
    ])
    const transactionOf = (...changes: ReadonlyArray<Change>) =>
      copies.transaction({
        _tag: "Transaction",
        transaction: transaction(50n),
        changes,
        isPrepared: false,
        endLsn: 51n
      })
    const emptied = transactionOf(insert(1, 50n), truncate([1, 2], 50n))
    assert.isTrue(emptied._tag === "Transaction" && emptied.changes.length === 0 && emptied.endLsn === 51n)
    const cut = transactionOf(truncate([1, 3], 50n), insert(3, 50n))
    assert.deepStrictEqual(
      cut._tag === "Transaction" &&
        cut.changes.map((change) => change._tag === "Truncate" && change.relations.map(({ id }) => id)),
      [[3], false]
    )
  })

  it("hands chunks through as they are once a transaction behind every copy has begun", () => {
    const after = new CatchUp([{ id: 1, lsn: 100n }]).filter()
    after(Chunk.fromIterable(whole(100n)))
    const events = Chunk.fromIterable(whole(101n, insert(1, 101n)))
    assert.strictEqual(after(events), events)
    assert.strictEqual(new CatchUp([]).filter()(events), events)
  })

  it("gives each table its copy and every later commit once, wherever copies and commits lie", () => {
    const ids = fc.integer({ min: 1, max: 4 })
    const lsns = fc.integer({ min: 0, max: 30 }).map(BigInt)
    const commits = fc.uniqueArray(fc.tuple(lsns, fc.array(ids, { maxLength: 6 })), {
      selector: ([at]) => at
    })
    fc.assert(
      fc.property(
        commits,
        fc.array(fc.tuple(ids, lsns)),
        fc.integer({ min: 1, max: 5 }),
        (made, copied, cut) => {
          const history = [...made].sort(([a], [b]) => Number(a - b))
          const filter = new CatchUp(copied.map(([id, lsn]) => ({ id, lsn }))).filter()
          const copyOf = new Map(copied)
          const seen: Array<string> = []
          for (const [id, lsn] of copyOf) {
            for (const [at, changed] of history) {
              if (at < lsn) for (const other of changed) if (other === id) seen.push(`${id}@${at}`)
            }
          }
          const events = history.flatMap(([at, changed]) => whole(at, ...changed.map((id) => insert(id, at))))
          for (let from = 0; from < events.length; from += cut) {
            for (const event of filter(Chunk.fromIterable(events.slice(from, from + cut)))) {
              if (event._tag === "Insert") seen.push(`${event.relation.id}@${event.transaction.commitLsn}`)
            }
          }
          const all = history.flatMap(([at, changed]) => changed.map((id) => `${id}@${at}`))
          assert.deepStrictEqual(seen.sort(), all.sort())
        }
      )
    )
  })
})
