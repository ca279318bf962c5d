import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { typeText } from "../../../src/model/TypeModifier.js"
import { open, s } from "../connection/sessions.js"

const types = [
  ...[
    "varchar(5)",
    "char(7)",
    "varchar(9)[]",
    "bit(3)",
    "bit varying(40)",
    "bit(2)[]",
    "varchar",
    "text",
    "bpchar"
  ],
  ...["numeric(5,2)", "numeric(1000,1000)", "numeric(3,-1000)", "numeric(9)", "numeric(4,6)[]", "numeric"],
  ...["time(0)", "timetz(3)", "timestamp(6)", "timestamptz(2)", "timestamptz(1)[]"],
  ...[
    "interval",
    "interval(4)",
    "interval year",
    "interval month",
    "interval day",
    "interval hour",
    "interval minute"
  ],
  ...["interval second", "interval second(2)", "interval year to month", "interval day to hour"],
  ...[
    "interval day to minute",
    "interval day to second(3)",
    "interval hour to minute",
    "interval hour to second"
  ],
  ...["interval minute to second(0)[]"]
]

describe("modifiers of types", () => {
  it.scopedLive("come back as they were declared, in the server's own eyes (TYP-011)", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const declared = (table: string, texts: ReadonlyArray<string>) =>
        pg.simple(`create temp table ${table} (${texts.map((text, at) => `c${at} ${text}`).join(", ")})`)
      const attributes = (table: string) =>
        pg.values(
          s(
            "select atttypid, atttypmod from pg_attribute where attrelid = $1::regclass and attnum > 0 order by attnum",
            [table]
          )
        )
      yield* declared("pg_temp.first", types)
      const { columns } = yield* pg.describe(s("select * from pg_temp.first"))
      yield* declared(
        "pg_temp.second",
        columns.map(({ typeModifier, typeOid }) => typeText(typeOid, typeModifier))
      )
      const first = yield* attributes("pg_temp.first")
      assert.strictEqual(first.length, types.length)
      assert.deepStrictEqual(yield* attributes("pg_temp.second"), first)
    })
  )
})
