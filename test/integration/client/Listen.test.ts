import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ListenEvent, ListenLayerOptions } from "../../../src/client/listen/Listen.js"
import * as Listen from "../../../src/client/listen/Listen.js"
import * as PgClient from "../../../src/client/PgClient.js"
import { sql, unsafe } from "../../../src/client/Sql.js"
import type { PgConfigInput } from "../../../src/config/Input.js"
import * as FaultProxy from "../../../src/testing/FaultProxy.js"
import { configOf } from "../connection/sessions.js"
import { eventually } from "../support/eventually.js"
import { describeEachVersion, shared } from "../support/server.js"
import { throughLosses } from "./listenLosses.js"

/** A client and a listener over one connector. */
const make = (
  config: PgConfigInput = {},
  options: ListenLayerOptions = {},
  target: { readonly host: string; readonly port: number } = shared
) => {
  const client = PgClient.layer(configOf({ config: { host: target.host, port: target.port, ...config } }))
  const listener = Listen.layer({
    reconnect: Schedule.spaced("5 millis"),
    onReconnect: () => Effect.void,
    ...options
  })
  return Effect.map(Layer.build(Layer.provideMerge(listener, client)), (context) => ({
    pg: Context.get(context, PgClient.PgClient),
    listener: Context.get(context, Listen.Listen),
    notify: (channel: string, payload?: string) => Effect.provide(Listen.notify(channel, payload), context)
  }))
}

/** Collects what a stream emits. */
const follow = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<Array<A>, never, Scope.Scope> => {
  const seen: Array<A> = []
  return Effect.as(
    Effect.forkScoped(Stream.runForEach(stream, (event) => Effect.sync(() => seen.push(event)))),
    seen
  )
}

const payloads = (events: ReadonlyArray<ListenEvent<unknown>>): ReadonlyArray<unknown> =>
  events.map((event) => (event._tag === "Received" ? event.payload : event.reason._tag))

let channels = 0
const channel = () => `ch_${process.pid}_${++channels}`

const until = (seen: ReadonlyArray<unknown>, count: number) =>
  eventually(
    Effect.sync(() => seen.length),
    (length) => length >= count
  )

