/** Sources of a copy that are slow, or that read from the very connection they feed; and rows before one that a Schema refuses. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import { eventually } from "../support/eventually.js"
import { isClean, open, s, value } from "./sessions.js"

describe("a source that stops after a few rows", () => {
  it.scopedLive("has its rows sent, so that the server's refusal of a row arrives", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table slow (id int check (id > 0), note text)")
      const rows = Stream.concat(
        Stream.fromIterable([
          { id: 1, note: "a" },
          { id: 2, note: "b" },
          { id: -1, note: "c" }
        ]),
        Stream.never
      )
      for (const format of ["binary", "text"] as const) {
        const error = yield* Effect.flip(
          Copy.on(pg).rowsInto({ table: "slow", columns: ["id", "note"], format }, rows)
        )
        assert.strictEqual(error._tag === "PgServerError" ? error.code : error, "23514")
        yield* isClean(pg)
      }
      // A sink acts when rows come: the one after the refused row finds the refusal, however long the source waits before it.
      const watched = yield* open()
      const refused = eventually(
        value(watched, "select count(*)::int4 from pg_stat_activity where pid = $1 and state <> 'active'", [
          pg.facts.processId
        ]),
        (count) => count === 1
      )
      const waiting = Stream.concat(
        Stream.take(rows, 3),
        Stream.concat(Stream.drain(Stream.fromEffect(refused)), Stream.make({ id: 4, note: "d" }))
      )
      for (const format of ["binary", "text"] as const) {
        const error = yield* Effect.flip(
          Stream.run(waiting, Copy.on(pg).rowsSink({ table: "slow", columns: ["id", "note"], format }))
        )
        assert.strictEqual(error._tag === "PgServerError" ? error.code : error, "23514")
        yield* isClean(pg)
      }
      assert.deepStrictEqual(yield* pg.values(s("select count(*)::int from slow")), [[0]])
    })
  )

  it.scopedLive("keeps the order and the number of rows of one that is fast in between", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table mixed (at serial, id int, note text)")
      const bursts = Stream.flatMap(Stream.range(0, 4), (burst) =>
        Stream.concat(
          Stream.execute(Effect.sleep(burst === 0 ? 0 : 150)),
          Stream.map(Stream.range(burst * 3000, burst * 3000 + 2999), (id) => ({ id, note: "x".repeat(99) }))
        )
      )
      const { rows } = yield* Copy.on(pg).rowsInto({ table: "mixed", columns: ["id", "note"] }, bursts)
      assert.strictEqual(rows, 15_000n)
      assert.deepStrictEqual(
        yield* pg.values(s("select count(*)::int, bool_and(id = at - 1), max(id) from mixed")),
        [[15_000, true, 14_999]]
      )
    })
  )
})

describe("a source that uses the connection that it feeds", () => {
  it.scopedLive("is refused as usage, and leaves the connection clean", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table fed (id int)")
      const into = "copy fed from stdin"
      for (const source of [
        pg.copyTo("copy (select 1) to stdout"),
        Stream.flatMap(Stream.make(1), () => pg.copyTo("copy (select 1) to stdout")),
        Stream.mapEffect(Stream.make(1), () => Effect.as(pg.query(s("select 1")), new Uint8Array())),
        Stream.map(pg.stream(s("select 1")), () => new Uint8Array()),
        Stream.fromEffect(Effect.as(pg.copyFrom(into, Stream.empty), new Uint8Array()))
      ]) {
        const error = yield* Effect.flip(pg.copyFrom(into, source))
        assert.strictEqual(error._tag, "PgUsageError")
        assert.match(error.message, /must not use the connection that it feeds/)
        yield* isClean(pg)
        const bySink = yield* Effect.flip(Stream.run(source, pg.copySink(into)))
        assert.strictEqual(bySink._tag, "PgUsageError")
        assert.match(bySink.message, /must not use the connection that it feeds/)
        yield* isClean(pg)
      }
      // A pipeline that has ended leaves the connection to its fiber.
      yield* Stream.run(Stream.empty, pg.copySink(into))
      assert.deepStrictEqual(yield* pg.values(s("select count(*)::int4 from fed")), [[0]])
      const typed = { table: "fed", columns: ["id"] }
      const self = yield* Effect.flip(Stream.run(pg.stream(s("select 1 as id")), Copy.on(pg).rowsSink(typed)))
      assert.strictEqual(self._tag, "PgUsageError")
      yield* isClean(pg)
      const other = yield* open()
      const { rows } = yield* pg.copyFrom(into, other.copyTo("copy (select 7) to stdout"))
      assert.strictEqual(rows, 1n)
      assert.deepStrictEqual(yield* pg.values(s("select id from fed")), [[7]])
    })
  )
})

describe("a stream through a Schema", () => {
  it.scopedLive("gives the rows before one that is refused", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const Row = Schema.Struct({ id: Schema.Int })
      const statement = s("select case when i <> 50 then i end as id from generate_series(1, 4000) i")
      for (const options of [{}, { fetchSize: 7 }]) {
        const seen: Array<number> = []
        const error = yield* Effect.flip(
          Stream.runForEach(pg.stream(statement, Row, options), ({ id }) => Effect.sync(() => seen.push(id)))
        )
        assert.strictEqual(error._tag, "PgCodecError")
        assert.deepStrictEqual(
          seen,
          Array.from({ length: 49 }, (_, index) => index + 1)
        )
        yield* isClean(pg)
      }
    })
  )
})
