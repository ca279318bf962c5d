import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { PgSnapshot } from "../../../src/model/PgSnapshot.js"
import { DroppedTypeValue } from "../../../src/replication/changes/DroppedTypeValue.js"
import type { Member } from "../../../src/replication/changes/PartitionTree.js"
import { PartitionTrees } from "../../../src/replication/changes/PartitionTree.js"
import { FeedTypes } from "../../../src/replication/feed/FeedTypes.js"
import { RelationLookup } from "../../../src/replication/feed/RelationLookup.js"
import * as Registry from "../../../src/types/Registry.js"
import * as Texts from "../../../src/types/Texts.js"
import { info } from "../fedFeed.js"
import { begin, Consumer, insert, relation, text } from "../payloads.js"

const mood = 90_001
const table = 7

const key = { identity: true, columns: ["id"] }
const member = { root: 6, schema: "public", partitionedBy: [], keys: [key] }
const members: ReadonlyArray<Member> = [
  { ...member, id: 6, parent: undefined, name: "all", isLeaf: false },
  { ...member, id: table, parent: 6, name: "t", isLeaf: true }
]

/** The transaction that makes a table, which is a partition, and the type of its column. */
const maker = { ...info(1n), xid: 11 }

/** A catalogue that has the table and its type once the transaction that makes them is visible, and a consumer that goes by it. */
const catalogue = () => {
  const state = { isVisible: false, isDropped: false }
  const asked: Array<"tree" | "types" | "snapshot"> = []
  const trees = new PartitionTrees()
  const isThere = () => state.isVisible && !state.isDropped
  const consumer = new Consumer("off", Registry.lossless, 100, { trees, anyIdentity: false })
  const { relations } = consumer.decoder
  const types = new FeedTypes(
    Registry.lossless,
    (oids) =>
      Effect.sync(() => {
        asked.push("types")
        return isThere()
          ? Registry.lossless.with(Texts.make("mood", mood, mood + 1))
          : Registry.lossless.withTypes([], oids)
      }),
    () =>
      Effect.sync(() => {
        asked.push("snapshot")
        return {
          snapshot: new PgSnapshot(11n, 12n, state.isVisible ? [] : [11n]),
          text: "",
          isSynchronous: false
        }
      }),
    true,
    (registry) => relations.use(registry)
  )
  const lookup = new RelationLookup(
    types,
    trees,
    () => relations,
    (id) =>
      Effect.sync(() => {
        asked.push("tree")
        if (isThere()) trees.learn([id], members)
      })
  )
  consumer.tell(
    begin(11),
    relation(table, [
      { name: "id", key: true },
      { name: "m", typeOid: mood }
    ])
  )
  /** What a row of the table is, whose type is an enum, and the root of the tree that the table is in. */
  const read = () => {
    consumer.tell(insert(table, [text("1"), text("sad")]))
    const change = consumer.events.at(-1)
    return change?._tag === "Insert" ? [change.new["m"], change.relation.tree?.root] : []
  }
  return { asked, consumer, lookup, read, state }
}

describe("a table that is made, with its type, by the transaction that describes it", () => {
  it.effect("is looked up again once the transaction is visible, when it was not found at first", () =>
    Effect.gen(function* () {
      const { asked, lookup, read, state } = catalogue()
      const looking = yield* Effect.fork(lookup.behind(maker, table, [mood]))
      yield* TestClock.adjust("4 millis")
      state.isVisible = true
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(looking)
      assert.deepStrictEqual(read(), ["sad", 6])
      assert.deepStrictEqual(asked.slice(0, 3), ["tree", "types", "snapshot"])
      assert.deepStrictEqual(asked.slice(-3), ["snapshot", "tree", "types"])
    })
  )

  it.effect("is looked up again behind the transaction when it was streamed before its end", () =>
    Effect.gen(function* () {
      const { lookup, read, state } = catalogue()
      yield* lookup.ahead(maker.xid, table, [mood])
      // Its end is sent a moment before other sessions see it.
      const looking = yield* Effect.fork(lookup.late(maker, maker.xid))
      yield* TestClock.adjust("4 millis")
      state.isVisible = true
      yield* TestClock.adjust("2 millis")
      assert.deepStrictEqual(yield* Fiber.join(looking), [mood])
      assert.deepStrictEqual(read(), ["sad", 6])
    })
  )

  it.effect("is looked up once when it is found", () =>
    Effect.gen(function* () {
      const { asked, lookup, read, state } = catalogue()
      state.isVisible = true
      yield* lookup.behind(maker, table, [mood])
      assert.deepStrictEqual(asked, ["tree", "types"])
      assert.deepStrictEqual(read(), ["sad", 6])
    })
  )

  it.effect("is taken for dropped when a look behind the transaction does not find it either", () =>
    Effect.gen(function* () {
      const { asked, consumer, lookup, read, state } = catalogue()
      Object.assign(state, { isVisible: true, isDropped: true })
      yield* lookup.behind(maker, table, [mood])
      assert.deepStrictEqual(asked, ["tree", "types", "snapshot", "tree", "types"])
      const [value, root] = read()
      assert.deepStrictEqual(value, new DroppedTypeValue({ typeOid: mood, text: "sad" }))
      assert.isUndefined(root)
      assert.isFalse(consumer.decoder.relations.isStrange(table))
    })
  )
})
