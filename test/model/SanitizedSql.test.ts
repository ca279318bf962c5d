import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as SanitizedSql from "../../src/model/SanitizedSql.js"

const cases: ReadonlyArray<readonly [sql: string, sanitized: string]> = [
  [
    "select * from people where name = 'Ada' and age > 36.5e1",
    "select * from people where name = ? and age > ?"
  ],
  ["select $1::text, E'it\\'s', U&'d\\0061t', b'01', x'ff'", "select $1::text, ?, ?, ?, ?"],
  ["do $body$ begin perform 'secret'; end $body$", "do ?"],
  ["select \"it's\" from \"t\" where a = 'it''s'", 'select "it\'s" from "t" where a = ?'],
  ["select 1 /* password 'x' /* nested */ */ + 2", "select ? + ?"],
  ["select t1.c2 -- secret\nfrom t1", "select t1.c2\nfrom t1"],
  ["-- secret\nselect 1", "select ?"],
  ["select 1 -- secret", "select ?"],
  ["alter role ada password 'hunter2", "alter role ada password ?"],
  ["select 0xff, 1_000, .5", "select ?, ?, ?"]
]

describe("a text without its values", () => {
  for (const [sql, sanitized] of cases)
    it(`for ${JSON.stringify(sql)}`, () => {
      assert.strictEqual(SanitizedSql.of(sql), sanitized)
    })

  it("never has a quoted text, whatever is before and behind it", () => {
    const around = fc.string({ unit: fc.constantFrom("a", " ", "(", "=", "1", ".", ";", "\n", "+") })
    fc.assert(
      fc.property(around, around, (before, behind) => {
        assert.notInclude(SanitizedSql.of(`${before} 'SECRET' ${behind}`), "SECRET")
      })
    )
  })
})
