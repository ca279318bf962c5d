/** What the docs state of each option of COPY, checked against servers of every version. */
import { assert, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import * as Copy from "../../../src/Copy.js"
import * as CopyOption from "../../../src/copy/CopyOption.js"
import type { Options } from "../../../src/copy/CopyOption.js"
import * as CopyStatement from "../../../src/copy/CopyStatement.js"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import type { Notice } from "../../../src/model/Notice.js"
import { PgUsageError } from "../../../src/model/PgError.js"
import * as Statement from "../../../src/model/Statement.js"
import { isClean, open, refusal, s } from "../connection/sessions.js"
import { describeEachVersion } from "../support/server.js"

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const bytesOf = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.map(collect(stream), (chunks) => Buffer.concat(chunks))

const formats = ["binary", "text", "csv"] as const

/** Options with each of their values that is of another kind. */
const settings: ReadonlyArray<Partial<Options>> = [
  { delimiter: "|" },
  { nullText: "\\nil" },
  { defaultText: "\\D" },
  { header: true },
  { header: "match" },
  { quote: "'" },
  { escape: "\\" },
  { encoding: "LATIN1" },
  { forceQuote: "*" },
  { forceQuote: ["a"] },
  { forceNotNull: "*" },
  { forceNotNull: ["a"] },
  { forceNull: "*" },
  { forceNull: ["a"] },
  { freeze: true },
  { where: Statement.make("a is null") },
  { onError: "stop" },
  { onError: "ignore" },
  { onError: "ignore", rejectLimit: 2 },
  { logVerbosity: "default" },
  { logVerbosity: "verbose" },
  { logVerbosity: "silent" }
]

/** What a server writes for a header that is to match, in front of no rows. */
const emptyData = ({ format, header }: Options): Stream.Stream<Uint8Array> =>
  format === "binary"
    ? Copy.encodeRows({ columns: [{ name: "a", type: "text" }] })(Stream.empty).pipe(Stream.orDie)
    : header === "match"
      ? Stream.encodeText(Stream.make("a\n"))
      : Stream.empty

const runs = (connection: PgConnection, use: "into" | "from", options: Options) =>
  Effect.gen(function* () {
    const sql =
      use === "into"
        ? CopyStatement.into("opts", undefined, options)
        : CopyStatement.fromChoosing("select a from opts", options)
    const text = Either.getOrThrow(sql)
    const made = "begin; create temp table opts (a text default 'd') on commit drop"
    yield* connection.simple(made)
    const outcome = yield* Effect.either(
      use === "into"
        ? connection.copyFrom(text, emptyData(options))
        : Stream.runDrain(connection.copyTo(text))
    )
    yield* connection.simple("rollback")
    return outcome
  })

/** Values that mean something to some format or option. */
const texts: ReadonlyArray<string | null> = [
  null,
  "",
  "D",
  "\\D",
  "\\N",
  "NULL",
  "-",
  "\\.",
  "\\",
  '"D"',
  '"',
  "'",
  "a,b;c|d\te",
  "line\nfeed\r\nreturn\r",
  " ",
  "ä 中 😀"
]

const lines: ReadonlyArray<Copy.FormatInto & Pick<Options, "format">> = [
  { format: "text", defaultText: "\\D" },
  { format: "text", delimiter: "|", defaultText: "D" },
  { format: "text", nullText: "\\nil", defaultText: "NULL" },
  { format: "csv", defaultText: "\\D" },
  { format: "csv", defaultText: "D", delimiter: ";", quote: "'", escape: "\\", nullText: "-" },
  { format: "csv", defaultText: "", nullText: "NULL" },
  { format: "csv", defaultText: "D", header: "match" },
  { format: "text", defaultText: "D", header: "match", delimiter: ";" }
]

/** Rows that come back as they were, where the server puts the default in its place. */
const keepsDefaults = (pg: PgConnection) =>
  Effect.gen(function* () {
    yield* pg.simple("create temp table d (id int4, a text default 'by default', n int4 default 7)")
    const rows = texts.flatMap((text, index) => [
      { id: index * 3, a: text, n: index },
      { id: index * 3 + 1, a: Copy.Default, n: Copy.Default },
      { id: index * 3 + 2, a: text, n: Copy.Default }
    ])
    const expected = rows.map(({ a, id, n }) => ({
      id,
      a: a === Copy.Default ? "by default" : a,
      n: n === Copy.Default ? 7 : n
    }))
    for (const format of lines) {
      yield* pg.simple("truncate d")
      yield* Copy.on(pg).rowsInto(
        { table: "d", columns: ["id", "a", "n"], ...format },
        Stream.fromIterable(rows)
      )
      assert.deepStrictEqual(
        yield* pg.query(s("select * from d order by id")),
        expected,
        JSON.stringify(format)
      )
      // Alone on their lines, too.
      yield* pg.simple("truncate d")
      const single = Stream.fromIterable([...texts, Copy.Default]).pipe(Stream.map((a) => [a]))
      yield* Copy.on(pg).rowsInto({ table: "d", columns: ["a"], ...format }, single)
      assert.deepStrictEqual(
        yield* pg.values(s("select a from d")),
        [...texts, "by default"].map((text) => [text]),
        JSON.stringify(format)
      )
    }
    yield* pg.simple("create temp table none (a text)")
    const none = { table: "none", columns: ["a"], format: "csv", defaultText: "D" } as const
    assert.match(
      (yield* refusal(Copy.on(pg).rowsInto(none, Stream.make([Copy.Default])))).text,
      /default marker/
    )
    yield* pg.simple("drop table d, none")
    yield* isClean(pg)
  })

/** CSV whose fields look like NULL with and without quotes. */
const ambiguous = 'N,"N",,"",x\n"N",N,"",,"x"\n'
const wide = "abcde".split("")

const chooses: ReadonlyArray<Pick<Options, "forceNull" | "forceNotNull" | "nullText">> = [
  {},
  { forceNull: "*" },
  { forceNotNull: "*" },
  { forceNull: ["a", "d"], forceNotNull: ["b", "c"] },
  { forceNull: ["a"], forceNotNull: ["a"] },
  { nullText: "N", forceNull: "*" },
  { nullText: "N", forceNotNull: ["a", "b"], forceNull: ["b", "c"] }
]

/** What the server makes of NULL in CSV, and what we make of it. */
const readsNulls = (pg: PgConnection) =>
  Effect.gen(function* () {
    yield* pg.simple("create temp table n (a text, b text, c text, d text, e text)")
    const types = wide.map((name) => ({ name, type: "text" }))
    for (const choice of chooses) {
      yield* pg.simple("truncate n")
      const csv = Stream.encodeText(Stream.make(ambiguous))
      yield* Copy.on(pg).from({ table: "n", columns: wide, format: "csv", ...choice }, csv)
      const stored = yield* pg.values(s("select * from n"))
      const read = Copy.decodeRows({ columns: types, format: "csv", mode: "array", ...choice })(csv)
      assert.deepStrictEqual(yield* collect(read), stored, JSON.stringify(choice))
    }
    // From rows: NULL where it is not to be is its text, and an empty text where it is to be NULL is NULL.
    yield* pg.simple("truncate n")
    const target = {
      table: "n",
      columns: ["a", "b", "c"],
      format: "csv",
      forceNull: "*",
      forceNotNull: ["c"]
    } as const
    const rows = Stream.make([null, "", null], ["x", "y", "z"])
    yield* Copy.on(pg).rowsInto(target, rows)
    assert.deepStrictEqual(yield* pg.values(s("select a, b, c from n")), [
      [null, null, ""],
      ["x", "y", "z"]
    ])
    yield* pg.simple("drop table n")
    yield* isClean(pg)
  })

/** What the server puts in quotes, byte for byte what we put in quotes. */
const writesQuotes = (pg: PgConnection) =>
  Effect.gen(function* () {
    const columns = [
      { name: "id", type: "int4" },
      { name: "a", type: "text" },
      { name: "b", type: "text" }
    ]
    // What alone on a line ends the data is written in quotes by us always, and by servers as they like.
    const values = texts.filter((text) => text !== "\\.")
    const rows = values.map((text, id) => ({ id, a: text, b: `${text ?? ""}!` }))
    yield* pg.simple("create temp table q (id int4, a text, b text)")
    yield* Copy.on(pg).rowsInto({ table: "q", columns }, Stream.fromIterable(rows))
    for (const forceQuote of ["*", ["a"], ["id", "b"], []] as const) {
      for (const more of [
        {},
        { quote: "'", escape: "\\", nullText: "-", delimiter: ";" },
        { header: true }
      ]) {
        const source = {
          query: s("select * from q order by id"),
          format: "csv",
          forceQuote,
          ...more
        } as const
        const theirs = yield* bytesOf(Copy.on(pg).to(source))
        const ours = Copy.encodeRows({ columns, format: "csv", forceQuote, ...more })(
          Stream.fromIterable(rows)
        )
        assert.strictEqual((yield* bytesOf(ours)).toString(), theirs.toString())
        assert.deepStrictEqual(yield* collect(Copy.on(pg).rowsFrom(source)), rows)
      }
    }
    const stranger = { table: "q", format: "csv", forceQuote: ["nobody"] } as const
    const error = yield* Effect.flip(Stream.runDrain(Copy.on(pg).rowsFrom(stranger)))
    assert.match(error.message, /forceQuote must name columns that are copied, got "nobody"/)
    yield* pg.simple("drop table q")
    yield* isClean(pg)
  })

const passesOver = (pg: PgConnection, version: number) =>
  Effect.gen(function* () {
    yield* pg.simple("create temp table p (id int4, name text)")
    const notices: Array<Notice> = []
    const heard = yield* pg.notices
    yield* Effect.forkScoped(Stream.runForEach(heard, (notice) => Effect.sync(() => notices.push(notice))))
    const columns = [{ name: "id", type: "text" }, "name"]
    const rows = Stream.make(["1", "a"], ["x", "b"], ["2", "c"], ["y", "d"])
    const into = (options: Copy.LenientSettings) =>
      Copy.on(pg).rowsInto({ table: "p", columns, format: "csv", ...options }, rows)
    assert.strictEqual((yield* into({ onError: "ignore" })).rows, 2n)
    assert.strictEqual((yield* into({ onError: "ignore", logVerbosity: "verbose" })).rows, 2n)
    assert.strictEqual((yield* refusal(into({ onError: "stop" }))).code, "22P02")
    assert.strictEqual((yield* refusal(into({}))).code, "22P02")
    yield* Effect.yieldNow()
    assert.strictEqual(notices.filter(({ text }) => /^2 rows were skipped/.test(text)).length, 2)
    assert.strictEqual(notices.filter(({ text }) => /^skipping row/.test(text)).length, 2)
    if (version >= 18) {
      assert.strictEqual((yield* into({ onError: "ignore", rejectLimit: 2 })).rows, 2n)
      assert.match((yield* refusal(into({ onError: "ignore", rejectLimit: 1 }))).text, /REJECT_LIMIT/)
      const before = notices.length
      assert.strictEqual((yield* into({ onError: "ignore", logVerbosity: "silent" })).rows, 2n)
      yield* isClean(pg)
      assert.strictEqual(notices.length, before)
    }
    yield* pg.simple("drop table p")
    yield* isClean(pg)
  })

describeEachVersion("the options of COPY", (server, version) => {
  const session = () => open({ target: server() })

  it.scopedLive(
    "are taken by the server where we take them, and refused for its version where it does not know them",
    () =>
      Effect.gen(function* () {
        const pg = yield* session()
        const number = yield* pg.serverVersion
        for (const use of ["into", "from"] as const) {
          for (const format of formats) {
            for (const setting of settings) {
              const options: Options = { format, ...setting }
              const situation = { use, data: "bytes", version: number, named: false } as const
              const reason = CopyOption.refusal(options, situation)
              const timeless = CopyOption.refusal(options, { ...situation, version: undefined })
              // What goes with nothing is left out: older servers took some of it, without a meaning.
              if (timeless !== undefined) continue
              const outcome = yield* runs(pg, use, options)
              const what = `${version} ${use} ${JSON.stringify(options)}`
              assert.strictEqual(Either.isLeft(outcome), reason !== undefined, `${what}: ${String(reason)}`)
            }
          }
        }
        yield* isClean(pg)
      })
  )

  it.scopedLive("choose what is NULL on the way in, as our own reader does", () =>
    Effect.flatMap(session(), readsNulls)
  )

  it.scopedLive("choose what is in quotes on the way out, as our own writer does", () =>
    Effect.flatMap(session(), writesQuotes)
  )

  it.scopedLive("have bytes in an encoding of their own, and rows in UTF-8 only", () =>
    Effect.gen(function* () {
      const pg = yield* session()
      yield* pg.simple("create temp table e (a text)")
      const latin = Buffer.from("caf\u00e9\n", "latin1")
      for (const format of ["text", "csv"] as const) {
        yield* Copy.on(pg).from({ table: "e", format, encoding: "LATIN1" }, Stream.make(latin))
        assert.deepStrictEqual(yield* pg.values(s("select a from e")), [["café"]])
        const out = yield* bytesOf(Copy.on(pg).to({ table: "e", format, encoding: "LATIN1" }))
        assert.deepStrictEqual(out, latin)
        assert.strictEqual(
          (yield* refusal(Copy.on(pg).from({ table: "e", format }, Stream.make(latin)))).code,
          "22021"
        )
        const rows = { table: "e", columns: ["a"], format, encoding: "UTF8" } as const
        yield* Copy.on(pg).rowsInto(rows, Stream.make(["中"]))
        assert.deepStrictEqual(yield* collect(Copy.on(pg).rowsFrom(rows)), [{ a: "café" }, { a: "中" }])
        const never = { ...rows, encoding: "LATIN1" as "UTF8" }
        const error = yield* Effect.flip(Copy.on(pg).rowsInto(never, Stream.make(["x"])))
        assert.instanceOf(error, PgUsageError)
        assert.match(error.message, /encoding must be UTF8 for rows, got LATIN1/)
        yield* pg.simple("truncate e")
      }
      yield* isClean(pg)
    })
  )

  it.scopedLive("may be a variable whose type has several formats", () =>
    Effect.gen(function* () {
      const pg = yield* session()
      yield* pg.simple("create temp table f (id int4, name text)")
      for (const format of [...formats, undefined]) {
        const target = { table: "f", columns: ["id", "name"], format }
        yield* Copy.on(pg).rowsInto(target, Stream.make([1, "a"], { id: 2, name: null }))
        assert.deepStrictEqual(yield* collect(Copy.on(pg).rowsFrom(target)), [
          { id: 1, name: "a" },
          { id: 2, name: null }
        ])
        yield* pg.simple("truncate f")
      }
      for (const format of formats) {
        const bytes = yield* collect(Copy.on(pg).to({ query: s("select 1 as id, 'x' as name"), format }))
        const { rows } = yield* Copy.on(pg).from({ table: "f", format }, Stream.fromIterable(bytes))
        assert.strictEqual(rows, 1n)
        assert.strictEqual(
          (yield* Stream.run(Stream.fromIterable(bytes), Copy.on(pg).sink({ table: "f", format }))).rows,
          1n
        )
      }
      yield* isClean(pg)
    })
  )

  if (version >= 16) {
    it.scopedLive("put a default in the place of its mark, and of nothing that looks like it", () =>
      Effect.flatMap(session(), keepsDefaults)
    )
  }

  if (version >= 17) {
    it.scopedLive("pass over invalid rows, and report their number", () =>
      Effect.flatMap(session(), (pg) => passesOver(pg, version))
    )
  }
})
