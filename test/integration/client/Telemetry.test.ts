import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import * as Listen from "../../../src/client/listen/Listen.js"
import { eventually } from "../support/eventually.js"
import { configOf, s } from "../connection/sessions.js"
import * as Exporters from "../../support/exporters.js"
import { shared } from "../support/server.js"
import { watched } from "./watched.js"

/** As OpenTelemetry counts them. */
const client = 2
const ok = 1
const error = 2

describe("spans of a client", () => {
  it.live("name the statement, the server and the place of the template, and have no value", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.query(sql`select ${"secret"}::text as a, 'private' as b from pg_class limit 1`)
        const [span] = exporters.spans()
        assert.strictEqual(span!.name, "SELECT pg_class")
        assert.strictEqual(span!.kind, client)
        assert.strictEqual(span!.status.code, ok)
        const {
          "code.column.number": _,
          "code.file.path": file,
          "code.line.number": line,
          ...attributes
        } = span!.attributes
        const { port } = shared
        assert.deepStrictEqual(attributes, {
          "db.system.name": "postgresql",
          "db.namespace": "postgres",
          "db.query.summary": "SELECT pg_class",
          "db.query.text": "select $1::text as a, ? as b from pg_class limit ?",
          "server.address": attributes["server.address"],
          "server.port": port,
          "network.transport": "tcp",
          "network.peer.address": "127.0.0.1",
          "network.peer.port": port
        })
        assert.match(String(file), /Telemetry\.test\.ts$/)
        assert.isAbove(Number(line), 20)
        const all = JSON.stringify(exporters.spans().map(({ attributes, events }) => [attributes, events]))
        assert.notInclude(all, "secret")
        assert.notInclude(all, "private")
      })
    )
  )

  it.live("of a failed statement have its SQLSTATE", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        yield* Effect.flip(pg.query(s("select 1 / 0")))
        const [span] = exporters.spans()
        assert.strictEqual(span!.status.code, error)
        assert.strictEqual(span!.attributes["db.response.status_code"], "22012")
        assert.strictEqual(span!.attributes["error.type"], "22012")
      })
    )
  )

  it.live("are no condition for the place in the message of an error", () =>
    Effect.gen(function* () {
      const context = yield* Layer.build(
        PgClient.layer(configOf({ target: shared, config: { password: "secret" } }))
      )
      const pg = Context.get(context, PgClient.PgClient)
      const error = yield* Effect.flip(pg.query(sql`select 1 / ${0}::int4`))
      assert.match(error.message, /\nAT: .*Telemetry\.test\.ts:\d+:\d+\)?$/)
      const other = yield* Effect.flip(pg.query(s("select 1 / 0")))
      assert.notInclude(other.message, "AT:")
    }).pipe(Effect.scoped)
  )

  it.live("of a deadline have the tag of its error, and of an interruption none", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        yield* Effect.flip(pg.query(s("select pg_sleep(60)"), { timeout: "50 millis" }))
        assert.strictEqual(exporters.spans()[0]!.attributes["error.type"], "PgTimeoutError")
        exporters.reset()
        const fiber = yield* Effect.fork(pg.query(s("select pg_sleep(60)")))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(fiber)
        assert.isUndefined(exporters.spans()[0]!.attributes["error.type"])
      })
    )
  )

  it.live("of a transaction hold those of its statements, and of nested transactions", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.withTransaction(
          Effect.zipRight(pg.query(s("select 1")), pg.withTransaction(pg.values(s("select 2"))))
        )
        const spans = exporters.spans()
        assert.deepStrictEqual(
          spans.map(({ name }) => name),
          ["SELECT", "SELECT", "savepoint", "transaction"]
        )
        const [first, second, savepoint, transaction] = spans
        const parents = [first, second, savepoint, transaction].map((span) => span!.parentSpanContext?.spanId)
        const id = (span: typeof first): string => span!.spanContext().spanId
        assert.deepStrictEqual(parents, [id(transaction), id(savepoint), id(transaction), undefined])
        for (const span of spans) assert.strictEqual(span.attributes["server.port"], shared.port)
      })
    )
  )

  it.live("of a stream last as long as it, and of conventions in development count rows", () =>
    watched({ telemetry: { development: true } }, (pg, exporters) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(pg.stream(s("select generate_series(1, 5000)")))
        yield* Stream.runDrain(Stream.take(pg.stream(s("select generate_series(1, 5000)")), 2))
        yield* Effect.flip(Stream.runDrain(pg.stream(s("select 1 / (3 - i) from generate_series(1, 5) i"))))
        yield* pg.execute(s("select generate_series(1, 3)"))
        const rows = exporters.spans().map(({ attributes }) => attributes["db.response.returned_rows"])
        assert.strictEqual(rows.length, 4)
        assert.deepStrictEqual([rows[0], rows[3]], [5000, 3])
        assert.isAtLeast(Number(rows[1]), 2)
        assert.strictEqual(exporters.spans()[2]!.attributes["db.response.status_code"], "22012")
      })
    )
  )

  it.live("cover what is done on a connection that is taken: copies, pipelines, texts", () =>
    watched({}, (pg, exporters) =>
      Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* pg.connection
          yield* connection.simple("create temp table t (a text); select 1")
          yield* connection.copyFrom("copy t from stdin", Stream.make(new TextEncoder().encode("a\nb\n")))
          yield* Stream.runDrain(connection.copyTo("copy t to stdout"))
          yield* Stream.run(
            Stream.make(new TextEncoder().encode("c\n")),
            connection.copySink("copy t from stdin")
          )
          yield* connection.pipeline([s("select 1"), s("select 2 from t")])
          const spans = exporters.spans()
          assert.deepStrictEqual(
            spans.map(({ name }) => name),
            ["CREATE TABLE t SELECT", "COPY t", "COPY t", "COPY t", "SELECT SELECT t"]
          )
          assert.strictEqual(spans[1]!.attributes["db.operation.name"], "COPY")
          assert.strictEqual(spans[4]!.attributes["db.operation.batch.size"], 2)
          assert.strictEqual(spans[4]!.attributes["db.query.text"], "select ?; select ? from t")
          for (const span of spans) assert.strictEqual(span.attributes["network.peer.port"], shared.port)
        })
      )
    )
  )

  it.live("of a wait for a connection stand beside that of the statement", () =>
    watched({ max: 1 }, (pg, exporters) =>
      Effect.gen(function* () {
        const long = yield* Effect.fork(pg.query(s("select pg_sleep(0.1)")))
        yield* Effect.yieldNow()
        yield* pg.query(s("select 2 from pg_class limit 1"))
        yield* Fiber.join(long)
        const spans = exporters.spans()
        const wait = spans.find(({ name }) => name === "acquire connection")
        const statement = spans.find(({ name }) => name === "SELECT pg_class")
        assert.strictEqual(wait!.parentSpanContext?.spanId, statement!.spanContext().spanId)
        assert.include(String(wait!.attributes["db.client.connection.pool.name"]), "/postgres")
      })
    )
  )

  it.live("are named, enriched and left out by the option span", () =>
    watched(
      {
        telemetry: {
          queryText: "none",
          parameters: true,
          span: ({ operation, summary }) =>
            summary === "SELECT pg_type" ? false : { name: `${operation}!`, attributes: { tenant: 7 } }
        }
      },
      (pg, exporters) =>
        Effect.gen(function* () {
          yield* pg.query(sql`select ${5}::int4, ${"x".repeat(300)}::text`)
          yield* pg.query(s("select 1 from pg_type limit 1"))
          const spans = exporters.spans()
          assert.deepStrictEqual(
            spans.map(({ name }) => name),
            ["query!"]
          )
          const { attributes } = spans[0]!
          assert.strictEqual(attributes["tenant"], 7)
          assert.strictEqual(attributes["db.query.parameter.0"], "5")
          assert.strictEqual(attributes["db.query.parameter.1"], `${"x".repeat(256)}…`)
          assert.isUndefined(attributes["db.query.text"])
        })
    )
  )

  it.live("are there for sessions that are opened, and for notifications", () => {
    const exporters = Exporters.make()
    const config = configOf({ target: shared, config: { password: "secret" } })
    const layer = Layer.provideMerge(Listen.layer(), PgClient.layer(config))
    return Effect.gen(function* () {
      const events = yield* Listen.listen("telemetry")
      yield* Listen.notify("telemetry", "secret")
      yield* Stream.runDrain(Stream.take(events, 1))
      const named = (name: string) => exporters.spans().find((span) => span.name === name)
      assert.strictEqual(named("PgConnection.connect")?.attributes["server.port"], shared.port)
      yield* eventually(
        Effect.sync(() => named("receive telemetry")),
        (span) => span !== undefined
      )
      assert.strictEqual(named("receive telemetry")?.attributes["messaging.message.body.size"], 6)
      assert.strictEqual(named("receive telemetry")?.attributes["network.peer.port"], shared.port)
      assert.notInclude(JSON.stringify(exporters.spans().map(({ attributes }) => attributes)), '"secret"')
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(layer, exporters.layer)))
  })

  it.live("are not made with telemetry: false", () =>
    watched({ telemetry: false }, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.withTransaction(pg.query(s("select 1")))
        yield* Effect.scoped(Effect.flatMap(pg.connection, (connection) => connection.query(s("select 1"))))
        yield* Stream.runDrain(pg.stream(s("select 1")))
        const names = exporters.spans().map(({ name }) => name)
        assert.deepStrictEqual(
          names.filter((name) => name !== "PgConnection.connect"),
          []
        )
      })
    )
  )

  it.live("have the place of the call for other statements, when it is asked for", () =>
    watched({ telemetry: { captureStack: true } }, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.query(s("select 1"))
        assert.match(String(exporters.spans()[0]!.attributes["code.file.path"]), /Telemetry\.test\.ts$/)
      })
    )
  )

  it.live("are known to the server by a comment, when it is asked for, and nothing stays prepared", () =>
    watched({ max: 1, telemetry: { traceComment: true } }, (pg, exporters) =>
      Effect.gen(function* () {
        const [row] = yield* pg.query(s("select current_query() as text -- end"))
        const { spanId, traceId } = exporters.spans()[0]!.spanContext()
        assert.strictEqual(
          row!["text"],
          `select current_query() as text -- end\n/*traceparent='00-${traceId}-${spanId}-01'*/`
        )
        const [count] = yield* pg.values(s("select count(*)::int4 from pg_prepared_statements"))
        assert.deepStrictEqual(count, [0])
      })
    )
  )
})

