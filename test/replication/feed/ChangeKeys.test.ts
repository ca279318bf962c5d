import { assert, describe, it } from "@effect/vitest"
import type { Relation } from "../../../src/replication/changes/LogicalEvent.js"
import { Delete, Insert, Update } from "../../../src/replication/changes/LogicalEvent.js"
import type { PartitionTree } from "../../../src/replication/changes/PartitionTree.js"
import { Unchanged } from "../../../src/replication/changes/Unchanged.js"
import { Descriptions, of } from "../../../src/replication/feed/ChangeKeys.js"
import { info, relation as plain, transaction } from "../fedFeed.js"

const tree: PartitionTree = { root: 1, ancestors: [], rowColumns: ["id"], leafKeys: new Set() }

const leaf = (id: number): Relation => ({ ...plain, id, keys: ["id", "region"], tree })

const inserted = (relation: Relation, row: Record<string, unknown>) =>
  new Insert(info(1n), 0, 0, relation, row)
const deleted = (relation: Relation, row: Record<string, unknown>) =>
  new Delete(info(1n), 0, 0, relation, "key", row)

describe("the rows that a change touches", () => {
  it("are the same row in whichever partition it lies, so that a move is one (LOG-056)", () => {
    assert.deepStrictEqual(
      of(deleted(leaf(2), { id: 7, region: "eu" })),
      of(inserted(leaf(3), { id: 7, region: "us", note: "n" }))
    )
    assert.notDeepEqual(of(deleted(leaf(2), { id: 7 })), of(deleted(leaf(2), { id: 8 })))
  })

  it("are all rows where the columns that would identify one are missing", () => {
    assert.strictEqual(of(deleted(leaf(2), { code: "c" })), "all")
    assert.strictEqual(of(inserted(plain, { id: Unchanged })), "all")
    const update = new Update(info(1n), 0, 0, leaf(2), "key", { code: "c" }, { id: 7, code: "d" })
    assert.strictEqual(of(update), "all")
  })
})

describe("descriptions of tables", () => {
  it("change when rows are identified by other columns, not by being sent again", () => {
    const descriptions = new Descriptions()
    const seen = [
      inserted(plain, { id: 1 }),
      inserted({ ...plain }, { id: 1 }),
      inserted({ ...plain, keys: ["id", "code"] }, { id: 1, code: "c" }),
      inserted({ ...plain, keys: ["id", "code"] }, { id: 1, code: "c" }),
      inserted(leaf(1), { id: 1 })
    ].map((event) => descriptions.hasChanged(event))
    assert.deepStrictEqual(seen, [false, false, true, false, true])
    assert.isTrue(descriptions.hasChanged(transaction(9n, 1, 2)))
    assert.isFalse(descriptions.hasChanged(transaction(10n, 1, 2)))
  })
})
