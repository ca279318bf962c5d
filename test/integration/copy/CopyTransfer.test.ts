import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import type { CopyFormats } from "../../../src/PgConnection.js"
import * as Statement from "../../../src/model/Statement.js"
import { isClean, open, s } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { describeWithServer, shared } from "../support/server.js"

describeWithServer("a table of PostgreSQL 14 copied to PostgreSQL 18", { version: 14 }, (old) => {
  it.scopedLive("arrives as it was, binary and as text", () =>
    Effect.gen(function* () {
      const from = yield* open({ target: old() })
      const into = yield* open({ target: shared })
      const columns = "id int primary key, note text, at timestamptz, price numeric(10, 2), tags text[]"
      yield* from.simple(
        `create temporary table items (${columns});
         insert into items select n, 'a\\b' || chr(9) || n, timestamptz '2024-02-29 12:00Z' + n * interval '1 hour',
           n / 7.0, array['x', null, n::text] from generate_series(1, 20000) n`
      )
      const sum = (pg: typeof from) =>
        pg.values(s("select count(*), md5(string_agg(items::text, ',' order by id)) from items"))
      yield* Effect.forEach([from, into], (pg) => pg.simple("set timezone = 'UTC'"))
      const expected = yield* sum(from)
      for (const format of ["binary", "text"] as const) {
        yield* into.simple(`drop table if exists items; create temporary table items (${columns})`)
        const done = yield* Copy.transfer(
          { on: from, table: "items" },
          { on: into, table: "items" },
          format === "text" ? { format } : {}
        )
        assert.deepStrictEqual([done.rows, done.format], [20_000n, format])
        assert.isAbove(done.bytes, 500_000)
        assert.deepStrictEqual(yield* sum(into), expected)
      }
      yield* isClean(from)
      yield* isClean(into)
    })
  )

  it.scopedLive("stores nothing when the target refuses a row, and leaves both sessions clean", () =>
    Effect.gen(function* () {
      const from = yield* open({ target: old() })
      const into = yield* open({ target: shared })
      yield* into.simple("create temporary table few (n int check (n < 50000))")
      const query = s("select n from generate_series(1, 100000) n")
      const refused = yield* Effect.flip(Copy.transfer({ on: from, query }, { on: into, table: "few" }))
      assert.deepStrictEqual([refused._tag, "code" in refused && refused.code], ["PgServerError", "23514"])
      assert.deepStrictEqual(yield* into.values(s("select count(*)::int from few")), [[0]])
      yield* isClean(from)
      yield* isClean(into)
    })
  )

  it.scopedLive("ends both copies when it is interrupted", () =>
    Effect.gen(function* () {
      const from = yield* open({ target: old() })
      const into = yield* open({ target: shared })
      yield* into.simple("create temporary table slow (n int, pause text)")
      const query = s("select n, pg_sleep(0.01)::text as pause from generate_series(1, 100000) n")
      const running = yield* Effect.fork(Copy.transfer({ on: from, query }, { on: into, table: "slow" }))
      yield* eventually(Effect.all([from.status, into.status]), (both) =>
        both.every(({ statement }) => statement?.startsWith("copy") === true)
      )
      yield* Fiber.interrupt(running)
      assert.deepStrictEqual(yield* into.values(s("select count(*)::int from slow")), [[0]])
      yield* isClean(from)
      yield* isClean(into)
    })
  )

  it.scopedLive("with a header that is to match is checked, though this server does not", () =>
    Effect.gen(function* () {
      const pg = yield* open({ target: old() })
      yield* pg.simple(
        'create temporary table people (id int, "full, name" text, twice int generated always as (id * 2) stored)'
      )
      const copy = (text: string, pieces: number) =>
        Copy.on(pg).from(
          { table: "people", format: "csv", header: "match" },
          Stream.fromIterable(
            Array.from({ length: Math.ceil(text.length / pieces) }, (_, at) =>
              new TextEncoder().encode(text.slice(at * pieces, (at + 1) * pieces))
            )
          )
        )
      for (const pieces of [1, 3, 1000]) {
        assert.strictEqual((yield* copy('id,"full, name"\r\n1,Ada\r\n2,Grace\r\n', pieces)).rows, 2n)
        for (const header of ['"full, name",id', "id", "id,other", 'id,"full, name",twice']) {
          const refused = yield* Effect.flip(copy(`${header}\n1,Ada\n`, pieces))
          assert.deepStrictEqual(
            [refused._tag, "argument" in refused && refused.argument],
            ["PgUsageError", "header"]
          )
        }
      }
      const nameless = { table: "people", format: "csv", header: "match", nullText: "id" } as const
      const refused = yield* Effect.flip(
        Copy.on(pg).from(nameless, Stream.make(new TextEncoder().encode('id,"full, name"\n')))
      )
      assert.match(refused.message, /name 1 differs from the name of its column/)
      assert.deepStrictEqual(yield* pg.values(s("select count(*)::int from people")), [[6]])
      yield* isClean(pg)
    })
  )
})

describe("the formats of a copy", () => {
  it.scopedLive("are those of the server's answer, in and out", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temporary table two (a int, b text); insert into two values (1, 'x')")
      const seen: Array<CopyFormats> = []
      const onFormats = (formats: CopyFormats): void => void seen.push(formats)
      const bytes = yield* Stream.runCollect(pg.copyTo("copy two to stdout (format binary)", { onFormats }))
      yield* pg.copyFrom("copy two from stdin (format binary)", Stream.fromChunk(bytes), { onFormats })
      yield* Stream.run(
        Stream.make(new TextEncoder().encode("2\ty\n")),
        pg.copySink("copy two from stdin", { onFormats })
      )
      assert.deepStrictEqual(seen, [
        { format: 1, columnFormats: [1, 1] },
        { format: 1, columnFormats: [1, 1] },
        { format: 0, columnFormats: [0, 0] }
      ])
      assert.deepStrictEqual(yield* pg.values(Statement.make("select count(*)::int from two")), [[3]])
    })
  )
})
