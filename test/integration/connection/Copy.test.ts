import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { activity, isClean, open, refusal, s, table, value } from "./sessions.js"

const utf8 = (text: string) => new TextEncoder().encode(text)
const lines = (from: number, to: number) =>
  utf8(Array.from({ length: to - from + 1 }, (_, at) => `${from + at}\tname ${from + at}\n`).join(""))

/** The data in one piece. */
const collect = (stream: ReturnType<PgConnection["copyTo"]>) =>
  Effect.map(Stream.runCollect(stream), (chunks) => Buffer.concat(Chunk.toReadonlyArray(chunks)))

const columns = "id int primary key, name text"
const into = (name: string) => `copy ${name} from stdin`

describe("COPY FROM STDIN", () => {
  it.scopedLive("stores data however it is cut, and returns the number of rows (FLW-066, FLW-067)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const data = Buffer.concat([lines(1, 300), utf8("301\t😀 ä \\\\ \\t\\N\n302\t\\N\n")])
      for (const size of [1, 2, 7, 1000, data.length]) {
        yield* pg.simple(`create temp table t (${columns})`)
        const pieces = Array.from({ length: Math.ceil(data.length / size) }, (_, at) =>
          data.subarray(at * size, (at + 1) * size)
        )
        const result = yield* pg.copyFrom(into("t"), Stream.fromIterable(pieces))
        assert.deepStrictEqual([result.rows, result.command.text], [302n, "COPY 302"])
        assert.strictEqual(yield* value(pg, "select name from t where id = 302"), null)
        assert.strictEqual(yield* value(pg, "select sum(id)::int4 from t"), (302 * 303) / 2)
        yield* pg.simple("drop table t")
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("without data stores nothing (FLW-074)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      assert.strictEqual((yield* pg.copyFrom(into("t"), Stream.empty)).rows, 0n)
      assert.strictEqual((yield* pg.copyFrom(into("t"), Stream.make(utf8("")))).rows, 0n)
      yield* isClean(pg)
    })
  )

  it.scopedLive("works as a sink (FLW-067)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      const source = Stream.make(lines(1, 10), lines(11, 20))
      assert.strictEqual((yield* Stream.run(source, pg.copySink(into("t")))).rows, 20n)
      const refused = yield* refusal(Stream.run(source, pg.copySink(into("t"))))
      assert.strictEqual(refused.code, "23505")
      const failed = yield* Effect.flip(
        Stream.run(Stream.concat(Stream.make(lines(30, 40)), Stream.fail("source")), pg.copySink(into("t")))
      )
      assert.strictEqual(failed, "source")
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 20n)
      yield* isClean(pg)
    })
  )

  it.scopedLive("takes binary data and CSV as the bytes they are", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns}); create temp table u (${columns})`)
      yield* pg.copyFrom(
        "copy t from stdin (format csv, header match)",
        Stream.make(utf8('id,name\n1,"a ""b"""\n2,\n'))
      )
      const binary = yield* collect(pg.copyTo("copy t to stdout (format binary)"))
      assert.strictEqual(binary.subarray(0, 11).toString("latin1"), "PGCOPY\n\xff\r\n\0")
      const pieces = Array.from(binary, (byte) => Uint8Array.of(byte))
      assert.strictEqual(
        (yield* pg.copyFrom("copy u from stdin (format binary)", Stream.fromIterable(pieces))).rows,
        2n
      )
      assert.deepStrictEqual(yield* pg.values(s("select * from u order by 1")), [
        [1, 'a "b"'],
        [2, null]
      ])
      yield* isClean(pg)
    })
  )

  it.scopedLive("fails for a bad row at once, while the source would go on for ever (TRP-066, FLW-070)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      for (const bySink of [false, true]) {
        let stopped = false
        let made = 0
        const endless = Stream.concat(
          Stream.make(lines(1, 1000), utf8("no number\tx\n")),
          Stream.repeatEffect(
            Effect.sync(() => {
              made++
              return lines(5000, 6000)
            })
          )
        ).pipe(Stream.ensuring(Effect.sync(() => (stopped = true))))
        const copied = bySink ? Stream.run(endless, pg.copySink(into("t"))) : pg.copyFrom(into("t"), endless)
        const error = yield* refusal(copied)
        assert.strictEqual(error.code, "22P02")
        assert.match(error.where ?? "", /COPY t, line 1001/)
        assert.isTrue(stopped)
        assert.isBelow(made, 3000)
        assert.strictEqual(yield* value(pg, "select count(*) from t"), 0n)
        yield* isClean(pg)
      }
    })
  )

  it.scopedLive("fails with the server's error while the source is silent (FLW-071)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      let stopped = false
      const silent = Stream.concat(
        Stream.make(Buffer.concat([utf8("no number\tx\n"), lines(1, 20_000)])),
        Stream.fromEffect(Effect.never)
      ).pipe(Stream.ensuring(Effect.sync(() => (stopped = true))))
      assert.strictEqual((yield* refusal(pg.copyFrom(into("t"), silent))).code, "22P02")
      assert.isTrue(stopped)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "whose session is terminated while the source is silent fails at once (FLW-071, FLW-070, TRP-065)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple(`create temp table t (${columns})`)
        const fiber = yield* Effect.fork(Effect.flip(pg.copyFrom(into("t"), Stream.fromEffect(Effect.never))))
        yield* eventually(
          activity(pg),
          ({ query, state }) => state === "active" && query.startsWith("copy t")
        )
        yield* rawRows(shared, `select pg_terminate_backend(${pg.facts.processId})`)
        const error = yield* Fiber.join(fiber)
        assert.isTrue(error._tag === "PgServerError" && error.code === "57P01" && error.severity === "FATAL")
        assert.strictEqual((yield* pg.status).state, "broken")
      })
  )

  it.scopedLive(
    "whose source fails fails with the source's error, and sends the server a reason (TRP-067, FLW-073)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const name = yield* table(columns)
        const failing = Stream.concat(Stream.make(lines(1, 10)), Stream.fail("the source's own error"))
        for (const inTransaction of [false, true]) {
          const copy = pg.copyFrom(into(name), failing)
          const error = yield* Effect.flip(inTransaction ? pg.withTransaction(copy) : copy)
          assert.strictEqual(error, "the source's own error")
          yield* isClean(pg)
        }
        // In a transaction that goes on: it has failed.
        yield* pg.query(s("begin"))
        yield* Effect.flip(pg.copyFrom(into(name), failing))
        assert.strictEqual((yield* pg.status).transaction, "E")
        yield* pg.query(s("rollback"))
        const exit = yield* Effect.exit(
          pg.copyFrom(into(name), Stream.concat(Stream.make(lines(1, 1)), Stream.die("defect")))
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
        yield* isClean(pg)
      })
  )

  it.scopedLive("that is interrupted stores nothing and keeps the session, wherever it was (TRP-067)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const name = yield* table(columns)
      // The source is silent; the socket takes no more; the server waits for a lock.
      const silent = yield* Effect.fork(
        pg.copyFrom(into(name), Stream.concat(Stream.make(lines(1, 10)), Stream.fromEffect(Effect.never)))
      )
      yield* eventually(activity(pg), ({ query, state }) => state === "active" && query.startsWith("copy"))
      yield* Fiber.interrupt(silent)
      yield* isClean(pg)

      let row = 0
      const busy = yield* Effect.fork(
        pg.copyFrom(
          into(name),
          Stream.repeatEffect(
            Effect.sync(() => {
              row += 1000
              return lines(row, row + 999)
            })
          )
        )
      )
      yield* eventually(
        Effect.sync(() => row),
        (row) => row > 20_000
      )
      yield* Fiber.interrupt(busy)
      yield* isClean(pg)

      const holder = yield* open()
      yield* holder.simple(`begin; lock table ${name}`)
      const waiting = yield* Effect.fork(pg.copyFrom(into(name), Stream.make(lines(1, 10))))
      yield* eventually(activity(pg), ({ waitsFor }) => waitsFor.startsWith("Lock/"))
      yield* Fiber.interrupt(waiting)
      yield* holder.simple("rollback")
      assert.deepStrictEqual(yield* rawRows(shared, `select count(*) from ${name}`), [["0"]])
      yield* isClean(pg)
    })
  )

  it.scopedLive("keeps other statements waiting here until it is over (TRP-070, FLW-072, FLW-052)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      const go = yield* Deferred.make<void>()
      const source = Stream.concat(
        Stream.make(lines(1, 5)),
        Stream.fromEffect(Effect.as(Deferred.await(go), lines(6, 10)))
      )
      const copying = yield* Effect.fork(pg.copyFrom(into("t"), source))
      yield* eventually(pg.status, ({ holds }) => holds.lease)
      const other = yield* Effect.fork(value(pg, "select count(*) from t"))
      const stream = yield* Effect.fork(Stream.runCount(pg.stream(s("select * from t"))))
      yield* eventually(pg.status, ({ waiting }) => waiting === 2)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual((yield* Fiber.join(copying)).rows, 10n)
      assert.strictEqual(yield* Fiber.join(other), 10n)
      assert.strictEqual(yield* Fiber.join(stream), 10)
      yield* isClean(pg)
    })
  )

  it.scopedLive("stops a fast source when the server is slow, in bounded memory", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy })
      yield* pg.simple("create temp table t (pad text)")
      const piece = utf8(`${"x".repeat(999)}\n`.repeat(64))
      let made = 0
      const source = Stream.repeatEffect(Effect.sync(() => (made++, piece))).pipe(Stream.take(1600))
      yield* proxy.setFault({ toServer: { stallAfter: 200_000 } })
      const fiber = yield* Effect.fork(pg.copyFrom("copy t from stdin", source))
      // It stands when nothing more was made for a while.
      let last = -1
      yield* eventually(
        Effect.zipRight(
          Effect.sleep("100 millis"),
          Effect.sync(() => {
            const still = made > 0 && made === last
            last = made
            return still
          })
        ),
        (still) => still
      )
      assert.isBelow(made * piece.length, 32 * 1024 * 1024)
      yield* proxy.setFault({})
      assert.strictEqual((yield* Fiber.join(fiber)).rows, 102_400n)
      yield* isClean(pg)
    })
  )

  it.scopedLive(
    "of another statement fails with a usage error, and of a refused text with the server's error",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple(`create temp table t (${columns})`)
        const source = Stream.make(lines(1, 1))
        for (const sql of ["select 1", "", "copy t to stdout"]) {
          const error = yield* Effect.flip(pg.copyFrom(sql, source))
          assert.strictEqual(error._tag, "PgUsageError", sql)
          yield* isClean(pg)
        }
        assert.strictEqual((yield* refusal(pg.copyFrom("copy nix from stdin", source))).code, "42P01")
        assert.strictEqual(
          (yield* Effect.flip(pg.copyFrom("copy t from stdin \0", source)))._tag,
          "PgUsageError"
        )
        yield* isClean(pg)
      })
  )

  it.scopedLive("among other statements of a text lets them run, and a second one is refused (FLW-068)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns}); create temp table log (what text)`)
      const source = Stream.make(lines(1, 3))
      yield* pg.copyFrom(
        "insert into log values ('before'); copy t from stdin; insert into log values ('after')",
        source
      )
      assert.deepStrictEqual(yield* pg.values(s("select what from log")), [["before"], ["after"]])
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 3n)
      const second = yield* refusal(
        pg.copyFrom("copy t from stdin; copy t from stdin", Stream.make(lines(10, 12)))
      )
      assert.strictEqual(second.code, "57014")
      assert.strictEqual(yield* value(pg, "select count(*) from t"), 3n)
      yield* isClean(pg)
    })
  )
})

