import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Cursor from "../../src/client/Cursor.js"
import { sql } from "../../src/client/Sql.js"
import * as PgConnection from "../../src/connection/PgConnection.js"
import * as Statement from "../../src/model/Statement.js"
import { bound, complete, described, harness, int4, parsed, ready, row } from "../connection/core.js"
import type { Harness } from "../connection/core.js"
import type { PgSessionError } from "../../src/model/PgError.js"
import type { Column } from "../../src/model/Column.js"
import type { BackendMessage as Message } from "../../src/wire/BackendMessage.js"
import { assertSubset } from "../support/subset.js"

const inBlock = async () => {
  const self = harness()
  self.query("begin")
  await self.sent()
  self.say(...described([], []))
  await self.sent()
  self.say(bound, complete("BEGIN"), ready("T"))
  return self
}

/** Answers a statement that is described first, and returns its text. */
const answered = async (self: Harness, columns: ReadonlyArray<Column>, ...answer: ReadonlyArray<Message>) => {
  const [parse] = await self.messages()
  self.say(...described([], columns))
  await self.messages()
  self.say(bound, ...answer, ready("T"))
  return parse?._tag === "Parse" ? parse.sql : ""
}

/** Answers a statement whose columns are known, which comes in one burst, and returns its text. */
const answeredAtOnce = async (
  self: Harness,
  columns: ReadonlyArray<Column>,
  ...answer: ReadonlyArray<Message>
) => {
  const messages = await self.messages()
  assert.deepStrictEqual(
    messages.map(({ _tag }) => _tag),
    ["Parse", "Bind", "Describe", "Execute", "Sync"]
  )
  self.say(parsed, bound, { _tag: "RowDescription", columns }, ...answer, ready("T"))
  return messages[0]?._tag === "Parse" ? messages[0].sql : ""
}

/** The declaration, and at the end the question whether the cursor is still there. */
const begun = (self: Harness) => answered(self, [], complete("DECLARE CURSOR"))
const gone = (self: Harness) => answered(self, [int4("x")], complete("SELECT 0"))

const opened = async (self: Harness, statement: Statement.Statement, options?: Cursor.CursorOptions) => {
  const connection = PgConnection.fromState(self.core)
  const cursor = Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(Cursor.open(connection, statement, options), (cursor) =>
        Effect.zipRight(cursor.absolute(-1), Effect.never)
      )
    )
  )
  void cursor.catch(() => {})
  return self.messages()
}

describe("a cursor", () => {
  it.each([
    [{}, 'declare "c" cursor for select 1'],
    [{ scroll: true }, 'declare "c" scroll cursor for select 1'],
    [{ scroll: false, hold: true }, 'declare "c" no scroll cursor with hold for select 1']
  ] as const)("is declared with %j", async (options, expected) => {
    const messages = await opened(await inBlock(), Statement.make("select 1"), { ...options, name: "c" })
    assertSubset(messages[0], { _tag: "Parse", statement: "", sql: expected })
  })

  it("has the parameters of its statement, also those of a template", async () => {
    const messages = await opened(await inBlock(), sql`select ${1}::int4, ${2}::int4`, { name: "c" })
    assertSubset(messages[0], { sql: 'declare "c" cursor for select $1::int4, $2::int4' })
  })

  it("fetches by number, and is not closed when it has gone with its transaction", async () => {
    const self = await inBlock()
    const connection = PgConnection.fromState(self.core)
    const told = Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(Cursor.open(connection, Statement.make("select 1"), { name: "c" }), (cursor) =>
          Effect.all([cursor.absolute(-1), cursor.relative(1), cursor.move(-3)])
        )
      )
    )
    assert.strictEqual(await begun(self), 'declare "c" cursor for select 1')
    const texts = [
      await answered(self, [int4("x")], row(7), complete("FETCH 1")),
      await answeredAtOnce(self, [int4("x")], complete("FETCH 0")),
      await answered(self, [], complete("MOVE 2"))
    ]
    assert.deepStrictEqual(texts, [
      'fetch absolute -1 from "c"',
      'fetch relative 1 from "c"',
      'move backward 3 from "c"'
    ])
    assert.include(await gone(self), "pg_cursors")
    assert.deepStrictEqual(await told, [Option.some({ x: 7 }), Option.none(), 2])
    assert.deepStrictEqual(await self.sent(), [])
  })

  it.each([
    ["forward", (cursor: Cursor.Cursor<unknown>) => cursor.forward(0), "count"],
    ["backward", (cursor: Cursor.Cursor<unknown>) => cursor.backward(1.5), "count"],
    ["absolute", (cursor: Cursor.Cursor<unknown>) => cursor.absolute(2 ** 31), "row"],
    ["relative", (cursor: Cursor.Cursor<unknown>) => cursor.relative(NaN), "rows"],
    ["move", (cursor: Cursor.Cursor<unknown>) => cursor.move(-(2 ** 31)), "rows"]
  ] as const)("refuses a number that the server cannot count: %s", async (_, use, argument) => {
    const self = await inBlock()
    const connection = PgConnection.fromState(self.core)
    const told = Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(Cursor.open(connection, Statement.make("select 1"), { name: "c" }), (cursor) =>
          Effect.flip(use(cursor) as Effect.Effect<unknown, PgSessionError>)
        )
      )
    )
    await begun(self)
    await gone(self)
    assertSubset(await told, { _tag: "PgUsageError", argument, operation: "Cursor" })
  })

  it("must have a name of at most 63 bytes", async () => {
    const self = await inBlock()
    const connection = PgConnection.fromState(self.core)
    const refused = Cursor.open(connection, Statement.make("select 1"), { name: "n".repeat(64) })
    assertSubset(await Effect.runPromise(Effect.scoped(Effect.flip(refused))), {
      _tag: "PgUsageError",
      argument: "name"
    })
    assert.deepStrictEqual(await self.sent(), [])
  })
})
