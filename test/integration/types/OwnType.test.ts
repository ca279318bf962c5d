/** A type of the application's own: another codec with something before it and something behind it. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import * as PgTypes from "../../../src/PgTypes.js"
import { isClean, open, s } from "../connection/sessions.js"

class UserId {
  constructor(readonly text: string) {}
}

const uuid = PgTypes.lossless.lookup(PgTypes.Oid.uuid)!
const userId = PgTypes.mapped(
  uuid,
  (text) => new UserId(String(text)),
  (value) => (value instanceof UserId ? value.text : value)
)

const types = PgTypes.lossless.with(userId)
const one = new UserId("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
const other = new UserId("00000000-0000-4000-8000-000000000000")

describe("a type of one's own", () => {
  it.scopedLive("goes both ways, alone, in arrays and inside types that are found at run time", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      yield* pg.simple(
        "create domain pg_temp.author as uuid; create type pg_temp.post as (author pg_temp.author, readers uuid[])"
      )
      const post = { author: one, readers: [one, null, other] }
      const rows = yield* pg.values(
        s(
          `select $1::uuid, $1::uuid::text, $2::uuid[], $3::pg_temp.author, array[$3::pg_temp.author], $4::pg_temp.post,
            row($1::uuid, 1)`,
          [one, [[one, null]], other, post]
        )
      )
      assert.deepStrictEqual(rows, [[one, one.text, [[one, null]], other, [other], post, [one, 1]]])
      const [result] = yield* pg.simple(`select '${one.text}'::uuid as id`)
      assert.deepStrictEqual(result?.rows[0]?.["id"], one)
    })
  )

  it.scopedLive("goes in and out by COPY in every format", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      yield* pg.simple("create temp table ids (id uuid, more uuid[])")
      const rows = [
        { id: one, more: [other, null] },
        { id: null, more: [] }
      ]
      const formats = [{ format: "binary" }, { format: "text" }, { format: "csv" }] as const
      for (const format of formats) {
        yield* pg.simple("truncate ids")
        const copy = Copy.on(pg)
        yield* copy.rowsInto({ table: "ids", columns: ["id", "more"], ...format }, Stream.fromIterable(rows))
        const read = yield* Stream.runCollect(copy.rowsFrom({ table: "ids", ...format }))
        assert.deepStrictEqual(
          Chunk.toReadonlyArray(read).map((row) => ({ ...row })),
          rows,
          format.format
        )
      }
    })
  )

  it.scopedLive("is refused as its codec refuses it, with the parameter's place", () =>
    Effect.gen(function* () {
      const pg = yield* open({ types })
      const error = yield* Effect.flip(pg.query(s("select $1::int4, $2::uuid", [1, new UserId("nobody")])))
      assert.instanceOf(error, PgCodecError)
      assert.deepInclude(error, { where: "$2", index: 1, type: "uuid" })
      assert.include(error.message, "got string of 6 characters")
      yield* isClean(pg)
    })
  )
})