describe("COPY sent as a query", () => {
  it.scopedLive("does not hang for want of a second Sync (TRP-069, FLW-069)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      for (let round = 0; round < 2; round++) {
        const [error, other] = yield* Effect.all(
          [Effect.flip(pg.query(s("/* with a comment */ copy t from stdin"))), value(pg, "select 'behind'")],
          { concurrency: "unbounded" }
        )
        assert.strictEqual(error._tag, "PgUsageError")
        assert.strictEqual(other, "behind")
        yield* isClean(pg)
      }
    })
  )
})

describe("COPY TO STDOUT", () => {
  it.scopedLive("is refused where the data of a second copy would follow without a sign", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const two = "copy (select 1) to stdout; copy (select 2) to stdout"
      const chunks: Array<string> = []
      const error = yield* Effect.flip(
        Stream.runForEach(pg.copyTo(two), (bytes) =>
          Effect.sync(() => chunks.push(new TextDecoder().decode(bytes)))
        )
      )
      assert.strictEqual(error._tag, "PgUsageError")
      assert.match(error.message, /a single COPY TO STDOUT/)
      assert.deepStrictEqual(chunks, ["1\n"])
      yield* isClean(pg)
      assert.isTrue((yield* collect(pg.copyTo("copy (select 3) to stdout"))).equals(Buffer.from("3\n")))
    })
  )

  it.scopedLive("gives every byte (FLW-080)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const data = yield* collect(
        pg.copyTo("copy (select i, 'name ' || i from generate_series(1, 20000) i) to stdout")
      )
      assert.isTrue(data.equals(lines(1, 20_000)))
      assert.strictEqual((yield* collect(pg.copyTo("copy (select 1 where false) to stdout"))).length, 0)
      const empty = yield* collect(pg.copyTo("copy (select 1 where false) to stdout (format binary)"))
      assert.strictEqual(empty.length, 21)
      yield* isClean(pg)
    })
  )

  it.scopedLive("and back in again, both ends at once, gives the same table", () =>
    Effect.gen(function* () {
      const out = yield* open()
      const back = yield* open()
      const name = yield* table("id int, at timestamptz, n numeric, pad text")
      const other = yield* table("id int, at timestamptz, n numeric, pad text")
      yield* out.query(
        s(
          `insert into ${name} select i, now(), i / 7.0, repeat('p', i % 100) from generate_series(1, 100000) i`
        )
      )
      const result = yield* back.copyFrom(
        `copy ${other} from stdin (format binary)`,
        out.copyTo(`copy ${name} to stdout (format binary)`)
      )
      assert.strictEqual(result.rows, 100_000n)
      assert.deepStrictEqual(
        yield* rawRows(
          shared,
          `select count(*) from (select * from ${name} except all select * from ${other}) x`
        ),
        [["0"]]
      )
      yield* isClean(out)
      yield* isClean(back)
    })
  )

  it.scopedLive(
    "that fails halfway is an error behind the data, never a short success (TRP-068, FLW-082)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        const error = yield* refusal(
          collect(pg.copyTo("copy (select 1 / (50000 - i) from generate_series(1, 100000) i) to stdout"))
        )
        assert.strictEqual(error.code, "22012")
        yield* isClean(pg)
      })
  )

  it.scopedLive("that is left early or interrupted is cancelled and drained (FLW-083)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const endless = pg.copyTo("copy (select repeat('x', 100), generate_series(1, 100000000)) to stdout")
      for (let round = 0; round < 5; round++) {
        yield* Stream.runDrain(Stream.take(endless, 1))
        yield* isClean(pg)
      }
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        Stream.runForEach(endless, () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never))
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      yield* isClean(pg)
    })
  )

  it.scopedLive("to a slow reader makes the server wait, in bounded memory (TRP-073)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy, config: { streamBufferBytes: 65_536 } })
      const go = yield* Deferred.make<void>()
      let bytes = 0
      const fiber = yield* Effect.fork(
        Stream.runForEach(
          pg.copyTo("copy (select repeat('x', 999) from generate_series(1, 60000)) to stdout"),
          (chunk) => {
            const first = bytes === 0
            bytes += chunk.length
            return first ? Deferred.await(go) : Effect.void
          }
        )
      )
      yield* eventually(activity(pg), ({ waitsFor }) => waitsFor === "Client/ClientWrite")
      assert.isBelow((yield* proxy.bytes).toClient, 20_000_000)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual(bytes, 60_000_000)
      yield* isClean(pg)
    })
  )

  it.scopedLive("of another statement fails with a usage error", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create temp table t (${columns})`)
      for (const sql of ["select generate_series(1, 1000)", "", "copy t from stdin"]) {
        const error = yield* Effect.flip(collect(pg.copyTo(sql)))
        assert.strictEqual(error._tag, "PgUsageError", sql)
        yield* isClean(pg)
      }
    })
  )
})
