import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/client/Copy.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import { configOf } from "../connection/sessions.js"
import { live } from "../support/server.js"

const lines = (...rows: ReadonlyArray<string>) =>
  Stream.make(new TextEncoder().encode(rows.join("\n") + "\n"))

const client = PgClient.layer(configOf())

describe("COPY by way of the client", () => {
  it.effect("goes in and out on the transaction's connection, by effect and by sink", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      const text = yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(sql`create temp table copied (x int4) on commit drop`)
          const first = yield* Copy.from("copy copied from stdin", lines("1", "2"))
          const second = yield* Stream.run(lines("3"), Copy.sink("copy copied from stdin"))
          assert.deepStrictEqual([first.rows, second.rows], [2n, 1n])
          return yield* Copy.to("copy copied to stdout").pipe(Stream.decodeText(), Stream.mkString)
        })
      )
      assert.strictEqual(text, "1\n2\n3\n")
    }).pipe(Effect.provide(client), live)
  )

  it.effect("stores nothing when the source fails, and gives a clean connection back", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      yield* pg.query(sql`create table if not exists copied_never (x int4)`)
      const source = Stream.concat(lines("1"), Stream.fail("no more" as const))
      assert.strictEqual(yield* Effect.flip(Copy.from("copy copied_never from stdin", source)), "no more")
      assert.deepStrictEqual(yield* pg.query(sql`select * from copied_never`), [])
      yield* pg.query(sql`drop table copied_never`)
    }).pipe(Effect.provide(client), live)
  )
})
