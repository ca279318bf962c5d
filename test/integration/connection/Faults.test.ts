import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../../src/connection/PgConnection.js"
import * as Judgement from "../../../src/model/Judgement.js"
import type * as PgError from "../../../src/model/PgError.js"
import type { EmbeddedServer } from "../../../src/testing/EmbeddedPostgres.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"
import { describeWithServer, shared } from "../support/server.js"
import { isRunning, open, s, value } from "./sessions.js"

const terminate = (pg: PgConnection) => rawRows(shared, `select pg_terminate_backend(${pg.facts.processId})`)

describe("a session that the server ends", () => {
  it.scopedLive(
    "while idle: the reason is known at once, nothing is thrown, and the next use fails with it (FLW-062, FLW-065, ERR-011, TRP-020)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* terminate(pg)
        const reason = yield* pg.ended
        assert.isTrue(reason._tag === "PgClosedError" && reason.server?.code === "57P01")
        const status = yield* pg.status
        assert.deepStrictEqual([status.state, status.inFlight], ["broken", 0])
        for (const use of [
          pg.query(s("select 1")),
          pg.simple("select 1"),
          Stream.runDrain(pg.stream(s("select 1"))),
          pg.copyFrom("copy x from stdin", Stream.empty),
          Stream.runDrain(pg.copyTo("copy x to stdout")),
          pg.pipeline([s("select 1")]),
          pg.withTransaction(Effect.void)
        ] as ReadonlyArray<Effect.Effect<unknown, PgError.PgSessionError | PgError.PgCommitUnknownError>>) {
          const error = yield* Effect.flip(use)
          assert.isTrue(error._tag === "PgClosedError" && error.server?.code === "57P01" && error.nothingSent)
          // Another session may answer, but no later call on this one.
          assert.deepStrictEqual(
            [Judgement.hasNotHappened(error), Judgement.isRetryable(error)],
            [true, false]
          )
        }
      })
  )

  it.scopedLive(
    "amid a statement: the statement fails with the reason, and statements behind it fail with the same cause (TRP-065)",
    () =>
      Effect.gen(function* () {
        const pg = yield* open()
        yield* value(pg, "select 'behind'")
        const asleep = yield* Effect.fork(Effect.flip(pg.query(s("select pg_sleep(60)"))))
        yield* isRunning(pg, "pg_sleep")
        const behind = yield* Effect.fork(Effect.flip(pg.query(s("select 'behind'"))))
        const waiting = yield* Effect.fork(Effect.flip(pg.simple("select 1")))
        yield* eventually(pg.status, (status) => status.inFlight === 2 && status.waiting === 1)
        yield* terminate(pg)
        const first = yield* Fiber.join(asleep)
        assert.isTrue(first._tag === "PgServerError" && first.code === "57P01" && first.severity === "FATAL")
        const second = yield* Fiber.join(behind)
        assert.isTrue(second._tag === "PgClosedError" && second.server?.code === "57P01" && second.sent)
        const third = yield* Fiber.join(waiting)
        assert.isTrue(third._tag === "PgClosedError" && third.server?.code === "57P01" && third.nothingSent)
      })
  )

  it.scopedLive(
    "amid a stream or a copy: an error behind the rows, never an end (TRP-068, FLW-082, FLW-095)",
    () =>
      Effect.gen(function* () {
        const forms: ReadonlyArray<(pg: PgConnection) => Stream.Stream<unknown, PgError.PgSessionError>> = [
          (pg) => pg.stream(s("select generate_series(1, 100000000)")),
          (pg) => pg.stream(s("select generate_series(1, 100000000)"), { fetchSize: 100 }),
          (pg) => pg.copyTo("copy (select generate_series(1, 100000000)) to stdout")
        ]
        for (const form of forms) {
          const pg = yield* open({ config: { streamBufferBytes: 1000 } })
          const started = yield* Deferred.make<void>()
          const fiber = yield* Effect.fork(
            Effect.flip(Stream.runForEach(form(pg), () => Deferred.succeed(started, undefined)))
          )
          yield* Deferred.await(started)
          yield* terminate(pg)
          const error = yield* Fiber.join(fiber)
          // The last word may be cut off by the reset when much is unread.
          assert.isTrue(
            (error._tag === "PgServerError" && error.code === "57P01") || error._tag === "PgClosedError",
            error.message
          )
          assert.strictEqual((yield* pg.status).state, "broken")
        }
      })
  )

  it.scopedLive(
    "because its scope was closed: waiting callers fail, and the server receives Terminate (CON-132, CON-133)",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const pg = yield* Scope.extend(open(), scope)
        const copying = yield* Effect.fork(
          Effect.flip(pg.copyFrom("copy pg_temp.nothing from stdin", Stream.fromEffect(Effect.never)))
        )
        yield* Fiber.join(copying)
        const asleep = yield* Effect.fork(Effect.flip(pg.query(s("select pg_sleep(60)"))))
        yield* isRunning(pg, "pg_sleep")
        yield* Scope.close(scope, Exit.void)
        const error = yield* Fiber.join(asleep)
        assert.isTrue(error._tag === "PgClosedError" && error.sent && /scope was closed/.test(error.reason))
        const late = yield* Effect.flip(pg.query(s("select 1")))
        assert.isTrue(late._tag === "PgClosedError" && late.nothingSent)
        const idle = yield* Scope.make()
        const other = yield* Scope.extend(open(), idle)
        yield* Scope.close(idle, Exit.void)
        yield* eventually(
          rawRows(shared, `select 1 from pg_stat_activity where pid = ${other.facts.processId}`),
          (rows) => rows.length === 0
        )
      })
  )
})

