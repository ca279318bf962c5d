/** Small statements: prepared once, sent by many fibers over one connection, and several in one go. */
import { Duration, Effect } from "effect"
import { Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

const { sql } = Sql

const perSecond = (count: number, millis: number): string => Screen.count(Math.round((count / millis) * 1000))

export const prepared = ({ connection, readings }: Stage) =>
  Effect.gen(function* () {
    const runs = 2_000
    const look = (id: number) => connection.query(sql`select celsius from ${readings} where id = ${id}`)
    const [first] = yield* timed(look(0))
    const [millis] = yield* timed(
      Effect.forEach(
        Array.from({ length: runs }, (_, id) => id),
        look,
        { discard: true }
      )
    )
    const known = yield* connection.query(sql`
      select (generic_plans + custom_plans)::int4 as executions from pg_prepared_statements
      where statement like 'select celsius from %'`)
    yield* Expect.equal("prepared statements of this text", known.length, 1)
    yield* Expect.equal("executions of it", known[0]?.["executions"], runs + 1)
    yield* Screen.number("first time", first.toFixed(2), "ms, parsed and described by the server")
    yield* Screen.number(
      "then",
      (millis / runs).toFixed(2),
      `ms each, ${Screen.count(runs)} times one after the other`
    )
    yield* Screen.fact("the server", `knows one prepared statement, executed ${Screen.count(runs + 1)} times`)
    return runs / millis
  })

export const pipelined = ({ connection, readings }: Stage, alone: number) =>
  Effect.gen(function* () {
    const fibers = 100
    const waves = 100
    const look = (id: number) => connection.query(sql`select id from ${readings} where id = ${id}`)
    const ids = Array.from({ length: fibers }, (_, id) => id * 7_919)
    yield* look(0)

    const waiting = yield* Effect.fork(Effect.forEach(ids, look, { concurrency: "unbounded" }))
    let most = 0
    while (waiting.unsafePoll() === null) {
      most = Math.max(most, (yield* connection.status).inFlight)
      yield* Effect.yieldNow()
    }
    const answers = (yield* waiting).map((rows) => Expect.single<number>(rows))
    yield* Expect.equal("answers in the order of the questions", answers.join(), ids.join())
    yield* Expect.equal("statements on the wire at once", most, fibers)

    const wave = Effect.forEach(ids, look, { concurrency: "unbounded", discard: true })
    const [millis] = yield* timed(Effect.repeatN(wave, waves - 1))
    const rate = (fibers * waves) / millis
    yield* Screen.number(
      "fibers",
      Screen.count(fibers),
      "on one connection, every statement on the wire before the first answer"
    )
    yield* Screen.number(
      "rate",
      perSecond(fibers * waves, millis),
      `statements/s, ${(rate / alone).toFixed(1)} times what one after the other gives`
    )
  })

export const pipeline = ({ accounts, connection }: Stage) =>
  Effect.gen(function* () {
    yield* connection.query(sql`
      create table ${accounts} (owner text primary key, balance int4 not null check (balance >= 0))`)
    yield* connection.query(sql`insert into ${accounts} values ('ada', 100), ('grace', 50)`)
    const result = yield* connection.pipeline([
      sql`update ${accounts} set balance = balance + ${25} where owner = ${"grace"}`,
      sql`update ${accounts} set balance = balance - ${250} where owner = ${"ada"}`,
      sql`insert into ${accounts} values (${"barbara"}, ${10})`
    ])
    const outcomes = result.steps.map((step) => step._tag)
    yield* Expect.equal("outcomes", outcomes.join(), "Completed,Failed,Aborted")
    const words = result.steps.map((step) => {
      switch (step._tag) {
        case "Completed":
          return `completed, ${step.result.command.text}`
        case "Failed":
          return `failed, ${step.error.code} ${step.error.text}`
        case "Aborted":
          return `not run, because statement ${step.by + 1} failed`
      }
    })
    yield* Effect.forEach(words, (text, at) => Screen.fact(`statement ${at + 1}`, text), { discard: true })
    const balances = yield* connection.values(sql`select balance from ${accounts} order by owner`)
    yield* Expect.equal("balances", balances.join(), "100,50")
    yield* Screen.fact("balances", "as before: the three were one transaction and one trip to the server")
  })

export const deadline = ({ connection }: Stage) =>
  Effect.gen(function* () {
    const timeout = Duration.millis(150)
    const [millis, error] = yield* timed(
      Expect.failure("a deadline", connection.query(sql`select pg_sleep(60)`, { timeout }), "PgTimeoutError")
    )
    yield* Expect.that("time until the deadline", millis < 1_000, "less than 1 s", Screen.time(millis))
    yield* Screen.quote(error.message)
    yield* Expect.equal("the session's state", (yield* connection.status).state, "clean")
  })