describe("a listener on a real server", () => {
  it.scopedLive("receives any payload in any channel, from its own process and in order", () =>
    Effect.gen(function* () {
      const { listener, notify, pg } = yield* make()
      const names = [channel(), `${channel()} "quoted" $1 'Ünï'`, "ä".repeat(31)]
      const values = ["", "'; drop table x; --", `"`, "\\", "$1", "ünï 🐘\n", "x".repeat(7999)]
      for (const name of names) {
        const seen = yield* follow(yield* listener.listen(name))
        for (const each of values) yield* notify(name, each)
        yield* until(seen, values.length)
        assert.deepStrictEqual(payloads(seen), values)
        assert.isTrue(seen.every((event) => event._tag === "Received" && event.channel === name))
      }
      const [row] = yield* pg.values(
        sql`select count(*)::int4 from pg_stat_activity where query ilike 'listen%' and state = 'idle'`
      )
      assert.isAtLeast(Number(row?.[0]), 1)
    })
  )

  it.scopedLive("receives what a transaction notified when it commits, and nothing of one that fails", () =>
    Effect.gen(function* () {
      const { listener, notify, pg } = yield* make()
      const name = channel()
      const seen = yield* follow(yield* listener.listen(name))
      yield* Effect.either(pg.withTransaction(Effect.zipRight(notify(name, "undone"), Effect.fail("no"))))
      yield* pg.withTransaction(
        Effect.gen(function* () {
          yield* notify(name, "1")
          yield* notify(name, "1")
          yield* notify(name, "2")
          assert.deepStrictEqual(seen, [])
        })
      )
      yield* until(seen, 2)
      assert.deepStrictEqual(payloads(seen), ["1", "2"])
    })
  )

  it.scopedLive("TRP-124 listens to everything again when its session is killed, and reports a gap", () =>
    Effect.gen(function* () {
      const { listener, notify, pg } = yield* make()
      const [a, b] = [channel(), `${channel()} "b"`]
      const seenA = yield* follow(yield* listener.listen(a))
      const seenB = yield* follow(yield* listener.listen(b, { schema: Schema.parseJson(Schema.Number) }))
      yield* notify(a, "1")
      yield* until(seenA, 1)
      const { processId } = yield* listener.status
      yield* pg.execute(sql`select pg_terminate_backend(${processId})`)
      yield* until(seenA, 2)
      yield* until(seenB, 1)
      yield* notify(a, "2")
      yield* notify(b, "3")
      yield* until(seenA, 3)
      yield* until(seenB, 2)
      assert.deepStrictEqual(payloads(seenA), ["1", "SessionLost", "2"])
      assert.deepStrictEqual(
        seenB.map((event) => (event._tag === "Received" ? event.payload : event._tag)),
        ["Gap", 3]
      )
      const gap = seenA[1]
      if (gap?._tag !== "Gap" || gap.reason._tag !== "SessionLost") return assert.fail("there is no gap")
      assert.include(gap.reason.error.message, "57P01")
    })
  )

  it.scopedLive("gives its session back with the last subscription", () =>
    Effect.gen(function* () {
      const { listener, pg } = yield* make()
      const scope = yield* Scope.make()
      yield* Scope.extend(listener.listen(channel()), scope)
      const { processId } = yield* listener.status
      const isThere = Effect.map(
        pg.query(sql`select 1 from pg_stat_activity where pid = ${processId}::int4`),
        (rows) => rows.length === 1
      )
      assert.isTrue(yield* isThere)
      yield* Scope.close(scope, Exit.void)
      yield* eventually(isThere, (there) => !there)
    })
  )

  it.scopedLive("finds a link that has gone silent, and what was notified meanwhile is a gap", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const { notify } = yield* make()
      const { listener } = yield* make(
        { host: proxy.host, port: proxy.port },
        { probeInterval: "20 millis", probeTimeout: "200 millis" }
      )
      const name = channel()
      const seen = yield* follow(yield* listener.listen(name))
      yield* proxy.setFault((connection) =>
        connection === 0 ? { toClient: { stallAfter: 0 }, toServer: { stallAfter: 0 } } : {}
      )
      yield* notify(name, "missed")
      yield* until(seen, 1)
      yield* notify(name, "after")
      yield* until(seen, 2)
      assert.deepStrictEqual(payloads(seen), ["SessionLost", "after"])
    })
  )

  it.scopedLive("serves a thousand channels, also after a loss", () =>
    Effect.gen(function* () {
      const { listener, notify, pg } = yield* make()
      const names = Array.from({ length: 1000 }, channel)
      const seen = yield* Effect.forEach(names, (name) => Effect.flatMap(listener.listen(name), follow), {
        concurrency: 50
      })
      const { processId } = yield* listener.status
      yield* pg.execute(sql`select pg_terminate_backend(${processId})`)
      yield* eventually(
        Effect.sync(() => seen.filter((events) => events.length === 1).length),
        (ready) => ready === names.length
      )
      yield* pg.execute(sql`select pg_notify(name, 'x') from unnest(${names}::text[]) name`)
      yield* eventually(
        Effect.sync(() => seen.filter((events) => events.length === 2).length),
        (ready) => ready === names.length
      )
      assert.isTrue(seen.every((events) => payloads(events).join() === "SessionLost,x"))
      yield* notify(names[0]!, "end")
    })
  )

  it.scopedLive("emits every notification, or a gap where it would have been, through fifty losses", () =>
    Effect.gen(function* () {
      const proxy = yield* FaultProxy.make({ target: shared })
      const { notify } = yield* make({ maxConnections: 1 })
      const { listener } = yield* make({ host: proxy.host, port: proxy.port })
      const name = channel()
      yield* throughLosses({
        cycles: 50,
        events: yield* listener.listen(name),
        lose: (cycle) => proxy.dropAll(cycle % 2 === 0 ? "cut" : "reset"),
        notify: (payload) => notify(name, payload)
      })
    })
  )
})

describeEachVersion("a listener", (server) => {
  it.scopedLive("receives through a loss of its session", () =>
    Effect.gen(function* () {
      const { listener, notify, pg } = yield* make({}, {}, server())
      const name = channel()
      const seen = yield* follow(yield* listener.listen(name))
      yield* notify(name, "1")
      yield* until(seen, 1)
      const { processId } = yield* listener.status
      yield* pg.execute(unsafe(`select pg_terminate_backend(${processId})`))
      yield* until(seen, 2)
      yield* notify(name, "2")
      yield* until(seen, 3)
      assert.deepStrictEqual(payloads(seen), ["1", "SessionLost", "2"])
    })
  )
})
