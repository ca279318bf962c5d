/** Results described together with their rows, whose types have changed since the statement was described before. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { StreamBuffer } from "../../../src/connection/session/Buffer.js"
import * as Cancel from "../../../src/connection/session/Cancel.js"
import type { BatchResult } from "../../../src/connection/statement/BatchRequest.js"
import { BatchRequest } from "../../../src/connection/statement/BatchRequest.js"
import { RowsRequest } from "../../../src/connection/statement/Query.js"
import { StreamRequest } from "../../../src/connection/statement/RowStream.js"
import type { Column } from "../../../src/model/Column.js"
import * as Statement from "../../../src/model/Statement.js"
import type { BackendMessage as Message } from "../../../src/wire/BackendMessage.js"
import { assertSubset } from "../../support/subset.js"
import {
  bound,
  column,
  columns,
  complete,
  described,
  error,
  type Harness,
  harness,
  int4,
  parsed,
  ready,
  row,
  tick
} from "../core.js"

const sql = "select a from z"
const mood = 70_000
const pair = 70_100
const use = "Parse Bind Describe Execute Sync"
const question = "Parse Bind Execute Sync"
const now = column("a", mood, 1)

const typeOf = (oid: number, name: string, kind: string, ...rest: ReadonlyArray<string | null>): Message =>
  row(`${oid}`, "0", "public", name, ",", kind, null, null, ...rest)
const enumeration = typeOf(mood, "mood", "e", "{sad,glad}", null, null, null, "{1}")
const composite = (...names: ReadonlyArray<string>): Message =>
  typeOf(pair, "pair", "c", "{}", `{${names.join(",")}}`, "{23,23}", "{1,1}", "{1}")

const answered = (...rows: ReadonlyArray<Message>): ReadonlyArray<Message> => [
  parsed,
  bound,
  ...rows,
  complete(`SELECT ${rows.length}`),
  ready()
]
/** The server's messages for a statement whose result has the column now. */
const ran = (one: Column, ...values: ReadonlyArray<string>): ReadonlyArray<Message> => [
  parsed,
  bound,
  columns(one),
  ...values.map((value) => row(value)),
  complete(`SELECT ${values.length}`)
]

/** A session without named statements that finds types, and knows the text as one of a number. */
const knowing = async (options: Parameters<typeof harness>[0] = {}): Promise<Harness> => {
  const pg = harness({ statements: 0, ...options })
  await pg.know(sql, [], [int4("a")])
  pg.core.findsTypes = true
  return pg
}

describe("rows whose columns differ in one thing from what was described", () => {
  const was = column("a", 23, 1)
  it.each<readonly [string, Column, object]>([
    ["the name", { ...was, name: "b" }, { name: "b" }],
    ["the type", { ...was, typeOid: 25 }, { typeOid: 25 }],
    ["the modifier", { ...was, typeModifier: 8 }, { typeModifier: 8 }],
    ["the table", { ...was, tableOid: 7 }, { tableOid: 7 }],
    ["the column of the table", { ...was, columnNumber: 2 }, { columnNumber: 2 }]
  ])("are read and reported as they are now: %s", async (_name, is, part) => {
    const pg = await knowing()
    const told = pg.query(sql)
    pg.say(...ran(is, "\0\0\0\x01"), ready())
    assertSubset(told.value?.columns[0], part)
    assert.deepStrictEqual(told.value?.rows, [{ [is.name]: is.typeOid === 25 ? "\0\0\0\x01" : 1 }])
  })
})

