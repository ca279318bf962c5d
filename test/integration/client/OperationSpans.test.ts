/** Spans of the operations that are more than one statement: batches, copies, cursors, large objects, transactions. */
import { assert, describe, it } from "@effect/vitest"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/client/Copy.js"
import * as Cursor from "../../../src/client/Cursor.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql } from "../../../src/client/Sql.js"
import * as LargeObject from "../../../src/connection/largeobject/LargeObject.js"
import * as PgSchema from "../../../src/schema/PgSchema.js"
import { s } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { watched } from "./watched.js"

const names = (spans: ReadonlyArray<ReadableSpan>) => spans.map(({ name }) => name)

/** The attributes of this name, of each span. */
const all = (spans: ReadonlyArray<ReadableSpan>, attribute: string) =>
  spans.map(({ attributes }) => attributes[attribute])

const development = { telemetry: { development: true, parameters: true } } as const
/** A table for the scope. */
const spanRows = (name: string) =>
  Effect.acquireRelease(rawRows(shared, `create table ${name} (id int4 primary key, name text)`), () =>
    Effect.ignore(rawRows(shared, `drop table ${name}`))
  )

describe("the span of a batch", () => {
  it.scopedLive("has its statement, the number of its sets and of its rows, and no value", () =>
    watched(development, (pg, exporters) =>
      Effect.gen(function* () {
        yield* spanRows("span_rows_1")
        exporters.reset()
        const statement = (id: number) =>
          sql`insert into span_rows_1 values (${id}, ${`secret ${id}`}) returning id, 'private'`
        yield* pg.batch([1, 2, 3], statement)
        yield* Effect.scoped(
          Effect.flatMap(pg.connection, (connection) => connection.batch([4, 5], statement))
        )
        yield* pg.batch([6], statement)
        yield* pg.batch([], statement)
        const spans = exporters
          .spans()
          .filter(({ name }) => !/^(?:acquire connection|PgConnection.connect)$/.test(name))
        assert.deepStrictEqual(names(spans), Array(3).fill("INSERT span_rows_1"))
        assert.deepStrictEqual(all(spans, "db.operation.batch.size"), [3, 2, undefined])
        assert.deepStrictEqual(all(spans, "db.response.returned_rows"), [3, 2, 1])
        const text = "insert into span_rows_1 values ($1, $2) returning id, ?"
        assert.deepStrictEqual(all(spans, "db.query.text"), Array(3).fill(text))
        assert.deepStrictEqual(all(spans, "server.port"), Array(3).fill(shared.port))
        assert.deepStrictEqual(all(spans, "network.peer.port"), Array(3).fill(shared.port))
        assert.match(String(spans[0]!.attributes["code.file.path"]), /OperationSpans\.test\.ts$/)
        assert.notMatch(JSON.stringify(spans.map(({ attributes }) => attributes)), /secret|private/)
      })
    )
  )

  it.scopedLive(
    "has the SQLSTATE of a set that the server refuses, and of a batch in a transaction its parent",
    () =>
      watched(development, (pg, exporters) =>
        Effect.gen(function* () {
          yield* spanRows("span_rows_2")
          exporters.reset()
          const closed: Array<string> = []
          const sets = function* () {
            try {
              yield* [1, 1]
              for (let id = 2; id < 1_000_000; id++) yield id
            } finally {
              closed.push("closed")
            }
          }
          const insert = (id: number) => sql`insert into span_rows_2 values (${id})`
          yield* Effect.flip(pg.withTransaction(pg.batch(sets(), insert)))
          const [batch, transaction] = exporters.spans()
          assert.strictEqual(batch!.attributes["db.response.status_code"], "23505")
          assert.strictEqual(batch!.attributes["error.type"], "23505")
          assert.strictEqual(batch!.parentSpanContext?.spanId, transaction!.spanContext().spanId)
          assert.deepStrictEqual(closed, ["closed"])
        })
      )
  )
})

