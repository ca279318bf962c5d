/** Values at the edges of their types, and under settings that few servers have. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { JsonText } from "../../../src/model/JsonText.js"
import type { Numeric } from "../../../src/model/Numeric.js"
import { PgArray } from "../../../src/model/PgArray.js"
import type { PgSessionError } from "../../../src/model/PgError.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import { PgRange } from "../../../src/model/PgRange.js"
import { lossless } from "../../../src/types/Registry.js"
import { isClean, open, s, value } from "../connection/sessions.js"
import { shared } from "../support/server.js"
import { inBinary, inText } from "./readers.js"

describe("a numeric", () => {
  it.scopedLive("of every digit that the type takes is read and sent in both formats", () =>
    Effect.gen(function* () {
      for (const types of [inBinary(lossless), inText(lossless)]) {
        const pg = yield* open({ types })
        const made = "(repeat('9', 131072) || '.' || repeat('7', 16383))::numeric"
        const read = (yield* value(pg, `select ${made}`)) as Numeric
        assert.strictEqual(read.toString(), `${"9".repeat(131_072)}.${"7".repeat(16_383)}`)
        assert.deepStrictEqual(
          yield* pg.values(s(`select $1::numeric = ${made}, -$1::numeric = -${made}`, [read])),
          [[true, true]]
        )
      }
    })
  )

  it.scopedLive("takes numbers whose digits a double keeps", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const sent = (number: number) => pg.values(s("select $1::numeric::text", [number]))
      assert.deepStrictEqual(yield* sent(1e21), [["1" + "0".repeat(21)]])
      assert.deepStrictEqual(yield* sent(-1.5e300), [["-15" + "0".repeat(299)]])
      assert.deepStrictEqual(yield* sent(1e-7), [["0.0000001"]])
      assert.strictEqual((yield* Effect.flip(sent(2 ** 60)))._tag, "PgCodecError")
      assert.strictEqual((yield* Effect.flip(sent(2 ** 53)))._tag, "PgCodecError")
    })
  )
})

describe("a float4 next to zero", () => {
  it.scopedLive("is read, sent and refused as the server does, on both sides", () =>
    Effect.gen(function* () {
      for (const types of [inBinary(lossless), inText(lossless)]) {
        const pg = yield* open({ types })
        for (const number of [1e-45, -1e-45, 1.2e-38, -1.2e-38, 7.1e-46, -7.1e-46]) {
          const [row] = yield* pg.values(
            s(`select '${number}'::float4, $1::float4 = '${number}'::float4`, [number])
          )
          assert.deepStrictEqual(row, [Math.fround(number), true])
        }
        for (const number of [7e-46, -7e-46, 1e-300, -1e-300, "-1e-400", "-1e-60"]) {
          const error = yield* Effect.flip(pg.values(s("select $1::float4", [number])))
          assert.strictEqual(error._tag, "PgCodecError", String(number))
        }
        assert.deepStrictEqual(yield* pg.values(s("select $1::float4, $2::float4", [-0, "-0"])), [[-0, -0]])
      }
    })
  )
})

describe("an array with a NULL in it", () => {
  it.scopedLive("is not taken for one with a string while array_nulls is off", () =>
    Effect.gen(function* () {
      const pg = yield* open({ config: { parameters: { array_nulls: "off" } } })
      const nulls = s(
        `select array_position($1::numeric[], null), array_position($2::date[], null),
          array_position($3::inet[], null), array_position($4::text[], null), $5::numeric[] is not null`,
        [[1, null], [null, "2000-01-01"], ["::1", null], ["null", null], new PgArray([[1, null]], [1, 1])]
      )
      assert.deepStrictEqual(yield* pg.values(nulls), [[2, 1, 2, 2, true]])
      assert.deepStrictEqual(yield* pg.values(s("select $1::text[]", [["NULL", "null", null]])), [
        [["NULL", "null", null]]
      ])
    })
  )

  it.scopedLive("goes as text where a string in it is one that only the server reads", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const [row] = yield* pg.values(s("select $1::date[] = array['epoch'::date, null]", [["epoch", null]]))
      assert.deepStrictEqual(row, [true])
    })
  )
})

describe("JSON", () => {
  it.scopedLive("is refused with a function, a symbol or a promise in it", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const wrong of [Promise.resolve(1), () => 1, Symbol("x"), /x/])
        for (const sent of [wrong, { a: wrong }, [wrong], { a: [{ b: wrong }] }])
          for (const type of ["json", "jsonb"]) {
            const error = yield* Effect.flip(pg.query(s(`select $1::${type}`, [sent])))
            assert.instanceOf(error, PgCodecError)
          }
      assert.deepStrictEqual(yield* pg.values(s("select $1::jsonb", [{ a: undefined, b: 1 }])), [[{ b: 1 }]])
    })
  )

  it.scopedLive(
    "keeps JSON's null as a bound of a range apart from no bound, and comes in two dimensions",
    () =>
      Effect.gen(function* () {
        const setup = yield* open()
        yield* setup.simple("drop type if exists of_json; create type of_json as range (subtype = jsonb)")
        yield* Effect.addFinalizer(() => Effect.ignore(setup.simple("drop type of_json")))
        for (const types of [inBinary(lossless), inText(lossless)]) {
          const pg = yield* open({ types })
          const bounded = PgRange.make<unknown>(new JsonText("null"), 5)
          const [row] = yield* pg.values(
            s("select of_json('null', '5'), of_json(null, '5'), $1::of_json = of_json('null', '5')", [
              bounded
            ])
          )
          assert.deepStrictEqual(row, [bounded, PgRange.make<unknown>(null, 5), true])
          const [arrays] = yield* pg.values(
            s(`select '{{1,[2]},{"null","{}"}}'::jsonb[], '{{1 2}}'::int2vector[]`)
          )
          assert.deepStrictEqual(arrays, [
            new PgArray(
              [
                [1, [2]],
                [null, {}]
              ],
              [1, 1]
            ),
            new PgArray([[[1, 2]]], [1, 1])
          ])
        }
      })
  )
})

describe("an anonymous record", () => {
  it.scopedLive("fails where it holds a type that is read as text alone, and names the remedy", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      for (const [held, cast] of [
        ["1::money", "$1.00"],
        ["'pg_class'::regclass", "pg_class"],
        ["array['int'::regtype]", "{integer}"]
      ]) {
        for (const sql of [`select row(1, ${held})`, `select array[row(1, ${held})]`]) {
          const error = yield* Effect.flip(pg.query(s(sql)))
          assert.instanceOf(error, PgCodecError)
          assert.match(error.message, /field \[1\].*cast it to text/)
          yield* isClean(pg)
        }
        assert.deepStrictEqual(yield* pg.values(s(`select row(1, (${held})::text)`)), [[[1, cast]]])
      }
    })
  )
})

describe("a database of the encoding SQL_ASCII", () => {
  it.scopedLive("has text that is no UTF-8 refused, and its bytes read", () =>
    Effect.gen(function* () {
      const outside = yield* open()
      const database = `ascii_${process.pid}`
      yield* Effect.acquireRelease(
        outside.simple(
          `create database ${database} encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0`
        ),
        () => Effect.ignore(outside.simple(`drop database ${database} with (force)`))
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const pg = yield* open({ target: shared, config: { database } })
          yield* pg.simple(`create table t (x text, xs text[], good text);
            insert into t values (convert_from('\\xe9', 'SQL_ASCII'), array[convert_from('\\xe9', 'SQL_ASCII')], 'ä')`)
          assert.deepStrictEqual(yield* pg.values(s("select good from t")), [["ä"]])
          const reads: ReadonlyArray<Effect.Effect<unknown, PgSessionError>> = [
            pg.query(s("select x from t")),
            pg.query(s("select xs from t")),
            pg.query(s("select row(x) from t")),
            pg.simple("select x from t"),
            Stream.runCollect(pg.stream(s("select x from t")))
          ]
          for (const read of reads) {
            const error = yield* Effect.flip(read)
            // The server looks at what it sends as UTF-8.
            assert.strictEqual(error._tag === "PgServerError" && error.code, "22021")
            yield* isClean(pg)
          }
          yield* pg.simple("set client_encoding to sql_ascii")
          for (const read of reads) {
            const error = yield* Effect.flip(read)
            assert.instanceOf(error, PgCodecError)
            assert.match(error.message, /are not UTF-8/)
            yield* isClean(pg)
          }
          assert.deepStrictEqual(yield* pg.values(s("select convert_to(x, 'SQL_ASCII') from t")), [
            [Uint8Array.of(0xe9)]
          ])
        })
      )
    })
  )
})
