import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Option from "effect/Option"
import { TracedBatch } from "../../../src/client/telemetry/TracedBatch.js"
import * as CallSite from "../../../src/client/telemetry/CallSite.js"
import * as Conventions from "../../../src/client/telemetry/Conventions.js"
import { Telemetry } from "../../../src/client/telemetry/Telemetry.js"
import * as TraceComment from "../../../src/client/telemetry/TraceComment.js"
import * as Watched from "../../../src/client/telemetry/TracedOperation.js"
import { sql } from "../../../src/client/Sql.js"
import * as QuerySummary from "../../../src/model/QuerySummary.js"
import * as Statement from "../../../src/model/Statement.js"

const entry = (host: string, port = 5432) => ({ host, port }) as const

describe("the server and the database of a configuration", () => {
  it("are named when there is one host", () => {
    assert.deepStrictEqual(
      Conventions.targetOf({ hosts: [entry("db", 5433)], database: "shop", user: "ada" }),
      {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "server.address": "db",
        "server.port": 5433
      }
    )
  })

  it("leave the host open when there are several, and take the user for the database", () => {
    assert.deepStrictEqual(Conventions.targetOf({ hosts: [entry("a"), entry("b")], user: "ada" }), {
      "db.system.name": "postgresql",
      "db.namespace": "ada"
    })
  })
})

describe("the place of a statement", () => {
  it("is found once for each template, and comes along in fragments", () => {
    const made = [1, 2].map((n) => sql`select ${n}`)
    assert.match(made[0]!.place ?? "", /Telemetry\.test\.ts:\d+:\d+/)
    assert.strictEqual(made[0]!.place, made[1]!.place)
    const whole = sql`select * from (${made[0]!}) t`
    assert.match(whole.place ?? "", /Telemetry\.test\.ts:\d+:\d+/)
    assert.notStrictEqual(whole.place, made[0]!.place)
  })

  it("is file, line and function for OpenTelemetry", () => {
    assert.deepStrictEqual(CallSite.attributesOf("serve (file:///app/main.js:12:5)"), {
      "code.file.path": "/app/main.js",
      "code.line.number": 12,
      "code.column.number": 5,
      "code.function.name": "serve"
    })
    assert.deepStrictEqual(CallSite.attributesOf("/app/main.js:12:5"), {
      "code.file.path": "/app/main.js",
      "code.line.number": 12,
      "code.column.number": 5
    })
    assert.notProperty(CallSite.attributesOf("Generator.next (/app/main.js:1:2)"), "code.function.name")
    assert.deepStrictEqual(CallSite.attributesOf("<anonymous>"), {})
  })
})

describe("the table of a copy", () => {
  it("is known from its statement, without quotes, and not of a query", () => {
    const table = (sql: string) => Watched.copiedTable(QuerySummary.of(sql))
    assert.strictEqual(table("copy people (id) from stdin"), "people")
    assert.strictEqual(table('copy shop . "My ""Table" to stdout'), 'shop.My "Table')
    assert.isUndefined(table("copy (select * from a join b on true) to stdout"))
    assert.isUndefined(table("copy (select 1) to stdout"))
    assert.isUndefined(table("copy (table people) to stdout"))
  })
})

describe("the sets of a batch", () => {
  const made: Array<number> = []
  const statementOf = (set: number) => {
    made.push(set)
    return Statement.make(`insert ${set}`)
  }

  it("give each statement once and in order, the first one beforehand, and are counted", () => {
    made.length = 0
    const sets = new TracedBatch([1, 2, 3], statementOf)
    assert.strictEqual(sets.statement?.sql, "insert 1")
    const texts = Array.from(sets, (set) => sets.statementFor(set).sql)
    assert.deepStrictEqual(texts, ["insert 1", "insert 2", "insert 3"])
    assert.deepStrictEqual([made, sets.taken], [[1, 2, 3], 3])
  })

  it("close their source where they are left, and where they were never begun", () => {
    const closed: Array<string> = []
    const source = function* (name: string) {
      try {
        yield* [1, 2, 3]
      } finally {
        closed.push(name)
      }
    }
    for (const _ of new TracedBatch(source("left"), statementOf)) break
    new TracedBatch(source("never begun"), statementOf).close()
    assert.throws(() => new TracedBatch(source("refused"), () => assert.fail("no statement")))
    Array.from(new TracedBatch(source("ended"), statementOf))
    assert.deepStrictEqual(closed, ["left", "never begun", "refused", "ended"])
  })

  it("fail as their source does, and do not close it then", () => {
    let closings = 0
    const broken: Iterator<number> = {
      next: () => {
        throw new Error("broken")
      },
      return: () => {
        closings++
        return { done: true, value: undefined }
      }
    }
    assert.throws(() => new TracedBatch({ [Symbol.iterator]: () => broken }, statementOf), /broken/)
    assert.strictEqual(closings, 0)
  })
})

describe("the context of a trace as a comment", () => {
  const spanOf = (sampled: boolean, traceId = "0af7651916cd43dd8448eb211c80319c") =>
    Tracer.externalSpan({ traceId, spanId: "b7ad6b7169203331", sampled })

  it("is added to the text of a sampled span, which is sent once", () => {
    const sent = TraceComment.added(Statement.make("select 1 -- one", [1], [23]), spanOf(true))
    assert.strictEqual(
      sent.sql,
      "select 1 -- one\n/*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/"
    )
    assert.deepStrictEqual([sent.parameters, sent.types, sent.isOnce], [[1], [23], true])
  })

  it("is left out for others, and for an id that is no hexadecimal number", () => {
    const statement = Statement.make("select 1")
    for (const span of [undefined, spanOf(false), spanOf(true, "*/ drop table t; --")])
      assert.strictEqual(TraceComment.added(statement, span), statement)
  })
})

describe("telemetry without a tracer", () => {
  it.effect("runs the operation without a span", () =>
    Effect.gen(function* () {
      const silent = Telemetry.make({ telemetry: false })
      const quiet = Telemetry.make({})
      const inside = () => Effect.option(Effect.currentSpan)
      for (const telemetry of [silent, quiet]) {
        const span = yield* telemetry.statement(inside, "query", Statement.make("x"), () => 1)
        assert.isTrue(Option.isNone(span))
      }
    })
  )

  it("does not look at the text", () => {
    const statement = {
      parameters: [],
      types: [],
      get sql(): string {
        throw new Error("looked at")
      }
    }
    Effect.runSync(
      Telemetry.make({}).statement(
        () => Effect.void,
        "query",
        statement,
        () => 1
      )
    )
  })
})