describe("metrics of a client", () => {
  it.live("time operations by summary and error", () =>
    watched({ telemetry: {} }, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.query(s("select 'timed' from pg_am limit 1"))
        yield* Effect.flip(pg.query(s("select 1 / 0 from pg_am")))
        const points = yield* exporters.points("db.client.operation.duration")
        const mine = points.filter(({ attributes }) => attributes["db.query.summary"] === "SELECT pg_am")
        assert.deepStrictEqual(mine.map(({ attributes }) => attributes["error.type"]).sort(), [
          "22012",
          undefined
        ])
        assert.strictEqual(mine[0]!.unit, "s")
        assert.strictEqual(mine[0]!.attributes["db.system.name"], "postgresql")
        const { buckets } = mine[0]!.value as {
          readonly buckets: { readonly boundaries: ReadonlyArray<number> }
        }
        assert.deepStrictEqual(buckets.boundaries, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
      })
    )
  )

  it.live("of connections are written with conventions in development, under the name of the pool", () =>
    watched({ max: 3, metrics: "telemetry-test", telemetry: { development: true } }, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.query(s("select 1"))
        yield* Effect.sleep("1100 millis")
        const named = (name: string) =>
          Effect.map(exporters.points(name), (points) =>
            points.filter(
              ({ attributes }) => attributes["db.client.connection.pool.name"] === "telemetry-test"
            )
          )
        const counts = yield* named("db.client.connection.count")
        assert.deepStrictEqual(
          counts.map(({ attributes, value }) => [attributes["db.client.connection.state"], value]).sort(),
          [
            ["idle", 1],
            ["used", 0]
          ]
        )
        assert.deepStrictEqual((yield* named("db.client.connection.max"))[0]?.value, 3)
        for (const time of ["wait_time", "create_time", "use_time"])
          assert.strictEqual((yield* named(`db.client.connection.${time}`)).length, 1, time)
      })
    )
  )
})

describe("the log of a client", () => {
  it.live("has statements and waits that were too long", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return watched({ max: 1, telemetry: { slowStatement: "80 millis", slowAcquire: "50 millis" } }, (pg) =>
      Effect.gen(function* () {
        lines.length = 0
        const long = yield* Effect.fork(pg.query(s("select pg_sleep(0.1), 'private'")))
        yield* Effect.yieldNow()
        yield* pg.query(s("select 2"))
        yield* Fiber.join(long)
        assert.strictEqual(lines.filter((line) => /waited \d+ms for a connection/.test(line)).length, 1)
        const slow = lines.filter((line) => line.includes("select pg_sleep(?), ?"))
        assert.match(slow[0] ?? "", /^a statement took \d+ms and returned 1 rows/)
        assert.notInclude(lines.join("\n"), "private")
      })
    ).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
  })
})
