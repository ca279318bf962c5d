import { assert, describe, it } from "@effect/vitest"
import { assertSubset } from "../../support/subset.js"
import type { PipelineResult } from "../../../src/connection/statement/PipelineSteps.js"
import { PipelineRequest } from "../../../src/connection/statement/ExplicitPipeline.js"
import { hasNotHappened } from "../../../src/model/Judgement.js"
import * as Statement from "../../../src/model/Statement.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import {
  answered,
  bound,
  closed,
  column,
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
  parsed,
  ready,
  row
} from "../core.js"
import type { Harness } from "../core.js"

const statements = [
  Statement.make("select 1 as x"),
  Statement.make("insert into t values ($1)", [5]),
  Statement.make("select 2 as y")
]

/** The server's answers to the three statements when nothing fails. */
const descriptions: ReadonlyArray<Message> = [
  ...described([]),
  ...described([23], []),
  ...described([], [int4("y")])
]

const send = (self: Harness, list: ReadonlyArray<Statement.Statement> = statements) =>
  self.submit<PipelineResult>(
    (outcome) =>
      new PipelineRequest(
        list.map((statement) => ({ statement })),
        "object",
        outcome
      )
  )

const outcomes = (result: PipelineResult | undefined): ReadonlyArray<unknown> =>
  (result?.steps ?? []).map((step) =>
    step._tag === "Completed"
      ? [step.result.command.text, step.result.rows]
      : step._tag === "Failed"
        ? step.error.code
        : `aborted by ${step.by}`
  )

/** A connection with the three statements described and running. */
const running = async () => {
  const self = harness()
  const told = send(self)
  await self.sent()
  self.say(...descriptions)
  await self.sent()
  return { self, told }
}