describe("the span of a copy", () => {
  const Row = Schema.Struct({ id: PgSchema.Int4, name: PgSchema.Text })

  it.scopedLive("of rows names COPY and the table, and of a query no table", () =>
    watched(development, (pg, exporters) =>
      Effect.gen(function* () {
        yield* spanRows("span_rows_3")
        exporters.reset()
        const rows = Stream.make({ id: 1, name: "secret" }, { id: 2, name: "secret" })
        yield* Copy.rowsInto({ table: "span_rows_3" }, Row, rows)
        yield* Stream.runDrain(Copy.rowsFrom({ table: "span_rows_3" }, Row))
        yield* Stream.runDrain(Copy.to({ query: s("select id from span_rows_3"), format: "csv" }))
        yield* Stream.run(
          Stream.make({ id: 3, name: "secret" }),
          Copy.rowsSink({ table: "span_rows_3" }, Row)
        )
        const copies = exporters
          .spans()
          .filter(({ attributes }) => attributes["db.operation.name"] === "COPY")
        // Rows are read by a query, which may have any number of tables.
        assert.deepStrictEqual(names(copies), [
          'COPY "span_rows_3"',
          'COPY SELECT "span_rows_3"',
          "COPY SELECT span_rows_3",
          'COPY "span_rows_3"'
        ])
        assert.deepStrictEqual(all(copies, "db.collection.name"), [
          "span_rows_3",
          undefined,
          undefined,
          "span_rows_3"
        ])
        assert.deepStrictEqual(all(copies, "network.peer.port"), Array(4).fill(shared.port))
        assert.notInclude(JSON.stringify(exporters.spans().map(({ attributes }) => attributes)), "secret")
      }).pipe(Effect.provideService(PgClient.PgClient, pg))
    )
  )

  it.scopedLive("that the server refuses has the SQLSTATE, in both directions and from a sink", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        yield* spanRows("span_rows_4")
        exporters.reset()
        const twice = Stream.make({ id: 1, name: "a" }, { id: 1, name: "b" })
        yield* Effect.flip(Copy.rowsInto({ table: "span_rows_4" }, Row, twice))
        yield* Effect.flip(Stream.runDrain(Copy.to("copy span_missing to stdout")))
        yield* Effect.flip(Stream.run(twice, Copy.rowsSink({ table: "span_rows_4" }, Row)))
        const copies = exporters
          .spans()
          .filter(({ attributes }) => attributes["db.operation.name"] === "COPY")
        assert.deepStrictEqual(all(copies, "db.response.status_code"), ["23505", "42P01", "23505"])
      }).pipe(Effect.provideService(PgClient.PgClient, pg))
    )
  )
})

describe("the spans of a transaction", () => {
  it.live(
    "have the error that has ended it, also when a savepoint was rolled back and the error handled",
    () =>
      watched({}, (pg, exporters) =>
        Effect.gen(function* () {
          const failing = pg.withTransaction(pg.query(s("select 1 / 0")))
          yield* pg.withTransaction(Effect.ignore(failing))
          yield* Effect.flip(pg.withTransaction(Effect.fail({ _tag: "OutOfStock" })))
          yield* Effect.flip(pg.withTransaction(pg.query(s("select from span_missing"))))
          const spans = exporters.spans()
          assert.deepStrictEqual(names(spans), [
            "SELECT",
            "savepoint",
            "transaction",
            "transaction",
            "SELECT span_missing",
            "transaction"
          ])
          assert.deepStrictEqual(all(spans, "error.type"), [
            "22012",
            "22012",
            undefined,
            "OutOfStock",
            "42P01",
            "42P01"
          ])
          assert.deepStrictEqual(all(spans, "server.port"), Array(6).fill(shared.port))
        })
      )
  )
})

describe("the spans of cursors and large objects", () => {
  it.live("are those of their statements", () =>
    watched(development, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.withTransaction(
          Effect.scoped(
            Effect.gen(function* () {
              const cursor = yield* Cursor.open(
                yield* pg.connection,
                sql`select relname from pg_class limit 5`
              )
              yield* cursor.forward(2)
            })
          )
        )
        const spans = exporters.spans()
        const [declared, fetched] = spans
        assert.strictEqual(declared!.name, "DECLARE")
        assert.strictEqual(fetched!.name, "FETCH")
        assert.strictEqual(fetched!.attributes["db.response.returned_rows"], 2)
        assert.strictEqual(spans.at(-1)!.name, "transaction")
        exporters.reset()
        const oid = yield* LargeObject.create(pg)
        yield* Stream.run(Stream.make(new TextEncoder().encode("secret")), LargeObject.sink(pg, oid))
        yield* Stream.runDrain(LargeObject.stream(pg, oid))
        yield* LargeObject.remove(pg, oid)
        const texts = all(exporters.spans(), "db.query.text").map(String)
        for (const call of ["lo_create", "lo_put", "lo_get", "lo_unlink"])
          assert.strictEqual(texts.filter((text) => text.includes(call)).length, 1, call)
        assert.notInclude(JSON.stringify(all(exporters.spans(), "db.query.text")), "secret")
      })
    )
  )
})

