import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as SnapshotSession from "../../../src/replication/snapshot/SnapshotSession.js"
import type { PublishedTable } from "../../../src/replication/snapshot/SnapshotTables.js"
import { fromText, merge, select } from "../../../src/replication/snapshot/SnapshotTables.js"

const table = (changes: Partial<PublishedTable> = {}): PublishedTable => ({
  id: 16_384,
  schema: "public",
  name: "t",
  isPartitioned: false,
  columns: ["id", "name"],
  filter: undefined,
  estimatedRows: undefined,
  ...changes
})

const row = (changes: Record<string, unknown>): string =>
  JSON.stringify({
    id: 16_384,
    schema: "public",
    name: "t",
    kind: "r",
    columns: ["id", "name"],
    filter: null,
    rows: -1,
    ...changes
  })

describe("a published table", () => {
  it("is read from a server with lists and filters, and from one without", () => {
    assert.deepStrictEqual(
      fromText(row({ filter: "(id < 4)", rows: 12, kind: "p" })),
      table({ filter: "(id < 4)", estimatedRows: 12, isPartitioned: true })
    )
    // Up to 14 the view has no such column, and -1 is a table that was never looked at.
    assert.deepStrictEqual(fromText(row({})), table())
    assert.deepStrictEqual(fromText(row({ columns: null })), table({ columns: [] }))
    assert.deepStrictEqual(
      fromText(row({ id: 4_294_967_295, rows: 0 })),
      table({ id: 4_294_967_295, estimatedRows: 0 })
    )
  })

  it("is ignored when it has no name or is not JSON", () => {
    for (const source of [
      undefined,
      "",
      "[]",
      "null",
      row({ name: null }),
      row({ schema: 1 }),
      row({ id: "1" })
    ]) {
      assert.isUndefined(fromText(source))
    }
  })

  it("is copied without its heirs, with its partitions, and with names that are quoted", () => {
    const text = (changes: Partial<PublishedTable>) => Either.getOrThrow(select(table(changes)))
    assert.strictEqual(text({}), `select "id","name" from only "public"."t"`)
    assert.strictEqual(text({ isPartitioned: true }), `select "id","name" from "public"."t"`)
    assert.strictEqual(
      text({ schema: "S.x", name: `a"b;--`, columns: ["select"], filter: "(select > 1)" }),
      `select "select" from only "S.x"."a""b;--" where ((select > 1))`
    )
    assert.strictEqual(text({ columns: [] }), `select  from only "public"."t"`)
  })

  it("has the rows of all its publications together, and refuses that they differ in columns", () => {
    const filters = (...all: ReadonlyArray<string | undefined>) =>
      Either.getOrThrow(merge(all.map((filter) => table({ filter })))).map(({ filter }) => filter)
    assert.deepStrictEqual(filters("a", "b"), ["(a) or (b)"])
    assert.deepStrictEqual(filters("a", "a"), ["a"])
    assert.deepStrictEqual(filters("a", undefined), [undefined])
    assert.deepStrictEqual(filters(undefined, "a"), [undefined])
    assert.deepStrictEqual(filters("a", undefined, "b"), [undefined])
    assert.lengthOf(Either.getOrThrow(merge([table(), table({ id: 2 })])), 2)
    const differ = merge([table(), table({ columns: ["id"] })])
    assert.isTrue(Either.isLeft(differ))
    if (Either.isLeft(differ)) {
      assert.deepInclude(differ.left, { reason: "columns", table: { schema: "public", name: "t" } })
      assert.include(differ.left.message, "snapshot of public.t: columns")
    }
  })
})

describe("a session in a snapshot", () => {
  it.effect("reads without deadlines of the server's, as far as the server has them (REP-018)", () =>
    Effect.gen(function* () {
      const newest = yield* SnapshotSession.beginSql("00000003-0000001B-1", 180_000)
      const oldest = yield* SnapshotSession.beginSql("00000003-0000001B-1", 140_000)
      assert.isTrue(
        oldest.startsWith(
          "begin isolation level repeatable read, read only; set transaction snapshot '00000003-0000001B-1'; "
        )
      )
      assert.strictEqual(newest, `${oldest}; set local transaction_timeout to 0`)
      assert.strictEqual((yield* Effect.flip(SnapshotSession.beginSql("\0", 180_000)))._tag, "PgUsageError")
    })
  )
})