describe("several statements with one Sync", () => {
  it("are described together, then run together, and each has its own result (FLW-046, FLW-055)", async () => {
    const self = harness()
    const told = send(self)
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Parse Describe Parse Describe Flush"])
    self.say(...descriptions)
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Bind Execute Bind Execute Sync"])
    self.say(
      bound,
      row(1),
      complete("SELECT 1"),
      bound,
      complete("INSERT 0 1"),
      bound,
      row(2),
      complete("SELECT 1")
    )
    assert.strictEqual(told.count, 0)
    self.say(ready())
    assert.deepStrictEqual([told.count, told.failure, told.value?.error], [1, undefined, undefined])
    assert.deepStrictEqual(outcomes(told.value), [
      ["SELECT 1", [{ x: 1 }]],
      ["INSERT 0 1", []],
      ["SELECT 1", [{ y: 2 }]]
    ])
    assert.deepStrictEqual(
      told.value?.steps.map((step) => (step._tag === "Completed" ? step.result.columns.length : -1)),
      [1, 0, 1]
    )
  })

  it("need no description when they are known, and one for equal ones", async () => {
    const self = harness()
    await self.know("select 1 as x")
    const told = send(self, [statements[0]!, statements[2]!, statements[2]!, statements[0]!])
    assert.deepStrictEqual(await self.sent(), ["Parse Describe Flush"])
    self.say(...described([], [int4("y")]))
    self.say(
      ...[1, 2, 3, 4].flatMap((value): ReadonlyArray<Message> => [bound, row(value), complete("SELECT 1")]),
      ready()
    )
    assert.deepStrictEqual(outcomes(told.value), [
      ["SELECT 1", [{ x: 1 }]],
      ["SELECT 1", [{ y: 2 }]],
      ["SELECT 1", [{ y: 3 }]],
      ["SELECT 1", [{ x: 4 }]]
    ])
  })

  it("have the connection for themselves (FLW-100)", async () => {
    const self = harness()
    await self.know("select 0")
    self.query("select 0")
    send(self, [Statement.make("select 0")])
    const behind = self.query("select 0")
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(1))
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(2))
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(3))
    assert.deepStrictEqual(behind.value?.rows, [{ x: 3 }])
  })

  it("of which one fails: statements behind it did not run, and each reports that (FLW-039, FLW-055)", async () => {
    const { self, told } = await running()
    self.say(bound, row(1), complete("SELECT 1"), bound, error("23505"), ready())
    assert.deepStrictEqual(outcomes(told.value), [["SELECT 1", [{ x: 1 }]], "23505", "aborted by 1"])
    assertSubset(told.value?.error, { code: "23505", sql: "insert into t values ($1)" })
    assert.deepStrictEqual([told.count, self.core.ended, await self.sent()], [1, undefined, []])
  })

  it("of which one fails may have been committed in part, where a step commits", async () => {
    const failed = async (text: string, status: "I" | "T") => {
      const self = harness()
      if (status === "T") {
        self.query("begin")
        self.say(...described([], []), bound, complete("BEGIN"), ready("T"))
      }
      const told = send(self, [Statement.make(text), Statement.make("select 1")])
      await self.sent()
      self.say(...described([], []), ...described([], []))
      await self.sent()
      self.say(bound, complete("DONE"), bound, error("40001"), ready(status === "T" ? "E" : "I"))
      return [told.value?.error?.mayHaveCommitted === true, hasNotHappened(told.value!.error!)]
    }
    for (const text of ["commit", "end", "do", "vacuum t"])
      assert.deepStrictEqual([text, await failed(text, "I")], [text, [true, false]])
    assert.deepStrictEqual(await failed("insert", "I"), [false, true])
    assert.deepStrictEqual(await failed("vacuum t", "T"), [false, true])
  })

  it("of which one cannot be described: the missing Sync is sent, and none was run", async () => {
    const self = harness()
    const told = send(self)
    await self.sent()
    self.say(...described([]), error("42P01"))
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual(outcomes(told.value), ["aborted by 1", "42P01", "aborted by 1"])
    // The server may have parsed what was not described: those names are closed before anything else is asked.
    self.query("select 1 as x")
    assert.deepStrictEqual(await self.sent(), ["Close Close Bind Execute Sync"])
  })

  it("that fail at Sync return an error which belongs to none of the statements (FLW-041)", async () => {
    const { self, told } = await running()
    self.say(
      bound,
      complete("SELECT 0"),
      bound,
      complete("INSERT 0 1"),
      bound,
      complete("SELECT 0"),
      error("23503"),
      ready()
    )
    assertSubset(told.value?.error, { code: "23503", sql: "" })
    assert.deepStrictEqual([self.core.session.owner, self.core.ended], [undefined, undefined])
  })

  it("of which one has a value that cannot be sent are not run at all", async () => {
    const self = harness()
    const told = send(self, [
      statements[0]!,
      Statement.make("insert into t values ($1)", ["none"]),
      statements[2]!
    ])
    await self.sent()
    self.say(...descriptions)
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual([told.count, told.failure?._tag, self.core.ended], [1, "PgCodecError", undefined])
    const next = self.query("select 1 as x")
    assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    self.say(...answered(9))
    assert.deepStrictEqual(next.value?.rows, [{ x: 9 }])
  })

  it("of which one cannot even be parsed send nothing (MSG-008)", async () => {
    const self = harness()
    const told = send(self, [statements[0]!, Statement.make("select '\0'")])
    assert.deepStrictEqual([told.count, told.failure?._tag, await self.sent()], [1, "PgUsageError", []])
  })

  it("whose rows cannot be read fail as a whole, and the connection goes on", async () => {
    const self = harness()
    const told = send(self, [Statement.make("select x")])
    self.say(parsed, { _tag: "ParameterDescription", parameterTypes: [] })
    self.say(
      { _tag: "RowDescription", columns: [column("x", 23)] },
      bound,
      row("no int4"),
      complete("SELECT 1"),
      ready()
    )
    assert.deepStrictEqual([told.failure?._tag, self.core.ended], ["PgCodecError", undefined])
  })

  it("forgotten by the server are described anew and sent once more, and not a third time (TRP-052)", async () => {
    const self = harness()
    await self.know("select 1 as x")
    const told = send(self, [statements[0]!, statements[1]!])
    await self.sent()
    self.say(...described([23], []))
    await self.sent()
    self.say(error("26000"), ready())
    assert.deepStrictEqual(
      [told.count, await self.sent()],
      [0, ["Close Close Parse Describe Parse Describe Flush"]]
    )
    self.say(closed, closed, ...described([]), ...described([23], []), error("26000"), ready())
    assert.deepStrictEqual(outcomes(told.value), ["26000", "aborted by 0"])
    assert.deepStrictEqual([told.count, self.core.ended], [1, undefined])
  })

  it("outdated inside a transaction are not repeated (FLW-027)", async () => {
    const self = harness()
    await self.know("select 1 as x")
    const told = send(self, [statements[0]!])
    await self.sent()
    self.say(error("26000"), ready("E"))
    assert.deepStrictEqual([outcomes(told.value), await self.sent()], [["26000"], []])
  })

  it("outdated are not repeated behind a step that has ended a transaction", async () => {
    const self = harness()
    await self.know("commit", [], [])
    await self.know("select 1 as x")
    const told = send(self, [Statement.make("commit"), statements[0]!])
    await self.sent()
    self.say(bound, complete("COMMIT"), error("26000"), ready())
    assert.deepStrictEqual([outcomes(told.value), await self.sent()], [[["COMMIT", []], "26000"], []])
  })

  it("may be empty ones, or none", async () => {
    const self = harness()
    const told = send(self, [Statement.make("")])
    self.say(...described([], []), bound, emptyQuery, ready())
    assert.deepStrictEqual(outcomes(told.value), [["", []]])
    await self.sent()
    const none = send(self, [])
    assert.deepStrictEqual(await self.sent(), ["Sync"])
    self.say(ready())
    assert.deepStrictEqual(none.value, { steps: [], error: undefined, errors: [undefined] })
  })

  it("of which one is a COPY are refused or ended, and no caller hangs", async () => {
    const self = harness()
    const told = send(self, [statements[0]!, Statement.make("copy t from stdin")])
    assert.deepStrictEqual([told.count, told.failure?._tag, await self.sent()], [1, "PgUsageError", []])
  })

  it("of which one turns out to be a COPY on the server fail with the method to call, and the connection goes on", async () => {
    const cases: ReadonlyArray<readonly [string, ReadonlyArray<Message>, ReadonlyArray<string>, string]> = [
      ["copy t to stdout", [copyOut, copyData("1\n"), copyDone, complete("COPY 1")], [], "copyTo"],
      ["copy t from stdin", [copyIn], ["CopyFail Sync"], "copyFrom"]
    ]
    for (const [text, messages, answers, call] of cases) {
      const self = harness()
      // The comment hides from a look at the text that it takes data.
      const told = send(self, [statements[0]!, Statement.make(text.replace("stdin", "/* a */ stdin"))])
      await self.sent()
      self.say(...described([]), ...described([], []))
      await self.sent()
      self.say(bound, row(1), complete("SELECT 1"), bound, ...messages)
      assert.deepStrictEqual(await self.sent(), answers)
      self.say(...(answers.length > 0 ? [error("57014")] : []), ready())
      assert.strictEqual(told.count, 1)
      assertSubset(told.failure, { _tag: "PgUsageError", sent: true })
      assert.include(told.failure?.message, call)
      assert.isUndefined(self.core.ended)
      self.query(statements[0]!.sql)
      assert.deepStrictEqual(await self.sent(), ["Bind Execute Sync"])
    }
  })
})
