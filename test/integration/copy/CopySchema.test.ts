/** Copies of rows through a Schema, on a server. */
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgCodecError } from "../../../src/model/PgError.js"
import * as PgSchema from "../../../src/PgSchema.js"
import * as PgTypes from "../../../src/PgTypes.js"
import { configOf, isClean, open, refusal, s, table, value } from "../connection/sessions.js"
import { samples } from "../types/samples.js"
import { live } from "../support/server.js"

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const formats = ["binary", "text", "csv", undefined] as const

class Person extends Schema.Class<Person>("Person")({
  id: PgSchema.Int4.pipe(Schema.positive({ description: "a positive number" })),
  givenName: PgSchema.Text.pipe(Schema.propertySignature, Schema.fromKey("given_name")),
  since: PgSchema.DateTimeUtcFromTimestampTz,
  tags: Schema.NullOr(PgSchema.array(PgSchema.Text))
}) {
  get greeting() {
    return `Hello ${this.givenName}`
  }
}

const person = (id: number) =>
  new Person({
    id,
    givenName: `person\t${id},"`,
    since: DateTime.unsafeMake(id * 1000),
    tags: id % 3 === 0 ? null : [`tag ${id}`, "NULL", ""]
  })
const made =
  "(note text default 'none', tags text[], id int4 primary key, given_name text not null, since timestamptz)"

/** What a copy is refused with. */
const refused = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Effect.flip(effect), (error) =>
    error instanceof PgCodecError || error instanceof Copy.PgCopyRowError
      ? Effect.succeed(error)
      : Effect.die(error)
  )

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

