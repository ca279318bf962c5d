import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import * as Sql from "../../../src/client/Sql.js"
import { QueryRequest } from "../../../src/connection/statement/Query.js"
import type { PipelineResult } from "../../../src/connection/statement/PipelineSteps.js"
import { PipelineRequest } from "../../../src/connection/statement/ExplicitPipeline.js"
import * as Statement from "../../../src/model/Statement.js"
import {
  answered,
  bound,
  closed,
  column,
  columns,
  complete,
  described,
  error,
  harness,
  int4,
  noData,
  parsed,
  ready,
  row,
  text
} from "../core.js"
import type { Harness } from "../core.js"

const sql = "select $1::int4 as x"
const use = "Bind Execute Sync"
const forgotten = error("26000")
const changed = error("0A000", { routine: "RevalidateCachedQuery" })

/** The names of the statements that are parsed, used and closed, in order. */
const names = async (self: Harness): Promise<ReadonlyArray<string>> =>
  (await self.messages()).flatMap((message) => {
    if (message._tag === "Parse") return [`parse ${message.statement}`]
    if (message._tag === "Bind") return [`bind ${message.statement}`]
    return message._tag === "Close" ? [`close ${message.name}`] : []
  })

describe("a statement the server has forgotten, or whose result has changed", () => {
  it.each([
    ["26000", forgotten],
    ["a changed result type", changed]
  ])(
    "is prepared anew and repeated once, outside a transaction: %s (FLW-020, FLW-027, TRP-051, TRP-052)",
    async (_name, failure) => {
      const self = harness()
      await self.know(sql, [23])
      const told = self.query(sql, [1])
      await self.sent()
      self.say(failure, ready())
      assert.deepStrictEqual(await names(self), ["close ep_1", "parse ep_2"])
      self.say(closed, ...described([23], [int4("x"), text("new")]))
      assert.deepStrictEqual(await names(self), ["bind ep_2"])
      self.say(bound, row(1, "n"), complete("SELECT 1"), ready())
      assert.deepStrictEqual(
        [told.count, told.failure, told.value?.rows],
        [1, undefined, [{ x: 1, new: "n" }]]
      )
      const again = self.query(sql, [2])
      assert.deepStrictEqual(await names(self), ["bind ep_2"])
      self.say(bound, row(2, null), complete("SELECT 1"), ready())
      assert.deepStrictEqual(again.value?.rows, [{ x: 2, new: null }])
    }
  )

  it("is repeated once only", async () => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(forgotten, ready())
    self.say(closed, ...described([23]), forgotten, ready())
    assertSubset([told.count, told.failure], [1, { code: "26000" }])
  })

  it.each(["T", "E"] as const)(
    "is not repeated inside a transaction, but forgotten: status %s (FLW-020, FLW-027)",
    async (status) => {
      const self = harness()
      await self.know(sql, [23])
      const told = self.query(sql, [1])
      self.say(forgotten, ready(status))
      assertSubset([told.count, told.failure], [1, { code: "26000" }])
      await self.sent()
      self.query(sql, [1])
      assert.deepStrictEqual(await self.sent(), ["Close Parse Describe Flush"])
    }
  )

  it.each([
    ["the same code from another place", error("0A000", { routine: "Other" })],
    ["another code", error("22012")]
  ])("is not taken for one that fails by %s", async (_name, failure) => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(failure, ready())
    assert.deepStrictEqual([told.count, told.failure?._tag], [1, "PgServerError"])
    await self.sent()
    self.query(sql, [1])
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })

  it("is not repeated once it has begun to run: its effects may be there", async () => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(bound, forgotten, ready())
    assertSubset([told.count, told.failure], [1, { code: "26000" }])
  })

  it("does not disturb those sent behind it", async () => {
    const self = harness()
    await self.know(sql, [23])
    const first = self.query(sql, [1])
    const second = self.query(sql, [2])
    await self.sent()
    self.say(forgotten, ready(), bound, row(2), complete("SELECT 1"), ready())
    assertSubset([first.failure, second.value?.rows], [{ code: "26000" }, [{ x: 2 }]])
  })
})

