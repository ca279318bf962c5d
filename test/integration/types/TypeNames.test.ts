import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TypeName from "../../../src/model/TypeName.js"
import * as PgSchema from "../../../src/PgSchema.js"
import { open, s } from "../connection/sessions.js"

/** Built-in types in the spellings of SQL and of the catalogue. */
const spellings = [
  ...[
    "int",
    "integer",
    "INT4",
    "pg_catalog.int8",
    "_int8",
    "bigint[]",
    "int8[][]",
    "integer array",
    "int2 [3]"
  ],
  ...["float", "float(24)", "float(25)", "double precision", "real", "decimal(4)", "dec", "numeric(10, 2)[]"],
  ...[
    "char",
    "char(3)",
    '"char"',
    "character",
    "character varying(10)",
    "national character varying",
    "nchar"
  ],
  ...["bit", "bit varying", "bit varying(3)[]", "time with time zone", "timestamp(3) without time zone"],
  ...[
    "timestamptz(0)",
    "timestamp (3) with time zone",
    "interval day to second(3)",
    "interval year",
    "_interval"
  ],
  ...['"pg_catalog"."timestamptz"', "regtype", "int4multirange", "oidvector", "name", "boolean"]
]

describe("the names of types", () => {
  it.scopedLive("are those that regtype takes", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const rows = yield* pg.query(
        s("select name, name::regtype::oid::int8::text as oid from unnest($1::text[]) as name", [spellings])
      )
      assert.deepStrictEqual(
        spellings.map((name) => ({ name, oid: String(TypeName.of(name).oid) })),
        rows
      )
    })
  )

  it.scopedLive("of a database's own are found in any spelling, and a mistaken case is reported", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(`create schema if not exists zz;
        drop type if exists zz.mood, zz."Shade";
        create type zz.mood as enum ('ok'); create type zz."Shade" as enum ('dark')`)
      const statement =
        s(`select 'ok'::zz.mood as mood, array['ok']::zz.mood[] as moods, 'dark'::zz."Shade" as shade,
        1 as createdat, 2 as valid_until`)
      const Label = Schema.Literal("ok")
      for (const mood of ["mood", "MOOD", "zz.mood", '"zz"."mood"', 'zz."mood"'])
        for (const moods of [`${mood}[]`, "_mood", "zz._mood", `${mood} array`]) {
          const Row = Schema.Struct({
            mood: PgSchema.type(mood, Label),
            moods: PgSchema.type(moods, Schema.Array(Label)),
            shade: PgSchema.type('zz."Shade"', Schema.Literal("dark"))
          })
          assert.deepStrictEqual(yield* pg.query(statement, Row), [
            { mood: "ok", moods: ["ok"], shade: "dark" }
          ])
        }
      const Mistaken = Schema.Struct({
        shade: PgSchema.type("shade", Schema.String),
        createdAt: PgSchema.Int4,
        validUntil: PgSchema.Int4
      })
      const { message } = yield* Effect.flip(pg.query(statement, Mistaken))
      assert.match(message, /shade .*<- another type: Shade is spelled with other letters/)
      assert.match(message, /createdAt .*<- not in the result: createdat is there; SQL folds names/)
      assert.match(message, /validUntil .*<- not in the result: valid_until is there; Schema.fromKey renames/)
      yield* pg.simple("drop schema zz cascade")
    })
  )
})
