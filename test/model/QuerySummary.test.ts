import { assert, describe, it } from "@effect/vitest"
import * as QuerySummary from "../../src/model/QuerySummary.js"

const cases: ReadonlyArray<readonly [sql: string, summary: string]> = [
  ["select 1", "SELECT"],
  ["select * from people where age > $1", "SELECT people"],
  ['select * from shop."Orders" o, people p where o.who = p.id', 'SELECT shop."Orders" people'],
  [
    "SELECT a FROM b JOIN ONLY c USING (id) LEFT JOIN LATERAL (select 1 from d) x ON true",
    "SELECT b c SELECT d"
  ],
  ["insert into orders (id, note) select id, note from basket", "INSERT orders SELECT basket"],
  ["insert into orders values ($1) on conflict (id) do update set note = $2", "INSERT orders"],
  ["update only people set age = 1 from other where x is distinct from y", "UPDATE people other"],
  ["delete from people using fired where fired.id = people.id returning *", "DELETE people fired"],
  ["select extract(year from born), trim(both 'x' from name) from people for update", "SELECT people"],
  ["with gone as (delete from a returning *) insert into b select * from gone", "DELETE a INSERT b SELECT"],
  [
    "with recursive t(n) as (values (1) union all select n + 1 from t) select * from t",
    "VALUES SELECT SELECT"
  ],
  ["select * from generate_series(1, 3) n, people", "SELECT people"],
  [
    "merge into a using b on a.id = b.id when matched then update set x = 1 when not matched then insert values (1)",
    "MERGE a b"
  ],
  ["create unique index concurrently if not exists i on t (x)", "CREATE INDEX i"],
  ["create temporary table if not exists t (x int)", "CREATE TABLE t"],
  ["drop table if exists shop.t", "DROP TABLE shop.t"],
  ["/* from x */ select 'from y' -- from z\n from w", "SELECT w"],
  ["begin; select * from t; commit", "BEGIN SELECT t COMMIT"],
  ["copy people (name) from stdin", "COPY people"],
  ["set search_path to x", "SET search_path"],
  ["listen orders", "LISTEN orders"],
  ["vacuum", "VACUUM"],
  ["", ""],
  [";;", ""]
]

describe("a summary", () => {
  for (const [sql, summary] of cases)
    it(`of ${JSON.stringify(sql)}`, () => {
      assert.strictEqual(QuerySummary.of(sql), summary)
    })

  it("has at most 255 characters, and whole names", () => {
    const tables = Array.from({ length: 60 }, (_, at) => `table_${at}`)
    const summary = QuerySummary.of(`select * from ${tables.join(", ")}`)
    assert.isAtMost(summary.length, 255)
    assert.isTrue(`SELECT ${tables.join(" ")} `.startsWith(`${summary} `))
  })
})