describe("a statement whose parameters are of other types than when it was described", () => {
  it("is described anew when a value does not fit what was known, before anything is refused", async () => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, [2n ** 40n])
    assert.deepStrictEqual(await names(self), ["parse ep_2"])
    self.say(...described([20]), ...answered(1))
    assert.deepStrictEqual([told.failure, told.value?.rows], [undefined, [{ x: 1 }]])
    self.query(sql, [2n ** 41n])
    assert.deepStrictEqual(await names(self), ["bind ep_2", "close ep_1", "bind ep_2"])
  })

  it("is described once: a value that fits no more than before is refused", async () => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, ["no number"])
    self.say(...described([23]), ready())
    assertSubset([told.count, told.failure], [1, { _tag: "PgCodecError", place: { number: 1 } }])
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush Sync"])
  })

  it("is not described where no statement is taken: in a failed transaction", async () => {
    const self = harness()
    await self.know(sql, [23])
    self.query(sql, [1])
    self.say(bound, error("22012"), ready("E"))
    await self.sent()
    const told = self.query(sql, ["no number"])
    assert.deepStrictEqual([told.failure?._tag, await self.sent()], ["PgCodecError", []])
  })

  it.each(["42804", "42883", "22P03", "08P01"])(
    "is described and sent once more when Bind is refused: %s",
    async (code) => {
      const self = harness()
      await self.know(sql, [23])
      const told = self.query(sql, [1])
      await self.sent()
      self.say(error(code), ready())
      assert.deepStrictEqual(await names(self), ["close ep_1", "parse ep_2"])
      self.say(closed, ...described([20]))
      assert.strictEqual(told.count, 0)
      self.say(...answered(1))
      assert.deepStrictEqual(told.value?.rows, [{ x: 1 }])
    }
  )

  it("is forgotten inside a transaction, which it has failed", async () => {
    const self = harness()
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(error("42804"), ready("E"))
    assertSubset(told.failure, { code: "42804" })
    await self.sent()
    self.query(sql, [1])
    assert.deepStrictEqual(await self.sent(), ["Close Parse Describe Flush"])
  })

  it("is not sent once more when its first description is refused, or what it has done", async () => {
    const self = harness()
    const first = self.query(sql, [1])
    self.say(...described([23]), error("42804"), ready())
    assertSubset(first.failure, { code: "42804" })
    const second = self.query(sql, [1])
    self.say(bound, error("42804"), ready())
    assertSubset(second.failure, { code: "42804" })
  })
})

describe("a statement that gives what another thing gives", () => {
  const first = "Parse Describe Flush"

  it("is described for each execution, and has no name on the server", async () => {
    const self = harness()
    for (const [sql, column] of [
      ["fetch 2 from c", int4("x")],
      ["fetch 2 from c", text("y")]
    ] as const) {
      const told = self.query(sql)
      assert.deepStrictEqual(await names(self), ["parse "])
      self.say(...described([], [column]), bound, row(column.name === "x" ? 1 : "a"))
      self.say(complete("FETCH 1"), ready())
      assert.deepStrictEqual([told.failure, told.value?.columns[0]?.name], [undefined, column.name])
      await self.sent()
    }
    assert.strictEqual(self.core.statements.size, 0)
  })

  it.each([
    ["select 1", use],
    [" -- why\n/* it */ (Select 1)", use],
    ["with x as (select 1) select * from x", use],
    ["insert into t values (1) returning a", use],
    ["begin", use],
    ["show search_path", use],
    ["execute p", first],
    ["/* select */ Fetch c", first],
    ["-- why\n call p()", first],
    ["executed", use]
  ])("is recognized by its command: %s", async (sql, messages) => {
    const self = harness()
    await self.know(sql)
    self.query(sql)
    assert.deepStrictEqual(await self.sent(), [messages])
  })
})

