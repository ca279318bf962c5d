import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import { PgServerError } from "../../../src/model/PgError.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import type { Statement } from "../../../src/model/Statement.js"
import * as PositionTable from "../../../src/replication/run/PositionTable.js"

const refusal = (code: string): PgServerError =>
  new PgServerError({ ...ServerFields.make({ severity: "ERROR", code }), sql: "" })

/** A session that answers each query with the next of these, and what it was sent. */
const session = (answers: ReadonlyArray<object | PgServerError | undefined>, moved = 1n) => {
  const queries = [...answers]
  const sent: Array<string> = []
  const values: Array<ReadonlyArray<unknown>> = []
  const connection = {
    query: ({ sql }: Statement) =>
      Effect.suspend(() => {
        sent.push(sql)
        const next = queries.shift()
        if (next instanceof PgServerError) return Effect.fail(next)
        return Effect.succeed(next === undefined ? [] : [next])
      }),
    simple: (sql: string) => Effect.sync(() => void sent.push(sql)),
    execute: ({ parameters, sql }: Statement) =>
      Effect.sync(() => {
        sent.push(sql)
        values.push(parameters)
        return { command: { rows: moved } }
      })
  } as unknown as PgConnection
  return { connection, sent, values }
}

const table = PositionTable.make("orders", "positions")
const row = { position: "0/2000", handled: "0/1800", system_id: "7000000000000000001", timeline: "3" }

describe("a position that is kept with the data", () => {
  const loaded = (...answers: ReadonlyArray<object | PgServerError | undefined>) =>
    Effect.gen(function* () {
      const { connection, sent } = session(answers)
      return { kept: yield* (yield* table).load(connection), sent }
    })

  it.effect("has the cluster and the timeline that it is of (LOG-058)", () =>
    Effect.gen(function* () {
      const { kept } = yield* loaded(row)
      assert.deepStrictEqual(kept, {
        position: 0x2000n,
        handled: 0x1800n,
        place: { systemId: "7000000000000000001", timeline: 3 }
      })
    })
  )

  it.effect("has no place where an earlier version has kept it, and none of half a place", () =>
    Effect.gen(function* () {
      const { kept } = yield* loaded({ ...row, handled: null, system_id: null, timeline: null })
      assert.deepStrictEqual(kept, { position: 0x2000n, handled: undefined, place: undefined })
      assert.isUndefined((yield* loaded({ ...row, timeline: null })).kept?.place)
    })
  )

  it.effect(
    "is in a table that is made when it is missing, and extended when it is of an earlier version",
    () =>
      Effect.gen(function* () {
        const made = yield* loaded(refusal("42P01"), undefined)
        assert.isUndefined(made.kept)
        assert.match(made.sent[1]!, /^create table if not exists "positions" .*system_id text, timeline int8/)
        const extended = yield* loaded(refusal("42703"), row)
        assert.strictEqual(extended.kept?.position, 0x2000n)
        assert.include(extended.sent[1], "add column if not exists timeline int8")
        const error = yield* Effect.flip(loaded(refusal("42501")))
        assert.strictEqual((error as PgServerError).code, "42501")
      })
  )

  it.effect("is moved with its place, from where it was and nowhere else", () =>
    Effect.gen(function* () {
      const to = { position: 0x3000n, handled: 0x2800n, place: { systemId: "1", timeline: 4 } }
      const { connection, sent, values } = session([])
      const { move } = yield* table
      yield* move(connection, 0x2000n, to)
      assert.include(sent[0], "where name = $1 and position = $6::text::pg_lsn")
      assert.deepStrictEqual(
        values[0]?.map((value) => (typeof value === "object" && value !== null ? String(value) : value)),
        ["orders", "0/3000", "0/2800", "1", "4", "0/2000"]
      )
      yield* move(connection, undefined, { ...to, handled: undefined, place: undefined })
      assert.deepStrictEqual(values[1]?.slice(2), [null, null, null])
    })
  )

  it.effect("that another process has moved is not moved (LOG-058)", () =>
    Effect.gen(function* () {
      const { connection } = session([], 0n)
      const to = { position: 0x3000n, handled: undefined, place: undefined }
      const error = yield* Effect.flip((yield* table).move(connection, 0x2000n, to))
      assert.deepInclude(error, { _tag: "PgSlotError", reason: "in-use", slot: "orders" })
    })
  )
})
