import { assert, describe, it } from "@effect/vitest"
import * as StatementWords from "../../src/model/StatementWords.js"

const of = StatementWords.of

describe("the statements of a text", () => {
  it.each<[string, ReadonlyArray<string>]>([
    ["", []],
    [" ;; -- nothing\n ; /* nor here */", []],
    ["Rollback; INSERT into t values (1)", ["rollback", "insert into t values ( 1"]],
    ["select ';'; rollback", ["select '", "rollback"]],
    ["select 'it''s;'; rollback", ["select '", "rollback"]],
    ["select '\\'; rollback; --'", ["select '", "rollback"]],
    ["select e'\\'; rollback; --'; commit", ["select e", "commit"]],
    ["select E'\\\\'; rollback", ["select e", "rollback"]],
    ["select name'\\'; rollback", ["select name '", "rollback"]],
    ['select 1 as ";rollback;" "x"";";end', ['select 1 as " "', "end"]],
    ["select $$;rollback;$$; end", ["select $", "end"]],
    ["select $a$;$$;$b$;$a$; end", ["select $", "end"]],
    ["select $1; end", ["select $ 1", "end"]],
    ["select a$b$ from t; end; select c$b$", ["select a$b$ from t", "end", "select c$b$"]],
    ["/* a; /* b; */ c; */ rollback", ["rollback"]],
    ["-- a;\rrollback", ["rollback"]],
    ["select 1--;'\n; end", ["select 1", "end"]],
    [
      "create rule r as on insert to t do (delete from a; delete from b); end",
      ["create rule r as on insert", "end"]
    ],
    [
      "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; commit",
      ["create or replace function f (", "commit"]
    ],
    ["select case when true then 1 end; commit", ["select case when true then 1", "commit"]],
    ["begin; select 1; end", ["begin", "select 1", "end"]],
    ["select 'unterminated; rollback", ["select '"]],
    ["select $x$ unterminated; rollback", ["select $"]],
    ["/* unterminated; rollback", []]
  ])("of %j", (sql, expected) => {
    assert.deepStrictEqual(of(sql), expected)
  })

  it("is read with backslashes where the session reads them so", () => {
    assert.deepStrictEqual(of("select '\\'; rollback; --'; commit", true), ["select '", "commit"])
    assert.deepStrictEqual(of('select "\\"; commit', true), ['select "', "commit"])
  })
})

describe("a statement that ends its transaction", () => {
  it.each([
    ["commit", true],
    ["COMMIT and chain", true],
    ["end", true],
    ["rollback", true],
    ["abort work", true],
    ["prepare transaction 'x'", true],
    ["rollback to a", false],
    ["rollback work to savepoint a", false],
    ["abort transaction to a", false],
    ["commit prepared 'x'", false],
    ["rollback prepared 'x'", false],
    ["prepare p as select 1", false],
    ["select 'commit'", false],
    ["begin", false],
    ["savepoint a", false],
    ["release a", false],
    ["endless()", false]
  ])("%s: %s", (sql, expected) => {
    assert.strictEqual(StatementWords.endsBlock(of(sql)[0]!), expected)
  })
})