describe("rows of a Schema by COPY", () => {
  it.scopedLive(
    "go in by the names of their columns and come out as instances, in every format (FLW-073)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple(`create temp table p ${made}`)
        const people = Array.from({ length: 1000 }, (_, index) => person(index + 1))
        const { rowsFrom, rowsInto, rowsSink } = Copy.on(pg)
        for (const format of formats) {
          assert.strictEqual(
            (yield* rowsInto({ table: "p", format }, Person, Stream.fromIterable(people))).rows,
            1000n
          )
          const read = yield* collect(rowsFrom({ query: s("select * from p order by id"), format }, Person))
          assert.deepStrictEqual(read, people)
          assert.strictEqual(read[0]?.greeting, 'Hello person\t1,"')
          assert.deepStrictEqual(yield* pg.values(s("select distinct note from p")), [["none"]])
          yield* pg.simple("truncate p")
          yield* Stream.run(Stream.fromIterable(people), rowsSink({ table: "p", format }, Person))
          assert.deepStrictEqual(yield* pg.query(s("select * from p order by id"), Person), people)
          yield* pg.simple("truncate p")
        }
        yield* isClean(pg)
      })
  )

  it.scopedLive(
    "keep the values of every type in every format, read and written by the Schema that there is for it",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        for (const { hasNoEmptyInBinary, isJson, literals, type } of samples) {
          // JSON's null is NULL when it comes back, and spaces do not; xml is printed without its declaration.
          const same =
            isJson === true
              ? "coalesce(%.x::jsonb, 'null')"
              : type === "xml"
                ? "regexp_replace(%.x::text, '^<[?]xml[^>]*>', '')"
                : "%.x::text"
          const name = yield* table(`at int4, x ${type}`)
          const values = [...literals.map((literal) => `${quoted(literal)}::${type}`), "null"]
          yield* pg.simple(
            `insert into ${name} values ${values.map((one, at) => `(${at}, ${one})`).join(", ")};` +
              `create temp table target (like ${name})`
          )
          const { columns } = yield* pg.describe(s(`select x from ${name}`))
          // What has no Schema has no codec either, and is the server's text.
          const schema = PgSchema.lossless.get(columns[0]!.typeOid) ?? Schema.String
          const Row = Schema.Struct({ at: PgSchema.Int4, x: Schema.NullOr(schema) })
          const codec = pg.types.lookup(columns[0]!.typeOid)
          const hasBinary = codec?.decodeBinary !== undefined && codec.encodeBinary !== undefined
          for (const format of formats) {
            if (format === "binary" && !hasBinary) continue
            if (format !== "text" && format !== "csv" && hasNoEmptyInBinary === true) continue
            const rows = yield* collect(Copy.on(pg).rowsFrom({ table: name, format }, Row))
            yield* Copy.on(pg).rowsInto({ table: "target", format }, Row, Stream.fromIterable(rows))
            const different = yield* value(
              pg,
              `select count(*)::int4 from ${name} s full join target t using (at) where ${same.replace("%", "s")} is distinct from ${same.replace("%", "t")}`
            )
            assert.strictEqual(different, 0, `${type} in ${String(format)}`)
            yield* pg.simple("truncate target")
          }
          yield* pg.simple("drop table target")
        }
        yield* isClean(pg)
      }),
    120_000
  )

  it.scopedLive("are read and written by the codec that the Schema brings, whatever the client has", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table c (a int8, b int8)")
      const Row = Schema.Struct({ a: PgSchema.Int8AsNumber, b: PgSchema.Int8 })
      for (const session of [pg, yield* open({ types: PgTypes.familiar })]) {
        if (session !== pg) yield* session.simple("create temp table c (a int8, b int8)")
        for (const format of formats) {
          yield* Copy.on(session).rowsInto({ table: "c", format }, Row, Stream.make({ a: 1, b: 2n }))
          assert.deepStrictEqual(yield* collect(Copy.on(session).rowsFrom({ table: "c", format }, Row)), [
            { a: 1, b: 2n }
          ])
          yield* session.simple("truncate c")
        }
        yield* isClean(session)
      }
    })
  )

  it.scopedLive(
    "store nothing when the Schema refuses one, wherever it is, and name it (FLW-073, TRP-067)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* pg.simple("create temp table t (id int4, name text)")
        const Row = Schema.Struct({ id: PgSchema.Int4, name: PgSchema.Text })
        const rows = Stream.range(1, 30_000).pipe(
          Stream.map((id) => ({ id: id === 25_000 ? id + 0.5 : id, name: "x".repeat(20) }))
        )
        const { rowsInto, rowsSink } = Copy.on(pg)
        for (const format of formats) {
          for (const run of [
            rowsInto({ table: "t", format }, Row, rows),
            Stream.run(rows, rowsSink({ table: "t", format }, Row))
          ]) {
            const error = yield* refused(run)
            assert.instanceOf(error, Copy.PgCopyRowError)
            assert.deepStrictEqual([error.rowNumber, error.column, error.type], [25_000, "id", "int4"])
            assert.strictEqual(yield* value(pg, "select count(*)::int4 from t"), 0)
            yield* isClean(pg)
          }
        }
      })
  )

  it.scopedLive("give those before one that the Schema refuses, and leave a clean connection", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      const Row = Schema.Struct({ id: PgSchema.Int4.pipe(Schema.lessThan(20_000)) })
      const source = { query: s("select i as id from generate_series(1, 1000000) i") }
      let count = 0
      const error = yield* refused(
        Stream.runForEach(Copy.on(pg).rowsFrom(source, Row), () => Effect.sync(() => count++))
      )
      assert.strictEqual(count, 19_999)
      assert.instanceOf(error, Copy.PgCopyRowError)
      assert.deepStrictEqual([error.rowNumber, error.column, error.type], [20_000, "id", "int4"])
      yield* isClean(pg)
      assert.strictEqual((yield* collect(Stream.take(Copy.on(pg).rowsFrom(source, Row), 5))).length, 5)
      yield* isClean(pg)
    })
  )

  it.scopedLive("are compared with the table, side by side, before anything is copied", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple("create temp table w (id int8 not null, name text, extra text)")
      const Row = Schema.Struct({ id: PgSchema.Int4, name: PgSchema.Text, born: PgSchema.Date })
      const ways = [
        Copy.on(pg).rowsInto({ table: "w" }, Row, Stream.never),
        Copy.on(pg).rowsInto({ table: "w", columns: ["id", "name"] }, Row, Stream.never),
        Stream.runDrain(Copy.on(pg).rowsFrom({ table: "w" }, Row)),
        Stream.runDrain(Copy.on(pg).rowsFrom({ query: s("select id, name from w") }, Row))
      ]
      for (const way of ways) {
        const error = yield* refused(way)
        assert.deepStrictEqual(error.place, { _tag: "Columns", of: "copy" })
        assert.isTrue(error.nothingSent)
        assert.match(
          error.message,
          /^the columns of the copy do not fit the Schema, and nothing was copied:\n/
        )
        assert.match(error.message, /id +int8 +(?:no|unknown) +int4 .*another type/)
        if (error.direction === "decode")
          assert.match(error.message, /name +text +yes +text +no +<- may be NULL/)
        else assert.notInclude(error.message, "<- may be NULL")
        assert.match(error.message, /born .*date/)
        yield* isClean(pg)
      }
      const stated = {
        table: "w",
        columns: [
          { name: "id", type: "int8" },
          { name: "name", type: "text" }
        ]
      }
      assert.match(
        (yield* refused(Copy.on(pg).rowsInto(stated, Row, Stream.never))).message,
        /id +int8 .*int4/
      )
      const nobody = { table: "w", columns: ["id", "nobody"] }
      assert.strictEqual((yield* refusal(Copy.on(pg).rowsInto(nobody, Row, Stream.never))).code, "42703")
      yield* isClean(pg)
    })
  )

  it.scopedLive("may leave out a column that may be missing, and leave one to its default", () =>
    Effect.gen(function* () {
      const pg = yield* open()
      yield* pg.simple(
        "create temp table d (id int4 generated by default as identity (start 100), name text default 'nobody')"
      )
      const Row = Schema.Struct({
        id: Copy.orDefault(PgSchema.Int4),
        name: Copy.orDefault(Schema.NullOr(PgSchema.Text)),
        more: Schema.optional(PgSchema.Text)
      })
      const rows = Stream.make(
        { id: 1, name: "D" },
        { id: Copy.Default, name: Copy.Default },
        { id: Copy.Default, name: null }
      )
      for (const format of ["text", "csv"] as const) {
        yield* Copy.on(pg).rowsInto({ table: "d", format, defaultText: "D" }, Row, rows)
        assert.deepStrictEqual(yield* pg.values(s("select id, name from d order by id")), [
          [1, "D"],
          [format === "text" ? 100 : 102, "nobody"],
          [format === "text" ? 101 : 103, null]
        ])
        yield* pg.simple("truncate d")
      }
      const without = yield* refused(Copy.on(pg).rowsInto({ table: "d" }, Row, rows))
      assert.match(without.message, /row 2 of the copy .*column "id" of type int4: Copy.Default needs/)
      yield* isClean(pg)
    })
  )

  it.effect("take the transaction's connection by way of the client, and files", () =>
    Effect.gen(function* () {
      const pg = yield* PgClient.PgClient
      const people = [person(1), person(2), person(3)]
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(s(`create temp table p ${made} on commit drop`))
          yield* Copy.rowsInto({ table: "p", freeze: true }, Person, Stream.fromIterable(people.slice(0, 2)))
          yield* Stream.run(Stream.fromIterable(people.slice(2)), Copy.rowsSink({ table: "p" }, Person))
          assert.deepStrictEqual(yield* collect(Copy.rowsFrom({ table: "p" }, Person)), people)
          const columns = [
            { name: "id", type: "int4" },
            { name: "given_name", type: "text" },
            { name: "since", type: "timestamptz" },
            { name: "tags", type: "text[]" }
          ]
          const file = Copy.to({
            table: "p",
            columns: columns.map(({ name }) => name),
            format: "csv",
            header: true
          })
          const read = Copy.decodeRows({ columns, format: "csv", header: "match" }, Person)(file)
          assert.deepStrictEqual(yield* collect(read), people)
          yield* pg.query(s("truncate p"))
          const bytes = Copy.encodeRows({ columns }, Person)(Stream.fromIterable(people))
          yield* Copy.from({ table: "p", columns: columns.map(({ name }) => name), format: "binary" }, bytes)
          assert.deepStrictEqual(yield* collect(Copy.rowsFrom({ table: "p" }, Person)), people)
        })
      )
    }).pipe(Effect.provide(PgClient.layer(configOf())), live)
  )

  it.scopedLive("are shown by errors where the connector's showValues is true, as in queries", () =>
    Effect.gen(function* () {
      const Row = Schema.Struct({ pin: PgSchema.Text.pipe(Schema.maxLength(4)) })
      const statement = s("select 'secret' as pin")
      for (const showValues of [false, true]) {
        const pg = yield* open({ showValues })
        yield* pg.simple("create temp table pins (pin text)")
        const copy = Copy.on(pg)
        const errors = [
          yield* Effect.flip(pg.query(statement, Row)),
          yield* Effect.flip(Stream.runDrain(pg.stream(statement, Row))),
          yield* Effect.flip(Stream.runDrain(copy.rowsFrom({ query: statement }, Row))),
          yield* Effect.flip(copy.rowsInto({ table: "pins" }, Row, Stream.make({ pin: "secret" })))
        ]
        const received = showValues ? '"secret"' : "string of 6 characters"
        for (const { message } of errors) {
          const [first] = message.split("STATEMENT")
          assert.include(first, `got ${received}`)
          assert.strictEqual(first!.includes("secret"), showValues)
        }
        yield* isClean(pg)
      }
    })
  )
})
