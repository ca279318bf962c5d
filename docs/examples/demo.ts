/**
 * What this package does, shown on a real server and checked on the way: `npm run demo`.
 *
 * Runs on an embedded PostgreSQL, unless DATABASE_URL, PGHOST or PGSERVICE names another. It works in a schema of its own
 * and drops it at the end, also after a failure or Ctrl-C. The exit code is 0 only if every step was as expected.
 */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Duration, Effect, Exit } from "effect"
import { PgClient } from "effect-postgres"
import { backup } from "./demo/Backup.js"
import { connect } from "./demo/Connect.js"
import { Unexpected } from "./demo/Expect.js"
import { printed, retried, rolledBack } from "./demo/Failures.js"
import { fill } from "./demo/Fill.js"
import { follow, missing } from "./demo/Follow.js"
import { interrupt } from "./demo/Interrupt.js"
import { noticed, notified, survived } from "./demo/Listen.js"
import { readBack, slowConsumer, values } from "./demo/ReadBack.js"
import * as Screen from "./demo/Screen.js"
import * as Stage from "./demo/Stage.js"
import { deadline, pipeline, pipelined, prepared } from "./demo/Statements.js"
import * as Where from "./demo/Where.js"

/** The longest that a step may take. */
const patience = Duration.seconds(60)

let steps = 0

/** Runs one step under its heading, and prints at the end what it has shown. */
const step = <A, E, R>(heading: string, shown: string, body: Effect.Effect<A, E, R>) =>
  Screen.heading(++steps, heading).pipe(
    Effect.zipRight(body),
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () =>
        new Unexpected({ what: heading, expected: `an end within ${Duration.format(patience)}`, got: "none" })
    }),
    Effect.zipLeft(Screen.ok(shown))
  )

const show = (where: Where.Where) =>
  Effect.gen(function* () {
    const stage = yield* Stage.make
    yield* step("A session", "connected without any SQL of our own", connect(stage, where))
    yield* step("A million rows in, by COPY", "stored and counted", fill(stage))
    yield* step("A million rows out, as a Stream", "all of them, in bounded memory", readBack(stage))
    yield* step("A slow consumer", "slows the server down, and may leave early", slowConsumer(stage))
    yield* step("Values", "nothing is lost by default", values(stage))
    const alone = yield* step("One statement, many times", "prepared once", prepared(stage))
    yield* step("A hundred fibers, one connection", "pipelined", pipelined(stage, alone))
    yield* step("Three statements in one go, the second fails", "all or nothing", pipeline(stage))
    yield* step(
      "Errors for people",
      "what, where, and what to do; the session is still usable",
      printed(stage)
    )
    yield* step("A transaction that fails", "nothing of it was stored", rolledBack(stage))
    yield* step("A transaction that is tried again", "serialization failures can be retried", retried(stage))
    yield* step("pg_sleep(60), interrupted", "stopped on the server, same session", interrupt(stage))
    yield* step("pg_sleep(60), with a deadline", "stopped on the server, and reported", deadline(stage))
    yield* step("A notification", "from another session", notified(stage))
    yield* step("A notice", "nothing that the server sends is dropped", noticed(stage))
    if (where.restart !== undefined) {
      yield* step(
        "A backup of the busy server",
        "verified, and a second server starts from it",
        backup(stage)
      )
    }
    // The last ones, since sessions do not outlive a restart.
    const lacks = yield* missing(stage)
    yield* lacks.length === 0
      ? step("A feed of changes, and a restart in its midst", "nothing was lost", follow(stage, where))
      : Screen.title(`A feed of changes is left out, because on this server ${lacks.join(", and ")}.`)
    yield* step(
      "A listener that loses its session",
      "listens again, and reports the gap",
      survived(stage, where)
    )
  })

const demo = Effect.gen(function* () {
  yield* Screen.title("effect-postgres: PostgreSQL for Effect, from the wire up")
  const where = yield* Where.choose
  yield* Effect.scoped(show(where)).pipe(Effect.provide(PgClient.layer(where.config)))
}).pipe(Effect.scoped)

const main = Effect.gen(function* () {
  const [millis] = yield* Stage.timed(demo)
  const memory = `${Screen.megabytes(process.resourceUsage().maxRSS * 1024)} MB at most`
  yield* Screen.title(
    `All ${steps} steps were as expected, in ${Screen.time(millis)}, with ${memory}. Nothing was left behind.\n`
  )
}).pipe(
  Effect.onError((cause) => Screen.failed(Screen.words(cause))),
  Effect.provide(NodeContext.layer)
)

/** 130 is what shells expect of a program that Ctrl-C has ended. */
const exitCode = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) ? 0 : Exit.isInterrupted(exit) ? 130 : 1

NodeRuntime.runMain(main, {
  disableErrorReporting: true,
  teardown: (exit, end) => end(exitCode(exit))
})
