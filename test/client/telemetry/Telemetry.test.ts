import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Option from "effect/Option"
import * as CallSite from "../../../src/client/telemetry/CallSite.js"
import * as Conventions from "../../../src/client/telemetry/Conventions.js"
import { Telemetry } from "../../../src/client/telemetry/Telemetry.js"
import * as TraceComment from "../../../src/client/telemetry/TraceComment.js"
import { sql } from "../../../src/client/Sql.js"
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

describe("telemetry that nobody asks for", () => {
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
