import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Gap, Malformed, Received } from "../../../src/client/listen/Listen.js"
import * as Listen from "../../../src/client/listen/Listen.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { PgConnector } from "../../../src/connection/PgConnector.js"
import * as EventLoop from "../../../src/host/EventLoop.js"
import { PgAuthError, PgServerError } from "../../../src/model/PgError.js"
import * as ServerFields from "../../../src/model/ServerFields.js"
import { FakeSessions, unreachable } from "./fakeSessions.js"

const turns = Effect.zipRight(EventLoop.turn, Effect.repeatN(Effect.yieldNow(), 50))
const quiet: Listen.ListenLayerOptions = { onReconnect: () => Effect.void }

const start = (options: Listen.ListenLayerOptions = quiet) =>
  Effect.gen(function* () {
    const fake = new FakeSessions()
    const service = yield* Listen.make(options).pipe(Effect.provideService(PgConnector, fake.connector))
    return { fake, service }
  })

/** What a stream has emitted so far, in words. */
const following = <E>(
  stream: Stream.Stream<Received<unknown> | Gap | Malformed, E>
): Effect.Effect<Array<string>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    yield* Stream.runForEach(stream, (event) =>
      Effect.sync(() => {
        seen.push(
          event._tag === "Received"
            ? `${event.channel}=${JSON.stringify(event.payload)}`
            : event._tag === "Malformed"
              ? `malformed ${event.payload}`
              : event.reason._tag === "SessionLost"
                ? `lost ${event.reason.attempts}`
                : `dropped ${event.reason.dropped}`
        )
      })
    ).pipe(
      Effect.onExit((exit) => Effect.sync(() => seen.push(Exit.isSuccess(exit) ? "end" : "failed"))),
      Effect.forkScoped
    )
    yield* turns
    return seen
  })

