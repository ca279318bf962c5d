import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { PgConnection } from "../../src/connection/PgConnection.js"
import type { TransferOptions, TransferSource, TransferTarget } from "../../src/copy/CopyTransfer.js"
import { transfer } from "../../src/copy/CopyTransfer.js"
import * as CommandTag from "../../src/model/CommandTag.js"
import { ofType } from "../../src/model/Column.js"
import type { Statement } from "../../src/model/Statement.js"
import { assertSubset } from "../support/subset.js"

const int4 = 23
const text = 25

/** A session whose tables have these columns; it writes down the copies that it is asked for. */
const sessionOf = (
  columns: ReadonlyArray<readonly [name: string, type: number, generated?: boolean]>,
  data: Stream.Stream<Uint8Array> = Stream.empty,
  dateStyle = "ISO, MDY"
) => {
  const copies: Array<string> = []
  const connection = {
    facts: {},
    describe: ({ sql }: Statement) => {
      const names = /^select (.*) from/.exec(sql)![1]!
      const asked = names === "*" ? undefined : names.split(", ").map((name) => name.slice(1, -1))
      return Effect.succeed({
        parameters: [],
        columns: columns.flatMap(([name, type], at) =>
          asked === undefined || asked.includes(name)
            ? [{ ...ofType(type, name), tableOid: 1, columnNumber: at + 1 }]
            : []
        )
      })
    },
    status: Effect.succeed({ transaction: "I" }),
    simple: () =>
      Effect.succeed([
        {
          rows: columns.flatMap(([, , generated], at) =>
            generated === true ? [{ number: `${at + 1}` }] : []
          )
        }
      ]),
    parameter: () => Effect.succeed(dateStyle),
    copyTo: (sql: string) => {
      copies.push(sql)
      return data
    },
    copyFrom: <E>(sql: string, source: Stream.Stream<Uint8Array, E>) => {
      copies.push(sql)
      return Effect.as(Stream.runDrain(source), { rows: 3n, command: CommandTag.parse("COPY 3") })
    }
  } as unknown as PgConnection
  return { connection, copies }
}

const run = (
  from: ReturnType<typeof sessionOf>,
  into: ReturnType<typeof sessionOf>,
  source: TransferSource = { table: "a" },
  target: TransferTarget = { table: "b" },
  options: TransferOptions = {}
) => transfer(from.connection, source, into.connection, target, options)

describe("a copy from table to table", () => {
  it.effect("is binary where the types are built in and equal, and text elsewhere", () =>
    Effect.gen(function* () {
      for (const [type, format] of [
        [int4, "binary"],
        [text, "text"],
        [70_000, "text"]
      ] as const) {
        const from = sessionOf([["id", type === text ? int4 : type]])
        const into = sessionOf([["id", type]])
        assertSubset(yield* run(from, into), { format, rows: 3n })
        assert.deepStrictEqual(from.copies, [`copy (select "id" from "a") to stdout with (format ${format})`])
        assert.deepStrictEqual(into.copies, [`copy "b" ("id") from stdin with (format ${format})`])
      }
    })
  )

  it.effect(
    "goes by the names of columns, in the source's order and without those that the target computes",
    () =>
      Effect.gen(function* () {
        const from = sessionOf([
          ["id", int4],
          ["twice", int4],
          ["note", text]
        ])
        const into = sessionOf([
          ["note", text],
          ["twice", int4, true],
          ["id", int4],
          ["more", int4]
        ])
        yield* run(from, into)
        assert.include(from.copies[0], 'select "id", "note" from "a"')
        assert.include(into.copies[0], 'copy "b" ("id", "note") from')
      })
  )

  it.effect("goes by place where the target's columns are named", () =>
    Effect.gen(function* () {
      const from = sessionOf([["x", int4]])
      const into = sessionOf([
        ["id", int4],
        ["more", int4]
      ])
      yield* run(from, into, { table: "a" }, { table: "b", columns: ["id"] })
      assert.include(into.copies[0], 'copy "b" ("id") from')
    })
  )

  it.effect.each([
    ["a column that the target has not", [["x", int4]], [["id", int4]], undefined, "columns"],
    [
      "another number of columns",
      [["x", int4]],
      [
        ["id", int4],
        ["y", int4]
      ],
      ["id", "y"],
      "columns"
    ],
    [
      "a name twice",
      [
        ["x", int4],
        ["x", int4]
      ],
      [["x", int4]],
      undefined,
      "columns"
    ]
  ] as const)("is refused for %s, before anything is copied", ([, source, target, columns, argument]) =>
    Effect.gen(function* () {
      const from = sessionOf(source)
      const into = sessionOf(target)
      const named = columns === undefined ? { table: "b" } : { table: "b", columns }
      assertSubset(yield* Effect.flip(run(from, into, { table: "a" }, named)), {
        _tag: "PgUsageError",
        operation: "Copy.transfer",
        argument
      })
      assert.deepStrictEqual([...from.copies, ...into.copies], [])
    })
  )

  it.effect("is refused as text where the source writes dates in another way than ISO", () =>
    Effect.gen(function* () {
      const from = sessionOf([["id", int4]], Stream.empty, "German, DMY")
      const into = sessionOf([["id", int4]])
      const asText = run(from, into, undefined, undefined, { format: "text" })
      assertSubset(yield* Effect.flip(asText), { _tag: "PgUsageError", argument: "format" })
      yield* run(from, into)
    })
  )

  it.effect("is refused from a session into itself", () =>
    Effect.gen(function* () {
      const session = sessionOf([["id", int4]])
      assertSubset(yield* Effect.flip(run(session, session)), { _tag: "PgUsageError", argument: "on" })
    })
  )

  it.effect("reports what was sent, at most once in the time between two reports", () =>
    Effect.gen(function* () {
      const piece = (bytes: number, after: number) =>
        Stream.fromEffect(Effect.as(Effect.sleep(after), new Uint8Array(bytes)))
      const data = Stream.flatMap(
        Stream.make([10, 0], [20, 600], [30, 600], [40, 100], [50, 1000]),
        ([bytes, after]) => piece(bytes!, after!)
      )
      const reports: Array<number> = []
      const onProgress: TransferOptions["onProgress"] = ({ bytes }) =>
        Effect.sync(() => void reports.push(bytes))
      const running = yield* Effect.fork(
        run(sessionOf([["id", int4]], data), sessionOf([["id", int4]]), undefined, undefined, { onProgress })
      )
      yield* TestClock.adjust("10 seconds")
      assertSubset(yield* Fiber.join(running), { bytes: 150 })
      assert.deepStrictEqual(reports, [60, 150])
    })
  )
})
