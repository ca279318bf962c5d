/**
 * Where our client differs from `@effect/sql-pg` on purpose. Each case runs on both: the page on migrating has a row for each, by this file's
 * titles.
 */
import { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { table } from "../connection/sessions.js"
import { rawRows } from "../support/rawSession.js"
import { shared } from "../support/server.js"
import { ours, sqlPg } from "./drivers.js"

/** How a program ended: `success`, the code of an `SqlError` or its text, or `defect`. */
const ended = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "success"
  const failure = Cause.failureOption(exit.cause)
  if (Option.isNone(failure)) return "defect"
  const { cause } = failure.value as SqlError
  const { code, message } = cause as { readonly code?: string; readonly message: string }
  return code ?? message
}

type Program = (sql: SqlClient, name: string) => Effect.Effect<unknown, unknown>

const run = (layer: typeof ours, program: Program, columns: string) =>
  Effect.gen(function* () {
    const name = yield* table(columns)
    const exit = yield* Effect.exit(
      Effect.flatMap(SqlClient, (sql) => program(sql, name)).pipe(Effect.provide(layer()))
    )
    return [ended(exit), Exit.isSuccess(exit) ? exit.value : undefined] as const
  })

interface Difference {
  readonly title: string
  readonly columns?: string
  readonly program: Program
  /** What `@effect/sql-pg` ends with. */
  readonly theirs: RegExp
  readonly ours: RegExp
}

const pid = (sql: SqlClient) => Effect.map(sql`select pg_backend_pid()`.values, ([row]) => String(row![0]))

const differences: ReadonlyArray<Difference> = [
  {
    title: "a COMMIT that a deferred constraint refuses is an SqlError",
    columns: "n int4 unique deferrable initially deferred",
    program: (sql, name) => sql.withTransaction(sql`insert into ${sql(name)} values (1), (1)`),
    theirs: /^defect$/,
    ours: /^23505$/
  },
  {
    title: "a COMMIT that is answered by ROLLBACK is an SqlError",
    program: (sql) => sql.withTransaction(Effect.ignore(sql`select 1 / 0`)),
    theirs: /^success$/,
    ours: /^25P02$/
  },
  {
    title: "a session that is lost in a transaction is an SqlError",
    program: (sql) =>
      sql.withTransaction(
        Effect.flatMap(pid(sql), (pid) => rawRows(shared, `select pg_terminate_backend(${pid})`))
      ),
    theirs: /^defect$/,
    ours: /^57P01$/
  },
  {
    title: "a nested transaction that succeeds releases its savepoint",
    program: (sql) =>
      sql.withTransaction(
        Effect.gen(function* () {
          yield* sql.withTransaction(sql`select 1`)
          yield* Effect.all([sql.unsafe("rollback to savepoint effect_sql_1"), sql.unsafe("select 2")])
        })
      ),
    theirs: /^success$/,
    ours: /^3B001$/
  },
  {
    title: "sql.json of an array is JSON",
    program: (sql) => {
      const { json } = sql as unknown as { readonly json: (value: unknown) => never }
      return sql`select ${json([1, { a: 2 }])}::jsonb as j`
    },
    theirs: /^22P02$/,
    ours: /^success$/
  },
  {
    title: "sql.notify sends its payload",
    program: (sql) =>
      (
        sql as unknown as {
          readonly notify: (channel: string, payload: string) => Effect.Effect<void, SqlError>
        }
      ).notify("nobody", "x"),
    theirs: /^42601$/,
    ours: /^success$/
  },
  {
    title: "BEGIN by itself is refused",
    program: (sql) => sql.unsafe("begin"),
    theirs: /^success$/,
    ours: /use withTransaction/
  },
  {
    title: "a Redacted is refused as a parameter",
    program: (sql) => sql`select ${Redacted.make("secret")}::text`,
    theirs: /^success$/,
    ours: /Redacted\.value/
  },
  {
    title: "an invalid Date is refused as a parameter",
    program: (sql) => sql`select ${new Date(NaN)}::timestamptz`,
    theirs: /^22007$/,
    ours: /an invalid Date/
  },
  {
    title: "several statements as arrays are refused",
    program: (sql) => sql.unsafe("select 1; select 2").values,
    theirs: /^success$/,
    ours: /^42601$/
  }
]

describe("a difference from @effect/sql-pg", () => {
  it.scopedLive.each(differences)("$title", ({ columns = "n int4", ours: mine, program, theirs }) =>
    Effect.gen(function* () {
      const [first] = yield* run(sqlPg, program, columns)
      assert.match(first, theirs)
      const [second] = yield* run(ours, program, columns)
      assert.match(second, mine)
    })
  )

  it.scopedLive("the cause has the server's fields, and no length; detail and where are not printed", () =>
    Effect.gen(function* () {
      const program: Program = (sql, name) =>
        Effect.map(Effect.flip(sql`insert into ${sql(name)} values (1), (1)`), (error) => {
          const cause = (error as SqlError).cause as Readonly<Record<string, unknown>>
          return [typeof cause["length"], typeof cause["detail"], Object.keys(cause).includes("detail")]
        })
      assert.deepStrictEqual((yield* run(sqlPg, program, "n int4 primary key"))[1], [
        "number",
        "string",
        true
      ])
      assert.deepStrictEqual((yield* run(ours, program, "n int4 primary key"))[1], [
        "undefined",
        "string",
        false
      ])
    })
  )

  it.scopedLive("a raw result has the documented fields of node-postgres, and none of its own", () =>
    Effect.gen(function* () {
      const program: Program = (sql) =>
        Effect.map(sql`select 1 as n`.raw, (result) => Object.keys(result as object).sort())
      const [, theirs] = yield* run(sqlPg, program, "n int4")
      const [, mine] = yield* run(ours, program, "n int4")
      assert.deepStrictEqual(mine, ["command", "fields", "oid", "rowCount", "rows"])
      assert.includeMembers(theirs as Array<string>, [...(mine as Array<string>), "_parsers", "RowCtor"])
    })
  )

  it.scopedLive("notices are logged at the level of their severity", () =>
    Effect.gen(function* () {
      const expectations: ReadonlyArray<readonly [typeof ours, Array<string>]> = [
        [sqlPg, []],
        [ours, ["INFO"]]
      ]
      for (const [layer, expected] of expectations) {
        const seen: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) => {
          if (String(message).includes("said aloud")) seen.push(logLevel.label)
        })
        yield* Effect.flatMap(SqlClient, (sql) =>
          sql.unsafe("do $$ begin raise notice 'said aloud'; end $$")
        ).pipe(
          Effect.provide(layer()),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.Info)
        )
        assert.deepStrictEqual(seen, expected)
      }
    })
  )
})