describe("a listener", () => {
  it.scoped(
    "has one session for all channels, on the primary, and returns a subscription once LISTEN has run",
    () =>
      Effect.gen(function* () {
        const { fake, service } = yield* start()
        assert.deepInclude(yield* service.status, { state: "idle", channels: [] })
        const a = yield* service.listen("a")
        assert.deepStrictEqual(fake.last.commands, [`listen "a"`])
        const b = yield* service.listen(`B "quoted"`)
        yield* service.listen("a")
        assert.strictEqual(fake.attempts, 1)
        assert.deepStrictEqual(fake.last.commands, [`listen "a"`, `listen "B ""quoted"""`])
        assert.deepStrictEqual(fake.overrides, { targetSessionAttrs: "primary" })
        const [ofA, ofB] = [yield* following(a), yield* following(b)]
        fake.last.notify("a", "1")
        fake.last.notify(`B "quoted"`, "2")
        fake.last.notify("other", "3")
        yield* turns
        assert.deepStrictEqual([ofA, ofB], [[`a="1"`], [`B "quoted"="2"`]])
        const status = yield* service.status
        assert.deepInclude(status, { state: "listening", processId: 1 })
        assert.deepStrictEqual(status.channels, ["a", `B "quoted"`])
      })
  )

  it.scoped("FLW-061 listens to every channel again after a loss, and a gap comes before what follows", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const a = yield* following(yield* service.listen("a"))
      const b = yield* following(yield* service.listen("b"))
      fake.last.notify("a", "before")
      yield* turns
      fake.failures.push(unreachable, unreachable)
      fake.last.lose()
      yield* turns
      assert.deepInclude(yield* service.status, { state: "connecting", processId: undefined })
      assert.strictEqual(fake.attempts, 1, "the first attempt waits for the schedule")
      yield* TestClock.adjust("1 second")
      yield* turns
      assert.strictEqual(fake.attempts, 4)
      assert.deepStrictEqual(fake.last.commands, [`listen "a"; listen "b"`])
      fake.last.notify("a", "after")
      yield* turns
      assert.deepStrictEqual(a, [`a="before"`, "lost 3", `a="after"`])
      assert.deepStrictEqual(b, ["lost 3"])
    })
  )

  it.scoped("quotes every name when it listens again, as it did at first (V38, V39)", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const names = [`a"; drop table t; --`, "$1", " b ", "ä".repeat(31) + "x"]
      for (const name of names) yield* service.listen(name)
      const quoted = [`listen "a""; drop table t; --"`, `listen "$1"`, `listen " b "`, `listen "${names[3]}"`]
      assert.deepStrictEqual(fake.last.commands, quoted)
      fake.last.lose()
      yield* turns
      yield* TestClock.adjust("1 second")
      yield* turns
      assert.deepStrictEqual(fake.last.commands, [quoted.join("; ")])
    })
  )

  it.scoped("makes a subscriber wait that comes during an outage, and reports no gap to it", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      yield* service.listen("a")
      fake.last.lose()
      yield* turns
      const late = yield* Effect.fork(service.listen("late"))
      yield* turns
      assert.isNull(yield* Fiber.poll(late).pipe(Effect.map((exit) => (exit._tag === "None" ? null : exit))))
      yield* TestClock.adjust("1 second")
      const seen = yield* following(yield* Fiber.join(late))
      fake.last.notify("late", "1")
      yield* turns
      assert.deepStrictEqual(seen, [`late="1"`])
      assert.include(fake.last.commands.join("; "), `listen "late"`)
    })
  )

  it.scoped("ends every stream with the reason when the schedule has ended, and can begin anew", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start({ ...quiet, reconnect: Schedule.recurs(1) })
      const stream = yield* service.listen("a")
      fake.failures.push(unreachable)
      fake.last.lose()
      const error = yield* Effect.flip(Stream.runDrain(stream))
      assert.strictEqual(error, unreachable)
      assert.deepInclude(yield* service.status, { state: "idle", channels: [] })
      yield* service.listen("a")
      assert.strictEqual(fake.sessions.length, 2)
    })
  )

  it.scoped("does not try again what cannot pass", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const refused = new PgAuthError({
        reason: "rejected",
        method: "",
        detail: "no",
        user: "app",
        server: undefined
      })
      const stream = yield* service.listen("a")
      fake.failures.push(refused)
      fake.last.lose()
      yield* turns
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(stream)), refused)
      assert.strictEqual(fake.attempts, 2)
    })
  )

  it.scoped("fails at once when the first session cannot be opened, or refuses to listen", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      fake.failures.push(unreachable)
      assert.strictEqual(yield* Effect.flip(service.listen("a")), unreachable)
      const standby = new PgServerError({
        ...ServerFields.make({ severity: "ERROR", code: "25006", text: "cannot execute LISTEN" }),
        sql: ""
      } as never)
      fake.refuses = standby
      assert.strictEqual(yield* Effect.flip(service.listen("a")), standby)
      assert.isTrue(fake.last.isClosed)
    })
  )

  it.scoped("reports each attempt, and the delays begin anew when a session has lived", () =>
    Effect.gen(function* () {
      const reports: Array<string> = []
      const { fake, service } = yield* start({
        reconnect: Schedule.exponential("1 second"),
        onReconnect: (_, attempt, delay) =>
          Effect.sync(() => reports.push(`${attempt}: ${delay && Duration.toMillis(delay)}`))
      })
      yield* service.listen("a")
      fake.failures.push(unreachable)
      fake.last.lose()
      yield* turns
      yield* TestClock.adjust("10 seconds")
      yield* turns
      // This one dies before it has shown anything: the delays go on growing.
      fake.last.lose()
      yield* turns
      yield* TestClock.adjust("4 seconds")
      yield* turns
      fake.last.notify("a", "alive")
      yield* turns
      fake.last.lose()
      yield* turns
      assert.deepStrictEqual(reports, ["1: 1000", "2: 2000", "3: 4000", "1: 1000"])
    })
  )

  it.scoped("finds a server that vanished silently by an unanswered probe", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start({
        ...quiet,
        probeInterval: "30 seconds",
        probeTimeout: "10 seconds"
      })
      const seen = yield* following(yield* service.listen("a"))
      yield* TestClock.adjust("29 seconds")
      fake.last.notify("a", "1")
      yield* turns
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        fake.last.commands,
        [`listen "a"`],
        "a session that has just answered is not asked"
      )
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(fake.last.commands, [`listen "a"`, ""])
      fake.last.isSilent = true
      yield* TestClock.adjust("39 seconds")
      yield* turns
      assert.strictEqual(fake.sessions.length, 1)
      yield* TestClock.adjust("2 seconds")
      yield* turns
      assert.strictEqual(fake.sessions.length, 2)
      assert.deepStrictEqual(seen, [`a="1"`, "lost 1"])
    })
  )

  it.scoped(
    "stops listening with the last subscriber of a channel, and closes its session with the last of all",
    () =>
      Effect.gen(function* () {
        const { fake, service } = yield* start()
        const [first, second, other] = [yield* Scope.make(), yield* Scope.make(), yield* Scope.make()]
        yield* Scope.extend(service.listen("a"), first)
        const stream = yield* Scope.extend(service.listen("a"), second)
        yield* Scope.extend(service.listen("b"), other)
        const seen = yield* following(stream)
        yield* Scope.close(first, Exit.void)
        yield* turns
        assert.deepStrictEqual(fake.last.commands, [`listen "a"`, `listen "b"`])
        yield* Scope.close(second, Exit.void)
        yield* turns
        assert.deepStrictEqual([fake.last.commands.at(-1), seen], [`unlisten "a"`, ["end"]])
        yield* Scope.close(other, Exit.void)
        yield* turns
        assert.isTrue(fake.last.isClosed)
        assert.deepInclude(yield* service.status, { state: "idle" })
        yield* service.listen("a")
        assert.strictEqual(fake.sessions.length, 2)
      })
  )

  it.effect("ends its streams with PgClosedError when its scope closes, and takes no more", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { fake, service } = yield* Scope.extend(start(), scope)
      const stream = yield* Scope.extend(service.listen("a"), scope)
      yield* Scope.close(scope, Exit.void)
      // What the subscription's scope ends, ends well.
      yield* Stream.runDrain(stream)
      assert.isTrue(fake.last.isClosed)
      const error = yield* Effect.flip(Effect.scoped(service.listen("a")))
      assert.strictEqual(error._tag, "PgClosedError")
    })
  )

  it.scoped("reports what its own session had to drop to every channel", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const seen = yield* following(yield* service.listen("a"))
      fake.last.dropped = 5
      fake.last.notify("a", "1")
      yield* turns
      assert.deepStrictEqual(seen, ["dropped 5", `a="1"`])
    })
  )

  it.scoped("reads payloads through a Schema, and goes on after one that is malformed", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const schema = Schema.parseJson(Schema.Struct({ id: Schema.Int }))
      const stream = yield* service.listen("a", { schema })
      const seen = yield* following(stream)
      for (const payload of [`{"id":1}`, `{"id":"secret"}`, `nonsense`, `{"id":2}`])
        fake.last.notify("a", payload)
      yield* turns
      assert.deepStrictEqual(seen, [
        `a={"id":1}`,
        `malformed {"id":"secret"}`,
        `malformed nonsense`,
        `a={"id":2}`
      ])
    })
  )

  it.scoped("reports what is wrong with a payload without repeating the payload", () =>
    Effect.gen(function* () {
      const { fake, service } = yield* start()
      const stream = yield* service.listen("a", {
        schema: Schema.parseJson(Schema.Struct({ id: Schema.Int }))
      })
      fake.last.notify("a", `{"id":"secret"}`)
      const [event] = yield* Stream.runCollect(Stream.take(stream, 1))
      if (event?._tag !== "Malformed") return assert.fail(String(event?._tag))
      assert.strictEqual(event.error._tag, "PgCodecError")
      assert.notInclude(event.error.message, "secret")
      assert.include(event.error.message, "payload")
    })
  )

  const names: ReadonlyArray<readonly [name: string, reason: string]> = [
    ["", "empty"],
    ["a\0b", "zero byte"],
    ["\ud800", "lone surrogate"],
    ["x".repeat(64), "63 bytes"],
    ["ä".repeat(32), "63 bytes"]
  ]
  for (const [name, reason] of names)
    it.scoped(`refuses a name that is no channel: ${JSON.stringify(name)}`, () =>
      Effect.gen(function* () {
        const { fake, service } = yield* start()
        const listening = yield* Effect.flip(service.listen(name))
        const notifying = yield* Effect.flip(Listen.notify(name)).pipe(
          Effect.provideService(PgClient.PgClient, {} as PgClient.PgClientService)
        )
        for (const error of [listening, notifying]) {
          assert.deepInclude(error, { _tag: "PgUsageError", argument: "channel" })
          assert.include(error.message, reason)
        }
        assert.strictEqual(fake.attempts, 0)
      })
    )

  it.scoped("refuses an invalid capacity", () =>
    Effect.gen(function* () {
      const { service } = yield* start()
      for (const capacity of [0, -1, 1.5, NaN]) {
        const error = yield* Effect.flip(service.listen("a", { capacity }))
        assert.include(error.message, `capacity must be a whole number from 1, got ${capacity}`)
      }
    })
  )
})

