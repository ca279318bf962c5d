import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { hasNotHappened } from "../../../src/model/Judgement.js"
import type { BackendMessage } from "../../../src/wire/BackendMessage.js"
import { QueryRequest, SimpleRequest } from "../../../src/connection/statement/Query.js"
import type { QueryResult } from "../../../src/connection/statement/Query.js"
import type { Request } from "../../../src/connection/session/ConnectionState.js"
import * as Statement from "../../../src/model/Statement.js"
import {
  answered,
  bound,
  column,
  columns,
  complete,
  copyData,
  copyDone,
  copyIn,
  copyOut,
  described,
  emptyQuery,
  error,
  harness,
  int4,
  ready,
  row,
  text
} from "../core.js"
import type { Harness } from "../core.js"

const simple = (self: Harness, sql = "select 1; select 2") =>
  self.submit<ReadonlyArray<QueryResult>>((outcome) => new SimpleRequest(sql, "object", outcome))

describe("a text of several statements", () => {
  it("gives every result in order, as text, and none is dropped (FLW-001, FLW-011)", async () => {
    const self = harness()
    const told = simple(self)
    assert.deepStrictEqual(await self.messages(), [{ _tag: "Query", sql: "select 1; select 2" }])
    self.say(columns(int4("x")), row("1"), row("2"), complete("SELECT 2"))
    self.say(complete("INSERT 0 3"), columns(text("y")), complete("SELECT 0"), ready("T"))
    assert.deepStrictEqual(
      told.value?.map(({ command, rows }) => [rows, command.text]),
      [
        [[{ x: 1 }, { x: 2 }], "SELECT 2"],
        [[], "INSERT 0 3"],
        [[], "SELECT 0"]
      ]
    )
    assert.deepStrictEqual([told.count, self.core.session.status], [1, "T"])
  })

  it("that is empty has one empty result (FLW-005, TRP-058)", () => {
    const self = harness()
    const told = simple(self, " -- nothing")
    self.say(emptyQuery, ready())
    assert.deepStrictEqual(
      told.value?.map(({ columns, command, rows }) => [columns, rows, command.text]),
      [[[], [], ""]]
    )
  })

  it("counts rows without columns (FLW-006, TRP-044)", () => {
    const self = harness()
    const told = simple(self, "select from t")
    self.say(columns(), row(), row(), complete("SELECT 2"), ready())
    assert.deepStrictEqual(told.value?.[0]?.rows, [{}, {}])
    assert.strictEqual(told.value?.[0]?.command.rows, 2n)
  })

  it("has the formats of its description, binary too (FLW-011, TRP-063)", () => {
    const self = harness()
    const told = simple(self, "fetch c")
    self.say(columns(column("x", 23, 1), column("y", 23, 0)), row(7, "8"), complete("FETCH 1"), ready())
    assert.deepStrictEqual(told.value?.[0]?.rows, [{ x: 7, y: 8 }])
  })

  it("that fails later fails as a whole, without a Sync of ours (FLW-007, FLW-010)", async () => {
    const self = harness()
    const told = simple(self)
    await self.sent()
    self.say(columns(int4("x")), row("1"), complete("SELECT 1"), columns(int4("x")), row("2"), error("22012"))
    assert.deepStrictEqual([told.count, await self.sent()], [0, []])
    self.say(ready())
    assertSubset([told.count, told.failure], [1, { code: "22012", sql: "select 1; select 2" }])
    assert.deepStrictEqual([self.core.ended, self.core.session.owner], [undefined, undefined])
  })

  it("with a zero byte is refused here (MSG-008)", async () => {
    const self = harness()
    const told = simple(self, "select '\0'")
    assert.deepStrictEqual([told.count, told.failure?._tag, await self.sent()], [1, "PgUsageError", []])
  })
})

describe("one statement", () => {
  it("that is empty has no rows and no command (TRP-058)", () => {
    const self = harness()
    const told = self.query("")
    self.say(...described([], []), bound, emptyQuery, ready())
    assert.deepStrictEqual([told.failure, told.value?.rows, told.value?.command.text], [undefined, [], ""])
  })

  it("whose rows were followed by an error fails (FLW-007, FLW-019)", () => {
    const self = harness()
    const told = self.query("select 1/x as x from t")
    self.say(...described([]), bound, row(1), row(2), error("22012"), ready())
    assertSubset([told.count, told.failure], [1, { code: "22012" }])
  })

  it("whose caller is gone has its rows thrown away, and the next has its own (TRP-061)", () => {
    const self = harness()
    const gone = self.query("select 1")
    self.say(...described([]))
    gone.request.discarding = true
    const next = self.query("select 1")
    self.say(bound, row(1), complete("SELECT 1"), ready(), ...answered(2))
    assert.deepStrictEqual([gone.value?.rows, next.value?.rows], [[], [{ x: 2 }]])
  })
})

/** Everything that properties lead to. */
const reachable = (from: object): Set<object> => {
  const seen = new Set<object>([from])
  for (const item of seen)
    for (const value of Object.values(item)) if (typeof value === "object" && value !== null) seen.add(value)
  return seen
}