describe("statements that make room for others", () => {
  it("are closed with the next messages, and the answer is awaited (FLW-024)", async () => {
    // The cache remembers 32 at least.
    const self = harness({ statements: 32 })
    for (let index = 0; index < 33; index++) await self.know(`select ${index}`)
    self.query("select 32")
    self.query("select 31")
    assert.deepStrictEqual(await self.sent(), ["Close Bind Execute Sync Bind Execute Sync"])
    self.say(closed, ...answered(32), ...answered(31))
    assert.deepStrictEqual([self.core.ended, self.core.session.owner], [undefined, undefined])
  })

  it("are never closed under a name the server may have given to others", async () => {
    const self = harness()
    await self.know("select 1")
    await self.know("discard all", [], [])
    self.query("discard all")
    await self.sent()
    self.say(bound, complete("DISCARD ALL"), ready())
    self.query("select 1")
    assert.deepStrictEqual(await names(self), ["parse ep_3"])
  })
})

describe("named statements switched off", () => {
  it("describe the unnamed one, then send it in one burst with Bind (FLW-009, FLW-013)", async () => {
    const self = harness({ statements: 0 })
    self.query(sql, [1])
    assert.deepStrictEqual(await names(self), ["parse "])
    self.say(...described([23]), bound, row(1), complete("SELECT 1"), ready())
    await self.sent()
    const again = self.query(sql, [2])
    const other = self.query(sql, [3])
    assert.deepStrictEqual(await self.sent(), [
      "Parse Bind Describe Execute Sync Parse Bind Describe Execute Sync"
    ])
    const same = column("x", 23, 1)
    self.say(parsed, bound, columns(same), row(2), complete("SELECT 1"), ready())
    self.say(parsed, bound, columns(same), row(3), complete("SELECT 1"), ready())
    assert.deepStrictEqual([again.value?.rows, other.value?.rows], [[{ x: 2 }], [{ x: 3 }]])
  })

  it("read rows by what the portal is, whatever the text was described as before", async () => {
    const self = harness({ statements: 0 })
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    const now = [column("y", 25, 1), column("z", 23, 1)]
    self.say(parsed, bound, columns(...now), row("abcd", 5), complete("SELECT 1"), ready())
    assert.deepStrictEqual([told.failure, told.value?.rows], [undefined, [{ y: "abcd", z: 5 }]])
    assert.deepStrictEqual(
      told.value?.columns.map(({ name }) => name),
      ["y", "z"]
    )
    // It is what is known from now on, and is recognized by its bytes.
    for (const value of [6, 7, 8]) {
      const again = self.query(sql, [1])
      self.say(parsed, bound, columns(...now), row("efgh", value), complete("SELECT 1"), ready())
      assert.deepStrictEqual(again.value?.rows, [{ y: "efgh", z: value }])
    }
    const changed = self.query(sql, [1])
    self.say(parsed, bound, columns(int4("q")), row(null), complete("SELECT 1"), ready())
    assert.deepStrictEqual(changed.value?.rows, [{ q: null }])
  })

  it("ask for one format where all columns have it, so that another number of columns can come", async () => {
    const self = harness({ statements: 0 })
    await self.know(sql, [23], [int4("x"), text("y")])
    self.query(sql, [1])
    const bind = (await self.messages()).find(({ _tag }) => _tag === "Bind")
    assertSubset(bind, { resultFormats: [1] })
  })

  it("give no rows where they gave some", async () => {
    const self = harness({ statements: 0 })
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(parsed, bound, noData, complete("INSERT 0 1"), ready())
    assert.deepStrictEqual([told.failure, told.value?.rows, told.value?.columns], [undefined, [], []])
  })

  it("fail when rows come in a format that their new columns are not read in, and the next time do not", async () => {
    const self = harness({ statements: 0 })
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    self.say(parsed, bound, columns(column("y", 99_999, 1)), row("abcd"), complete("SELECT 1"), ready())
    assertSubset(told.failure, { _tag: "PgCodecError", direction: "decode", nothingSent: false })
    const next = self.query(sql, [1])
    self.say(parsed, bound, columns(column("y", 99_999, 0)), row("abcd"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(next.value?.rows, [{ y: "abcd" }])
  })
})

describe("a named statement whose portal is described at every execution", () => {
  // As behind a pooler that prepares it again on another server connection, after a change of its table.
  it("is read by what the portal is, in the same round trip", async () => {
    const self = harness({ describesPortals: true })
    await self.know(sql, [23])
    const same = self.query(sql, [1])
    assert.deepStrictEqual(await self.sent(), ["Bind Describe Execute Sync"])
    self.say(bound, columns(column("x", 23, 1)), row(2), complete("SELECT 1"), ready())
    assert.deepStrictEqual([same.failure, same.value?.rows], [undefined, [{ x: 2 }]])
    for (const now of [[column("y", 25, 1)], [column("y", 25, 1), column("z", 23, 1)]]) {
      const told = self.query(sql, [1])
      assert.deepStrictEqual(await self.sent(), ["Bind Describe Execute Sync"])
      const values = now.length === 1 ? ["abcd"] : ["abcd", 5]
      self.say(bound, columns(...now), row(...values), complete("SELECT 1"), ready())
      assert.deepStrictEqual(
        [told.failure, told.value?.rows],
        [undefined, [now.length === 1 ? { y: "abcd" } : { y: "abcd", z: 5 }]]
      )
    }
    assert.strictEqual(self.core.statements.size, 1)
  })

  it("is read so as a step of a pipeline too", async () => {
    const self = harness({ describesPortals: true })
    await self.know(sql, [23])
    const told = self.submit<PipelineResult>(
      (outcome) => new PipelineRequest([{ statement: Statement.make(sql, [1]) }], "object", outcome)
    )
    assert.deepStrictEqual(await self.sent(), ["Bind Describe Execute Sync"])
    self.say(bound, columns(column("y", 25, 1)), row("abcd"), complete("SELECT 1"), ready())
    assertSubset(told.value?.steps, [{ _tag: "Completed", result: { rows: [{ y: "abcd" }] } }])
  })

  it("is described once when it is prepared again", async () => {
    const self = harness({ describesPortals: true })
    await self.know(sql, [23])
    const told = self.query(sql, [1])
    await self.sent()
    self.say(error("26000"), ready())
    assert.deepStrictEqual(
      await self.sent(),
      ["Parse Describe Flush"].map((first) => `Close ${first}`)
    )
    self.say(closed, ...described([23], [text("y")]))
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(bound, row("abcd"), complete("SELECT 1"), ready())
    assert.deepStrictEqual([told.failure, told.value?.rows], [undefined, [{ y: "abcd" }]])
  })
})

describe("an unnamed statement whose value cannot be sent", () => {
  it("leaves no Parse behind the Closes that were due", async () => {
    const self = harness({ statements: 0 })
    self.query(sql, [1])
    self.say(...described([23]), bound, row(1), complete("SELECT 1"), ready())
    await self.sent()
    self.core.statements.drop(["ep_9"])
    const refused = self.query(sql, [1, 2])
    assert.deepStrictEqual(await self.sent(), ["Close Sync"])
    self.say(closed, ready())
    assert.deepStrictEqual(
      [refused.count, refused.failure?._tag, self.core.ended],
      [1, "PgUsageError", undefined]
    )
  })
})

describe("what cannot be sent", () => {
  const usage = (argument: string) => ({ _tag: "PgUsageError", operation: "query", argument })
  const refusals: ReadonlyArray<
    readonly [string, (self: Harness) => ReturnType<Harness["query"]>, object, string]
  > = [
    ["a zero byte in the SQL (MSG-008)", (self) => self.query("select '\0'"), usage("sql"), "zero byte"],
    ["a lone surrogate in the SQL", (self) => self.query("select '\ud800'"), usage("sql"), "surrogate"],
    [
      "a template with an escape that JavaScript cannot read",
      (self) =>
        self.submit(
          (outcome) => new QueryRequest(Sql.sql`delete from f where p like 'C:\users%'`, "object", outcome)
        ),
      { _tag: "PgUsageError", operation: "Sql.sql" },
      "has \\u at character 31"
    ],
    [
      "a statement whose SQL is no string",
      (self) =>
        self.submit(
          (outcome) =>
            new QueryRequest(
              JSON.parse('{"parameters":[],"types":[]}') as Statement.Statement,
              "object",
              outcome
            )
        ),
      usage("sql"),
      "must be a string"
    ],
    ["a parameter too many", (self) => self.query(sql, [1, 2]), usage("parameters"), "2"],
    ["a parameter too few", (self) => self.query(sql, []), usage("parameters"), "0"],
    [
      "65,536 parameters (TRP-034, MSG-002)",
      (self) => self.query(sql, Array<number>(65_536).fill(1)),
      usage("parameters"),
      "query: parameters must be at most 65535, got 65536"
    ],
    [
      "65,536 types",
      (self) => self.query(sql, [], Array<number>(65_536).fill(23)),
      usage("parameters"),
      "at most 65535"
    ]
  ]

  it.each(refusals)(
    "%s fails here, leaves nothing half written, and its neighbours run",
    async (_name, ask, expected, reason) => {
      const self = harness()
      await self.know(sql, [23])
      const before = self.query(sql, [1])
      const refused = ask(self)
      const behind = self.query(sql, [2])
      assertSubset([refused.count, refused.failure], [1, expected])
      assert.include(refused.failure?.message, reason)
      assert.strictEqual(refused.failure?.nothingSent, true)
      assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync Bind Execute Sync"])
      self.say(...answered(1), ...answered(2))
      assert.deepStrictEqual(
        [before.value?.rows, behind.value?.rows, self.core.ended],
        [[{ x: 1 }], [{ x: 2 }], undefined]
      )
    }
  )

  it("fails after the description too, and Sync closes what was begun", async () => {
    const self = harness()
    const refused = self.query("select $1::int4 as y", ["no number"])
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
    self.say(...described([23]))
    assert.deepStrictEqual([refused.count, await self.sent()], [0, ["Sync"]])
    self.say(ready())
    assert.deepStrictEqual([refused.count, refused.failure?._tag], [1, "PgCodecError"])
    assert.notInclude(refused.failure?.message, "no number")
    self.query("select $1::int4 as y", [1])
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
  })

  it("because the message would be too long is refused before any of it is written (TRP-036, MSG-004)", async () => {
    const self = harness()
    Object.assign(self.core, { writer: new ByteWriter(1 << 10, 1 << 14) })
    await self.know("select $1", [25])
    await self.know(sql, [23])
    const refused = self.query("select $1", ["a".repeat(1 << 14)])
    const behind = self.query(sql, [1])
    self.say(...described([25]))
    self.say(ready())
    assert.strictEqual(refused.failure?._tag, "PgCodecError")
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush Sync Close Bind Execute Sync"])
    self.say(closed, ...answered(1))
    assert.deepStrictEqual(behind.value?.rows, [{ x: 1 }])
  })

  it("but 65,535 and 40,000 parameters can (TRP-034, TRP-035, MSG-002)", async () => {
    for (const count of [65_535, 40_000]) {
      const self = harness()
      const told = self.query("select x", Array<number>(count).fill(1))
      self.say(...described(Array<number>(count).fill(23)), ...answered(7))
      const bind = (await self.messages()).find(({ _tag }) => _tag === "Bind")
      assert.strictEqual(bind?._tag === "Bind" && bind.parameters.length, count)
      assert.deepStrictEqual(told.value?.rows, [{ x: 7 }])
    }
  })
})
