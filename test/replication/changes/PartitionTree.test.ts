import { assert, describe, it } from "@effect/vitest"
import type { Member } from "../../../src/replication/changes/PartitionTree.js"
import { nameOfKey, PartitionTrees } from "../../../src/replication/changes/PartitionTree.js"

const key = (...columns: ReadonlyArray<string>) => [{ identity: true, columns }]

const root = (keys: Member["keys"], ...partitionedBy: ReadonlyArray<string>): Member => ({
  id: 1,
  root: 1,
  parent: undefined,
  schema: "shop",
  name: "orders",
  isLeaf: false,
  keys,
  partitionedBy
})

const leaf = (id: number, keys: Member["keys"], more: Partial<Member> = {}): Member => ({
  id,
  root: 1,
  parent: 1,
  schema: "shop",
  name: `orders_${id}`,
  isLeaf: true,
  keys,
  partitionedBy: [],
  ...more
})

const learned = (...members: ReadonlyArray<Member>) => {
  const trees = new PartitionTrees()
  trees.learn([9], members)
  return trees
}

const columnsOf = (...members: ReadonlyArray<Member>) => learned(...members).get(members[1]!.id)?.rowColumns

describe("the columns that distinguish rows across partitions", () => {
  it("are the columns of the key, without those that only choose the partition", () => {
    const both = key("region", "id")
    assert.deepStrictEqual(columnsOf(root(both, "region"), leaf(2, both), leaf(3, both)), ["id"])
    const three = key("year", "region", "id")
    const between = leaf(2, three, { isLeaf: false, partitionedBy: ["region"] })
    const tree = [root(three, "year"), between, leaf(3, three, { parent: 2 })]
    assert.deepStrictEqual(columnsOf(...tree), ["id"])
  })

  it("are the whole key where all of it chooses the partition", () => {
    assert.deepStrictEqual(columnsOf(root(key("id"), "id"), leaf(2, key("id")), leaf(3, key("id"))), ["id"])
  })

  it("are those of the partitions where the table has no key, and the table's where they have none", () => {
    assert.deepStrictEqual(columnsOf(root([], "region"), leaf(2, key("id")), leaf(3, key("id"))), ["id"])
    const whole = [{ identity: false, columns: ["id", "region"] }]
    assert.deepStrictEqual(columnsOf(root(whole, "region"), leaf(2, whole), leaf(3, whole)), ["id"])
  })

  it("do not exist where partitions differ, or nothing has a key: then no two rows can be distinguished", () => {
    assert.deepStrictEqual(columnsOf(root([], "region"), leaf(2, key("id")), leaf(3, key("code"))), [])
    assert.deepStrictEqual(columnsOf(root([], "region"), leaf(2, []), leaf(3, [])), [])
  })
})

describe("what is known of partitions", () => {
  it("are their ancestors, and every key that may be a replica identity", () => {
    const trees = learned(
      root(key("id"), "id"),
      leaf(2, key("id"), { isLeaf: false }),
      leaf(3, [...key("id"), { identity: false, columns: ["b", "a"] }], { parent: 2 })
    )
    assert.deepStrictEqual(trees.get(3)?.ancestors, [
      { schema: "shop", name: "orders_2" },
      { schema: "shop", name: "orders" }
    ])
    assert.deepStrictEqual(trees.get(1)?.ancestors, [])
    assert.deepStrictEqual([...trees.get(1)!.leafKeys], [nameOfKey(["id"]), nameOfKey(["a", "b"])])
  })

  it("is asked for once, of tables that are in no tree too", () => {
    const trees = learned(root(key("id"), "id"))
    assert.deepStrictEqual(
      [1, 9, 10].map((id) => trees.has(id)),
      [true, true, false]
    )
    assert.isUndefined(trees.get(9))
  })
})
