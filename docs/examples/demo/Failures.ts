/** What goes wrong: an error as a person reads it, and transactions that fail and are tried again. */
import { Effect, Schedule } from "effect"
import { PgError, Sql, SqlState } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import type { Stage } from "./Stage.js"

const { sql } = Sql

export const printed = ({ connection, readings }: Stage) =>
  Effect.gen(function* () {
    const error = yield* Expect.failure(
      "a misspelt column",
      connection.query(sql`select sensor, celcius from ${readings} where id = ${7}`),
      "PgServerError"
    )
    yield* Screen.quote(error.message)
    yield* Expect.equal("SQLSTATE", error.code, SqlState.undefinedColumn)
    yield* Expect.that("the hint", error.message.includes("HINT: "), "a line with HINT", error.message)
    const [, line = "", caret = ""] = error.message.split("\n")
    yield* Expect.equal("the caret's column", caret.indexOf("^"), line.indexOf("celcius"))
    const codec = yield* Expect.failure(
      "a parameter of the wrong type",
      connection.query(sql`select * from ${readings} where id = ${"seven"}`),
      "PgCodecError"
    )
    yield* Screen.line("")
    yield* Screen.quote(codec.message)
    yield* Expect.equal("nothing was sent", codec.nothingSent, true)
    yield* Expect.equal("the session's state", (yield* connection.status).state, "clean")
  })

export const rolledBack = ({ accounts, pg }: Stage) =>
  Effect.gen(function* () {
    const pay = (from: string, to: string, amount: number) =>
      pg.withTransaction(
        Effect.gen(function* () {
          yield* pg.query(sql`update ${accounts} set balance = balance + ${amount} where owner = ${to}`)
          yield* pg.query(sql`update ${accounts} set balance = balance - ${amount} where owner = ${from}`)
        })
      )
    yield* pay("ada", "grace", 30)
    const error = yield* Expect.failure("an overdraft", pay("ada", "grace", 1_000), "PgServerError")
    yield* Expect.equal("SQLSTATE", error.code, SqlState.checkViolation)
    const balances = yield* pg.values(sql`select balance from ${accounts} order by owner`)
    yield* Expect.equal("balances", balances.join(), "70,80")
    yield* Screen.fact("30 from ada", "paid: ada 70, grace 80")
    yield* Screen.fact(
      "1,000 from ada",
      `refused by ${error.constraint ?? "a constraint"}; grace's half was rolled back`
    )
  })

export const retried = ({ accounts, pg, watcher }: Stage) =>
  Effect.gen(function* () {
    let attempts = 0
    const interest = Effect.gen(function* () {
      attempts++
      const rows = yield* pg.query(sql`select balance from ${accounts} where owner = 'ada'`)
      // Another session gets in between, the first time.
      if (attempts === 1) yield* watcher.query(sql`update ${accounts} set balance = 90 where owner = 'ada'`)
      const balance = Expect.single<number>(rows)
      yield* pg.query(sql`update ${accounts} set balance = ${balance + 10} where owner = 'ada'`)
    })
    const options = { isolation: "repeatable read", retry: Schedule.recurs(3) } as const
    const seen: Array<string> = []
    yield* pg.withTransaction(
      Effect.tapError(interest, (error) =>
        Effect.sync(() => PgError.isSerializationFailure(error) && seen.push(error.code))
      ),
      options
    )
    yield* Expect.equal("attempts", attempts, 2)
    yield* Expect.equal("what the first attempt failed with", seen.join(), SqlState.serializationFailure)
    const balances = yield* pg.values(sql`select balance from ${accounts} where owner = 'ada'`)
    yield* Expect.equal("ada's balance", balances.join(), "100")
    yield* Screen.fact("attempt 1", "refused with 40001: another session had changed the row meanwhile")
    yield* Screen.fact("attempt 2", "ran on what that session had stored, 90, and made it 100")
  })
