/** What the server says unasked: a notification from another session, and a notice. */
import { Effect, Option, Stream } from "effect"
import { Sql } from "effect-postgres"
import * as Expect from "./Expect.js"
import * as Screen from "./Screen.js"
import { timed, type Stage } from "./Stage.js"

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

export const noticed = ({ connection }: Stage) =>
  Effect.gen(function* () {
    const notices = yield* connection.notices
    yield* connection.query(sql`do $$ begin raise notice 'the table is % days old', 3; end $$`)
    const notice = yield* first("a notice", notices)
    yield* Expect.equal("the notice", notice.text, "the table is 3 days old")
    yield* Screen.fact("notice", `${notice.severity}: ${notice.text}`)
  }).pipe(Effect.scoped)