describe("rows of a type that has to be asked for first", () => {
  it("wait for the catalogue, and are read then: the statement runs once", async () => {
    const pg = await knowing()
    const told = pg.query(sql)
    assert.deepStrictEqual(await pg.sent(), [use])
    pg.say(...ran(now, "sad", "glad"), ready())
    assert.deepStrictEqual([await pg.sent(), told.count], [[question], 0])
    pg.say(...answered(enumeration))
    assert.deepStrictEqual([told.count, told.failure], [1, undefined])
    assert.deepStrictEqual(told.value?.rows, [{ a: "sad" }, { a: "glad" }])
    assert.deepStrictEqual(
      told.value?.columns.map(({ typeOid }) => typeOid),
      [mood]
    )
    // It is what is known from now on.
    const next = pg.query(sql)
    assert.deepStrictEqual(await pg.sent(), [use])
    pg.say(...ran(now, "sad"), ready())
    assert.deepStrictEqual(next.value?.rows, [{ a: "sad" }])
  })

  it("wait behind what was sent behind them, and in front of what was not", async () => {
    const pg = await knowing({ pipelineDepth: 2 })
    const arrays: Array<unknown> = []
    pg.submit(
      (outcome) =>
        new RowsRequest(Statement.make(sql), "array", "values", (failure, rows) => {
          arrays.push(failure, rows)
          outcome(failure, rows)
        })
    )
    const behind = pg.query(sql)
    const waiting = pg.query("select 1")
    assert.deepStrictEqual(await pg.sent(), [`${use} ${use}`])
    pg.say(...ran(now, "sad"), ready(), ...ran(int4("a")), ready())
    assert.deepStrictEqual([behind.count, arrays], [1, []])
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...answered(enumeration))
    assert.deepStrictEqual(arrays, [undefined, [["sad"]]])
    assert.deepStrictEqual(await pg.sent(), ["Parse Describe Flush"])
    pg.say(...described([], [int4("x")]), bound, row(1), complete("SELECT 1"), ready())
    assert.deepStrictEqual(waiting.value?.rows, [{ x: 1 }])
  })

  it("have composites asked for again, which may have been altered together with the table", async () => {
    const pg = await knowing()
    pg.query("select p")
    pg.say(...described([], [column("p", pair)]), ready())
    await pg.sent()
    pg.say(...answered(composite("x", "y")))
    await pg.sent()
    const both = "\0\0\0\x02\0\0\0\x17\0\0\0\x04\0\0\0\x01\0\0\0\x17\0\0\0\x04\0\0\0\x02"
    pg.say(...ran(column("p", pair, 1), both), ready())
    const told = pg.query(sql)
    await pg.sent()
    pg.say(...ran(column("a", pair, 1), both), ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...answered(composite("y", "x")))
    assert.deepStrictEqual(told.value?.rows, [{ a: { y: 1, x: 2 } }])
  })

  it.each([
    ["is refused", [error("42501"), ready()]],
    ["does not have it", answered()]
  ])("fail as run, when the catalogue %s", async (_name, answer) => {
    const pg = await knowing()
    const told = pg.query(sql)
    pg.say(...ran(now, "sad"), ready())
    pg.say(...answer)
    assert.strictEqual(told.count, 1)
    assertSubset(told.failure, { _tag: "PgCodecError", direction: "decode", nothingSent: false })
    assert.match(told.failure?.message ?? "", /the statement has run, and its result is not what it was/)
  })

  it("are thrown away when their fiber is interrupted, and the question with them", async () => {
    const pg = await knowing({ cancelKey: new Uint8Array(4), sendCancel: () => Effect.void })
    const told = pg.query(sql)
    await pg.sent()
    pg.say(...ran(now, "sad"), ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    const fiber = Effect.runFork(Cancel.abandon(pg.core, told.request))
    await tick()
    pg.say(error("57014"), ready())
    await Effect.runPromise(Fiber.join(fiber))
    assert.deepStrictEqual([told.request.state, told.count, pg.core.waiting], ["settled", 0, 0])
    const next = pg.query(sql)
    pg.say(ready())
    pg.say(...answered(enumeration))
    pg.say(...ran(now, "sad"), ready())
    assert.deepStrictEqual(next.value?.rows, [{ a: "sad" }])
  })

  it("of a batch wait for the catalogue too", async () => {
    const pg = await knowing()
    const set = Statement.make(sql)
    const told = pg.submit<BatchResult>(
      (outcome) => new BatchRequest(set, [set][Symbol.iterator](), "object", outcome)
    )
    await pg.sent()
    pg.say(...ran(now, "sad"), bound, row("glad"), complete("SELECT 1"), ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...answered(enumeration))
    assert.deepStrictEqual([told.count, told.failure], [1, undefined])
    assertSubset(told.value, { sets: 2, affected: 2n, rows: [{ a: "sad" }, { a: "glad" }] })
  })
})

describe("a stream without named statements", () => {
  it("is described before it runs, every time: its rows cannot wait", async () => {
    const pg = await knowing()
    const buffer = new StreamBuffer<object>(pg.core)
    pg.submit(() => new StreamRequest(Statement.make(sql), "object", buffer as never))
    assert.deepStrictEqual(await pg.sent(), ["Parse Describe Flush"])
    pg.say(...described([], [column("a", mood)]))
    assert.deepStrictEqual(await pg.sent(), ["Sync"])
    pg.say(ready())
    assert.deepStrictEqual(await pg.sent(), [question])
    pg.say(...answered(enumeration))
    assert.deepStrictEqual(await pg.sent(), ["Parse Describe Flush"])
    pg.say(...described([], [column("a", mood)]))
    assert.deepStrictEqual(await pg.sent(), ["Bind Execute Sync"])
  })
})