describe("notify", () => {
  const refused = (payload: string) =>
    Listen.notify("a", payload).pipe(
      Effect.provideService(PgClient.PgClient, {
        execute: () => Effect.succeed({ rows: [] })
      } as unknown as PgClient.PgClientService),
      Effect.either,
      Effect.map((outcome) => (Either.isLeft(outcome) ? outcome.left.message : "sent"))
    )

  it.effect("sends channel and payload as parameters, whatever is in them (V41)", () =>
    Effect.gen(function* () {
      const sent: Array<{ readonly sql: string; readonly parameters: ReadonlyArray<unknown> }> = []
      const channel = `a'"; --`
      const payload = `'); drop table t; -- $1 \\`
      yield* Listen.notify(channel, payload).pipe(
        Effect.provideService(PgClient.PgClient, {
          execute: (statement: (typeof sent)[number]) =>
            Effect.sync(() => {
              sent.push(statement)
              return { rows: [] }
            })
        } as unknown as PgClient.PgClientService)
      )
      assert.lengthOf(sent, 1)
      assert.notInclude(sent[0]!.sql, "drop")
      assert.deepStrictEqual(sent[0]!.parameters, [channel, payload])
    })
  )

  it.effect("takes 7,999 bytes of UTF-8 and refuses more with the number", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* refused("x".repeat(7999)), "sent")
      assert.strictEqual(yield* refused("€".repeat(2666)), "sent")
      assert.include(
        yield* refused("x".repeat(8000)),
        "payload must have at most 7999 bytes of UTF-8, got 8000"
      )
      assert.include(yield* refused("€".repeat(2667)), "got 8001")
      assert.include(yield* refused("a\0"), "payload cannot contain a zero byte")
    })
  )
})
