/** What the server sends unasked: a notification from another session, a listener that outlives its session, and a notice. */
import { Effect, Option, Queue, Schedule, Stream } from "effect"
import { Listen, Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"
import type { Where } from "./Where.js"

const { sql } = Sql

/** The first element of a stream, within five seconds. */
const first = <A, E>(what: string, stream: Stream.Stream<A, E>) =>
  Stream.runHead(stream).pipe(
    Effect.timeoutFail({
      duration: "5 seconds",
      onTimeout: () => new Expect.Unexpected({ what, expected: "one", got: "none in five seconds" })
    }),
    Effect.map(Option.getOrThrow)
  )

export const notified = ({ connection, schema, watcher }: Stage) =>
  Effect.gen(function* () {
    const notifications = yield* connection.notifications
    yield* connection.query(sql`listen ${Sql.identifier(schema)}`)
    const [millis, notification] = yield* timed(
      Effect.zipRight(
        watcher.query(sql`select pg_notify(${schema}, ${"order 4711 has been paid"})`),
        first("a notification", notifications)
      )
    )
    yield* connection.query(sql`unlisten *`)
    yield* Expect.equal("the payload", notification.payload, "order 4711 has been paid")
    yield* Expect.equal("the sender", notification.processId, watcher.facts.processId ?? 0)
    yield* Screen.fact("notification", `"${notification.payload}" from process ${notification.processId}`)
    yield* Screen.number("arrived in", millis.toFixed(1), "ms, sending included")
  }).pipe(Effect.scoped)

const patient = Schedule.spaced("100 millis").pipe(Schedule.upTo("20 seconds"))

/** An event as a line of the screen. */
const line = (event: Listen.ListenEvent<string>): string =>
  event._tag === "Received"
    ? `"${event.payload}" from process ${event.processId}`
    : event.reason._tag === "SessionLost"
      ? "gap: the session was lost, so that notifications may be missing here"
      : `gap: ${event.reason.dropped} notifications were dropped`

/** Its session is lost in the midst: with the server where that is ours, else alone. */
export const survived = ({ pg, schema }: Stage, where: Where) =>
  Effect.gen(function* () {
    const listener = yield* Listen.Listen
    const events = yield* Queue.unbounded<Listen.ListenEvent<string>>()
    yield* Effect.forkScoped(
      Stream.runForEach(yield* listener.listen(schema), (event) => Queue.offer(events, event))
    )
    const next = Effect.tap(Queue.take(events), (event) => Screen.fact("listener", line(event)))
    const notify = (payload: string) => Effect.retry(Listen.notify(schema, payload), patient)

    yield* notify("order 4712 has been paid")
    yield* Expect.equal("the event before", (yield* next)._tag, "Received")
    const { processId } = yield* listener.status
    if (where.restart === undefined) {
      yield* pg.query(sql`select pg_terminate_backend(${processId})`)
      yield* Screen.fact("server", `has ended session ${processId}`)
    } else {
      const [millis] = yield* timed(where.restart)
      yield* Screen.fact("server", `restarted in ${Screen.time(millis)}`)
    }
    yield* Expect.equal("the event of the loss", (yield* next)._tag, "Gap")
    yield* notify("order 4713 has been paid")
    yield* Expect.equal("the event after", (yield* next)._tag, "Received")
    const again = yield* listener.status
    yield* Expect.that("the session", again.processId !== processId, "another one", String(again.processId))
  }).pipe(Effect.scoped, Effect.provide(Listen.layer({ onReconnect: () => Effect.void })))

export const noticed = ({ connection }: Stage) =>
  Effect.gen(function* () {
    const notices = yield* connection.notices
    yield* connection.query(sql`do $$ begin raise notice 'the table is % days old', 3; end $$`)
    const notice = yield* first("a notice", notices)
    yield* Expect.equal("the notice", notice.text, "the table is 3 days old")
    yield* Screen.fact("notice", `${notice.severity}: ${notice.text}`)
  }).pipe(Effect.scoped)
