/** A composite that is altered between two copies of rows on the same connection, on every version. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as PgSchema from "../../../src/PgSchema.js"
import { isClean, open } from "../connection/sessions.js"
import { describeEachVersion } from "../support/server.js"

/** Nothing but copies and the simple protocol, which asks for no types: what a copy knows, it has found out itself. */
const use = (pg: PgConnection, format: "binary" | "text" | undefined, isStated: boolean) => {
  const columns = isStated
    ? [
        { name: "i", type: "item" },
        { name: "l", type: "item[]" }
      ]
    : ["i", "l"]
  const target = { table: "kept", columns, format }
  const { rowsFrom, rowsInto } = Copy.on(pg)
  const copyIn = (item: object) => rowsInto(target, Stream.make({ i: item, l: [item] }))
  return {
    copyIn,
    copyOut: Effect.map(Stream.runCollect(rowsFrom(target)), Chunk.toReadonlyArray),
    isRefused: (item: object) =>
      Effect.map(Effect.flip(copyIn(item)), ({ _tag, message }) => {
        assert.strictEqual(_tag, "PgCopyRowError")
        assert.match(message, /row 1 of the copy cannot be sent: column "i" of type (\w+\.)?item/)
      })
  }
}

const of = (item: object) => ({ i: item, l: [item] })

describeEachVersion("a composite that is altered between two copies", (server) => {
  const made = Effect.gen(function* () {
    const pg = yield* open({ target: server() })
    yield* pg.simple(`drop schema if exists altered cascade; create schema altered; set search_path = altered;
      create type item as (a int4, b text); create table kept (i item, l item[])`)
    return pg
  })

  describe.each([
    ["binary", true],
    ["text", true],
    [undefined, false]
  ] as const)("in the format %s, with its type stated: %s", (format, isStated) => {
    it.scopedLive("is written and read by its fields of today", () =>
      Effect.gen(function* () {
        const pg = yield* made
        const { copyIn, copyOut, isRefused } = use(pg, format, isStated)
        yield* copyIn({ a: 1, b: "x" })
        assert.deepStrictEqual(yield* copyOut, [of({ a: 1, b: "x" })])

        yield* pg.simple("alter type item add attribute c int4")
        yield* isRefused({ a: 2, b: "y" })
        yield* copyIn({ a: 2, b: "y", c: 3 })
        assert.deepStrictEqual(yield* copyOut, [of({ a: 1, b: "x", c: null }), of({ a: 2, b: "y", c: 3 })])

        // As many fields of the same types as before, in the same places.
        yield* pg.simple("alter type item rename attribute b to a_; alter type item rename attribute a to b")
        yield* pg.simple("alter type item rename attribute a_ to a")
        yield* isRefused({ a: 2, b: "y", c: 3 })
        yield* copyIn({ a: "z", b: 4, c: 5 })
        const swapped = [
          of({ b: 1, a: "x", c: null }),
          of({ b: 2, a: "y", c: 3 }),
          of({ b: 4, a: "z", c: 5 })
        ]
        assert.deepStrictEqual(yield* copyOut, swapped)

        // The same name for another type.
        yield* pg.simple("truncate kept; alter type item drop attribute c, add attribute c text")
        yield* isRefused({ a: "z", b: 4, c: 5 })
        yield* copyIn({ a: "z", b: 4, c: "five" })
        assert.deepStrictEqual(yield* copyOut, [of({ b: 4, a: "z", c: "five" })])
        yield* isClean(pg)
      })
    )

    it.scopedLive("is so in its own transaction, and when another session has altered it", () =>
      Effect.gen(function* () {
        const pg = yield* made
        const { copyIn, copyOut } = use(pg, format, isStated)
        yield* pg.withTransaction(
          Effect.gen(function* () {
            yield* copyIn({ a: 1, b: "x" })
            yield* pg.simple("alter type item rename attribute b to c")
            yield* copyIn({ a: 2, c: "y" })
            assert.deepStrictEqual(yield* copyOut, [of({ a: 1, c: "x" }), of({ a: 2, c: "y" })])
          })
        )
        const other = yield* open({ target: server() })
        yield* other.simple("alter type altered.item rename attribute c to d")
        assert.deepStrictEqual(yield* copyOut, [of({ a: 1, d: "x" }), of({ a: 2, d: "y" })])
        yield* isClean(pg)
      })
    )
  })

  it.scopedLive("fails a Schema of the fields it had, and fits one of those it has", () =>
    Effect.gen(function* () {
      const pg = yield* made
      const Before = Schema.Struct({ i: Schema.Struct({ a: PgSchema.Int4, b: Schema.String }) })
      const After = Schema.Struct({ i: Schema.Struct({ a: PgSchema.Int4, c: Schema.String }) })
      const source = { table: "kept", columns: ["i"] }
      const { rowsFrom, rowsInto } = Copy.on(pg)
      const before = { i: { a: 1, b: "x" } }
      const after = { i: { a: 2, c: "y" } }
      const read = <A>(rows: Stream.Stream<A, unknown>) =>
        Effect.map(Stream.runCollect(rows), Chunk.toReadonlyArray)
      yield* rowsInto(source, Before, Stream.make(before))
      assert.deepStrictEqual(yield* read(rowsFrom(source, Before)), [before])
      yield* pg.simple("alter type item rename attribute b to c")
      const written = yield* Effect.flip(rowsInto(source, Before, Stream.make(before)))
      const wrong = yield* Effect.flip(Stream.runCollect(rowsFrom(source, Before)))
      assert.deepStrictEqual([written._tag, wrong._tag], ["PgCopyRowError", "PgCopyRowError"])
      assert.match(wrong.message, /row 1 of the copy cannot be read: column "i"/)
      yield* rowsInto(source, After, Stream.make(after))
      assert.deepStrictEqual(yield* read(rowsFrom(source, After)), [{ i: { a: 1, c: "x" } }, after])
      yield* isClean(pg)
    })
  )
})