describe("a link that ends", () => {
  it.scopedLive("inside a message reports how much was missing, and returns no half row (FLW-095)", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const pg = yield* open({ target: proxy })
      yield* value(pg, "select repeat('x', 100000)")
      yield* proxy.setFault({ toClient: { cutAfter: 70_000 } })
      const seen: Array<unknown> = []
      const error = yield* Effect.flip(
        Stream.runForEach(pg.stream(s("select repeat('x', 100000) from generate_series(1, 3)")), (row) =>
          Effect.sync(() => seen.push(row))
        )
      )
      assert.isTrue(error._tag === "PgClosedError" && error.sent, error.message)
      assert.match(error.message, /\d+ bytes before the end of a message/)
      assert.deepStrictEqual(seen, [])
    })
  )

  for (const how of ["cut", "reset"] as const) {
    it.scopedLive(
      `by ${how}: every waiting statement fails once, and a statement that was not sent may be tried again (CON-134, TRP-132)`,
      () =>
        Effect.gen(function* () {
          const proxy = yield* FaultProxy.make({ target: shared })
          const pg = yield* open({ target: proxy, config: { pipelineDepth: 3 } })
          yield* value(pg, "select 1")
          yield* proxy.setFault({ toClient: { stallAfter: 0 } })
          const fibers = yield* Effect.forEach(Array.from({ length: 6 }), () =>
            Effect.fork(Effect.flip(pg.query(s("select 1"))))
          )
          yield* eventually(pg.status, ({ inFlight, waiting }) => inFlight === 3 && waiting === 3)
          yield* proxy.dropAll(how)
          const errors = yield* Fiber.joinAll(fibers)
          assert.deepStrictEqual(
            [...errors].map((error) => [error._tag, error.nothingSent]),
            [0, 1, 2, 3, 4, 5].map((at) => ["PgClosedError", at >= 3])
          )
          assert.strictEqual((yield* pg.ended)._tag, "PgClosedError")
        })
    )
  }
})

describeWithServer("a server", {}, (server: () => EmbeddedServer) => {
  it.scopedLive("that stops or starts again ends its sessions with their reason (FLW-062, ERR-011)", () =>
    Effect.gen(function* () {
      for (const [mode, code] of [
        ["fast", "57P01"],
        ["immediate", "57P01"]
      ] as const) {
        const pg = yield* open({ target: server() })
        const asleep = yield* Effect.fork(Effect.flip(pg.query(s("select pg_sleep(60)"))))
        const idle = yield* open({ target: server() })
        yield* isRunning(pg, "pg_sleep", server())
        yield* server().restart(mode)
        const error = yield* Fiber.join(asleep)
        const said =
          error._tag === "PgServerError" ? error : error._tag === "PgClosedError" ? error.server : undefined
        assert.strictEqual(said?.code, code, `${mode}: ${error.message}`)
        const reason = yield* idle.ended
        assert.isTrue(
          reason._tag === "PgClosedError" && reason.server?.code === code,
          `${mode}: ${reason.message}`
        )
        const next = yield* open({ target: server() })
        assert.strictEqual(yield* value(next, "select 1"), 1)
      }
    })
  )

  it.scopedLive(
    "one of whose backends crashes sends a notice before the end, which is the reason (FLW-062)",
    () =>
      Effect.gen(function* () {
        const victim = yield* open({ target: server() })
        const idle = yield* open({ target: server() })
        const busy = yield* open({ target: server() })
        const asleep = yield* Effect.fork(Effect.flip(busy.query(s("select pg_sleep(60)"))))
        yield* isRunning(busy, "pg_sleep", server())
        process.kill(victim.facts.processId!, "SIGKILL")
        const lost = yield* victim.ended
        assert.isTrue(lost._tag === "PgClosedError")
        const reason = yield* idle.ended
        assert.isTrue(reason._tag === "PgClosedError" && reason.server?.code === "57P02", reason.message)
        const error = yield* Fiber.join(asleep)
        assert.isTrue(
          error._tag === "PgClosedError" && error.server?.code === "57P02" && error.sent,
          error.message
        )
        // Recovery: 57P03 is an attempt that may be repeated.
        const again = yield* Effect.retry(open({ target: server() }), {
          while: (error) => Judgement.isRetryable(error),
          schedule: Schedule.spaced("5 millis")
        })
        assert.strictEqual(yield* value(again, "select 1"), 1)
      })
  )

  it.scopedLive("that drops the database ends its sessions with the reason (FLW-062)", () =>
    Effect.gen(function* () {
      yield* rawRows(server(), "create database doomed")
      const pg = yield* open({ target: server(), config: { database: "doomed" } })
      yield* rawRows(server(), "drop database doomed with (force)")
      const reason = yield* pg.ended
      assert.isTrue(reason._tag === "PgClosedError" && reason.server !== undefined, reason.message)
    })
  )

  it.scopedLive("that has an idle limit ends the session when it passes", () =>
    Effect.gen(function* () {
      const pg = yield* open({ target: server(), config: { parameters: { idle_session_timeout: "50ms" } } })
      const reason = yield* pg.ended
      assert.isTrue(reason._tag === "PgClosedError" && reason.server?.code === "57P05", reason.message)
    })
  )
})
