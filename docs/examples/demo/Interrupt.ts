/** A statement of a minute, stopped at once: the server is sent a cancel request, and the session goes on. */
import { Effect, Fiber } from "effect"
import { Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

const { sql } = Sql

/** What the first session is doing, as the server reports it. */
const activity = ({ connection, watcher }: Stage) =>
  Effect.map(
    watcher.query(sql`
      select state, coalesce(wait_event, '') as wait from pg_stat_activity
      where pid = ${connection.facts.processId ?? 0}`),
    (rows) => ({ state: String(rows[0]?.["state"]), wait: String(rows[0]?.["wait"]) })
  )

const asleep = (stage: Stage) =>
  activity(stage).pipe(
    Effect.delay("10 millis"),
    Effect.repeat({ until: ({ wait }) => wait === "PgSleep" }),
    Effect.timeoutFail({
      duration: "10 seconds",
      onTimeout: () =>
        new Expect.Unexpected({
          what: "pg_sleep",
          expected: "a session that sleeps",
          got: "none in ten seconds"
        })
    })
  )

export const interrupt = (stage: Stage) =>
  Effect.gen(function* () {
    const { connection } = stage
    const ours = Expect.single<number>(yield* connection.query(sql`select pg_backend_pid()`))
    const fiber = yield* Effect.fork(connection.query(sql`select pg_sleep(60)`))
    const before = yield* asleep(stage)
    yield* Screen.fact("before", `the server reports: ${before.state}, waiting in ${before.wait}`)
    const [millis] = yield* timed(Fiber.interrupt(fiber))
    const after = yield* activity(stage)
    yield* Screen.number("interrupted in", millis.toFixed(1), "ms, until the session was clean again")
    yield* Screen.fact("after", `the server reports: ${after.state}`)
    yield* Expect.that(
      "time until it was stopped",
      millis < 1_000,
      "less than 1 s of the 60",
      Screen.time(millis)
    )
    yield* Expect.equal("the server's word on the session", after.state, "idle")
    yield* Expect.equal("the session's state", (yield* connection.status).state, "clean")
    const still = Expect.single<number>(yield* connection.query(sql`select pg_backend_pid()`))
    yield* Expect.equal("the server's process", still, ours)
    yield* Screen.fact("and", `process ${still} goes on serving this connection`)
  })