describe("the spans of operations that run no statement", () => {
  const ours = (spans: ReadonlyArray<ReadableSpan>) =>
    spans.filter(({ name }) => !/^(?:acquire connection|PgConnection.connect)$/.test(name))
  const statement = sql`select relname from pg_class where oid = ${1}`
  const Row = Schema.Struct({ relname: PgSchema.Text })

  it.scopedLive(
    "of a connection name the operation and its statement, have the server, and no parameter",
    () =>
      watched(development, (pg, exporters) =>
        Effect.gen(function* () {
          const connection = yield* pg.connection
          yield* pg.query(s("select 1"))
          exporters.reset()
          yield* connection.compare(statement, Row)
          yield* connection.describe(statement)
          yield* Effect.scoped(connection.prepare(statement))
          // version()
          yield* connection.callFunction({ functionOid: 89, arguments: [] })
          yield* connection.learnTypes(["pg_class"])
          yield* connection.findTypes([16])
          yield* connection.reset()
          const spans = exporters.spans()
          assert.deepStrictEqual(names(spans), [
            "compare SELECT pg_class",
            "describe SELECT pg_class",
            "prepare SELECT pg_class",
            "callFunction",
            "learnTypes",
            "findTypes",
            spans.at(-1)!.name
          ])
          assert.match(spans.at(-1)!.name, /^RESET/)
          assert.deepStrictEqual(all(spans, "db.operation.name"), [
            "DESCRIBE",
            "DESCRIBE",
            "PARSE",
            "FUNCTION_CALL",
            "LEARN_TYPES",
            "FIND_TYPES",
            undefined
          ])
          const text = "select relname from pg_class where oid = $1"
          assert.deepStrictEqual(all(spans.slice(0, 3), "db.query.text"), [text, text, text])
          assert.deepStrictEqual(all(spans, "network.peer.port"), Array(7).fill(shared.port))
          assert.deepStrictEqual(all(spans, "db.query.parameter.0"), Array(7).fill(undefined))
        })
      )
  )

  it.scopedLive("of the client are the same, and an exported snapshot has one too", () =>
    watched(development, (pg, exporters) =>
      Effect.gen(function* () {
        yield* pg.compare(statement, Row)
        yield* pg.learnTypes(["pg_class"])
        yield* pg.ping
        yield* pg.withTransaction(pg.exportSnapshot)
        const spans = ours(exporters.spans())
        assert.deepStrictEqual(names(spans), [
          "compare SELECT pg_class",
          "learnTypes",
          "ping",
          "SELECT",
          "transaction"
        ])
        assert.deepStrictEqual(all(spans, "db.operation.name"), [
          "DESCRIBE",
          "LEARN_TYPES",
          "PING",
          undefined,
          undefined
        ])
        assert.deepStrictEqual(all(spans, "network.peer.port"), Array(5).fill(shared.port))
        assert.strictEqual(spans[3]!.attributes["db.response.returned_rows"], 1)
        assert.strictEqual(spans[3]!.parentSpanContext?.spanId, spans[4]!.spanContext().spanId)
      })
    )
  )

  it.scopedLive("have the error that has ended them", () =>
    watched({}, (pg, exporters) =>
      Effect.gen(function* () {
        const connection = yield* pg.connection
        exporters.reset()
        yield* Effect.flip(connection.describe(s("select from span_missing")))
        yield* Effect.flip(connection.callFunction({ functionOid: 1, arguments: [] }))
        yield* Effect.flip(pg.compare(s("select from span_missing"), Row))
        yield* Effect.flip(pg.exportSnapshot)
        const spans = ours(exporters.spans())
        assert.strictEqual(spans.length, 4)
        assert.deepStrictEqual(all(spans, "error.type"), ["42P01", "42883", "42P01", "PgUsageError"])
      })
    )
  )
})