describe("a request that is over", () => {
  it("does not hold on to the rows it has given away", () => {
    const self = harness()
    let request: Request | undefined
    const told = self.submit<QueryResult>(
      (outcome) => (request = new QueryRequest(Statement.make("select x from t"), "object", outcome))
    )
    self.say(...described([]), ...answered(1, 2))
    assert.deepStrictEqual(told.value?.rows, [{ x: 1 }, { x: 2 }])
    assert.strictEqual(reachable(request!).has(told.value!.rows), false)
  })

  it("does not hold on to the results of a text", () => {
    const self = harness()
    let request: Request | undefined
    const told = self.submit<ReadonlyArray<QueryResult>>(
      (outcome) => (request = new SimpleRequest("select 1", "object", outcome))
    )
    self.say(columns(int4("x")), row("1"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(told.value?.[0]?.rows, [{ x: 1 }])
    const held = reachable(request!)
    assert.deepStrictEqual([held.has(told.value!), held.has(told.value![0]!.rows)], [false, false])
  })
})

describe("a COPY sent as a query", () => {
  it("of data from us is ended with CopyFail and one more Sync, and the connection goes on (FLW-069, TRP-069)", async () => {
    const self = harness()
    const told = self.query("copy t from stdin")
    const behind = self.query("select 1")
    self.say(...described([], []))
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush Bind Execute Sync"])
    // The server takes the Sync for part of the copy.
    self.say(bound, copyIn)
    assertSubset(await self.messages(), [{ _tag: "CopyFail" }, { _tag: "Sync" }])
    self.say(error("57014"))
    assert.deepStrictEqual(await self.sent(), [])
    self.say(ready())
    assert.deepStrictEqual([told.count, told.failure?._tag], [1, "PgUsageError"])
    assert.include(told.failure?.message, "use copyFrom")
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
    self.say(...described([]), ...answered(1))
    assert.deepStrictEqual([behind.value?.rows, self.core.ended], [[{ x: 1 }], undefined])
  })

  it("to the client discards the data and names the function to call instead", async () => {
    const self = harness()
    const told = self.query("copy t to stdout")
    self.say(
      ...described([], []),
      bound,
      copyOut,
      copyData("1\n"),
      copyData("2\n"),
      copyDone,
      complete("COPY 2"),
      ready()
    )
    assert.include(told.failure?.message, "use copyTo")
    assert.deepStrictEqual([self.core.ended, self.core.session.owner], [undefined, undefined])
  })

  it("in a text of several is ended with CopyFail alone", async () => {
    const self = harness()
    const told = simple(self, "copy t from stdin; select 1")
    await self.sent()
    self.say(copyIn)
    assert.deepStrictEqual(await self.sent(), ["CopyFail"])
    self.say(error("57014"), ready())
    assert.include(told.failure?.message, "use copyFrom")
    assert.isUndefined(self.core.ended)
  })

  it.each([
    "copy t from stdin",
    "  COPY t FROM STDIN",
    "-- note\ncopy t from stdin",
    "/* a * b */ copy t from stdin"
  ])("has nothing of others behind it on the wire: %j (FLW-052, TRP-070)", async (sql) => {
    const self = harness()
    await self.know("select 1")
    self.query(sql)
    self.query("select 1")
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
    self.say(...described([], []))
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })
})

describe("what may have been committed before the server refused", () => {
  const failed = async (self: Harness, sql: string, ...before: ReadonlyArray<BackendMessage>) => {
    const told = simple(self, sql)
    await self.sent()
    self.say(...before, error("40001"), ready())
    return told.failure
  }
  const after = async (status: "I" | "T", sql: string, ...before: ReadonlyArray<BackendMessage>) => {
    const self = harness()
    if (status === "T") {
      const begun = simple(self, "begin")
      await self.sent()
      self.say(complete("BEGIN"), ready("T"))
      assert.strictEqual(begun.count, 1)
    }
    const failure = await failed(self, sql, ...before)
    return [
      failure?._tag === "PgServerError" && failure.mayHaveCommitted === true,
      failure !== undefined && hasNotHappened(failure)
    ]
  }

  it("is a part of a CALL or DO outside a transaction block, and nothing inside one", async () => {
    for (const sql of [
      "call p()",
      "  -- c\n/* d */ DO $$ $$",
      "vacuum t",
      "analyze a, b",
      "create index concurrently i on t (a)"
    ]) {
      assert.deepStrictEqual([sql, await after("I", sql)], [sql, [true, false]])
      assert.deepStrictEqual([sql, await after("T", sql)], [sql, [false, true]])
    }
    for (const sql of ["insert into t select f()", "select 'call p()'", "caller", "create index i on t (a)"])
      assert.deepStrictEqual([sql, await after("I", sql)], [sql, [false, true]])
  })

  it("is every statement before in one text, unless a block around them is still open", async () => {
    assert.deepStrictEqual(await after("I", "select 1; select 2"), [false, true])
    assert.deepStrictEqual(await after("I", "insert; select 2", complete("INSERT 0 1")), [true, false])
    assert.deepStrictEqual(await after("T", "insert; select 2", complete("INSERT 0 1")), [false, true])
    assert.deepStrictEqual(await after("T", "commit; select 2", complete("COMMIT")), [true, false])
  })
})
