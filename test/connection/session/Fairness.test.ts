import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as PgConnection from "../../../src/connection/PgConnection.js"
import * as CopyRows from "../../../src/copy/CopyRows.js"
import { StreamBuffer } from "../../../src/connection/session/Buffer.js"
import * as Inbound from "../../../src/connection/session/Inbound.js"
import * as Statement from "../../../src/model/Statement.js"
import { counting, hurrying, turnsDuring } from "../../support/turns.js"
import { bound, complete, copyIn, described, encode, harness, int4, ready, row, tick } from "../core.js"

const turn = Effect.promise(tick)

describe("the turn of the event loop", () => {
  it.effect("comes every five milliseconds to a consumer that takes what is there already", () =>
    Effect.gen(function* () {
      const { core } = harness({ clock: hurrying(1) })
      const buffer = new StreamBuffer<number>(core)
      for (let at = 0; at < 600; at++) buffer.push([at], 1)
      const turns = yield* turnsDuring(Effect.repeatN(buffer.pull, 599))
      // Two readings of the clock for each turn, and one for each piece: a turn in five of them.
      assert.isAtLeast(turns, 100)
    })
  )

  it.effect("does not come to a consumer that is faster", () =>
    Effect.gen(function* () {
      const { core } = harness({ clock: hurrying(0) })
      const buffer = new StreamBuffer<number>(core)
      for (let at = 0; at < 600; at++) buffer.push([at], 1)
      assert.strictEqual(yield* turnsDuring(Effect.repeatN(buffer.pull, 599)), 0)
    })
  )

  it.effect(
    "comes while a large result arrives, whose socket is left alone meanwhile, and nothing of it is lost",
    () =>
      Effect.gen(function* () {
        const { core, link, say } = harness({ clock: hurrying(3) })
        const pg = PgConnection.fromState(core)
        const result = yield* Effect.fork(pg.query(Statement.make("select x from t")))
        yield* turn
        say(...described([], [int4("x")]), bound)
        const rows = encode(...Array.from({ length: 7000 }, (_, at) => row(at)))
        let rests = 0
        for (let times = 0; times < 10; times++) {
          Inbound.receive(core, rows.slice())
          if (!link.paused) continue
          rests++
          yield* turnsDuring(Effect.repeatN(turn, 4))
          assert.isFalse(link.paused)
        }
        assert.isAtLeast(rests, 4)
        say(complete("SELECT 70000"), ready())
        assert.lengthOf(yield* Fiber.join(result), 70_000)
      })
  )

  it.effect("does not let go of the brake of a slow consumer", () =>
    Effect.gen(function* () {
      const { core, link } = harness({ clock: hurrying(10), streamBufferBytes: 10 })
      Inbound.receive(core, encode(...Array.from({ length: 3000 }, () => ({ ...notice }))))
      assert.isTrue(link.paused)
      new StreamBuffer<number>(core).push([1], 10)
      yield* Effect.repeatN(turn, 4)
      assert.isTrue(link.paused)
    })
  )

  it.scoped("comes every five milliseconds to a COPY in, however small its pieces are", () =>
    Effect.gen(function* () {
      const { core, say } = harness({ clock: hurrying(1) })
      const pg = PgConnection.fromState(core)
      const turns = yield* counting
      const at: Array<number> = []
      const source = Stream.range(1, 600, 1).pipe(
        Stream.map((line) => new TextEncoder().encode(`${line}\n`)),
        Stream.tap(() => Effect.sync(() => at.push(turns())))
      )
      const copy = yield* Effect.fork(pg.copyFrom("copy t from stdin", source))
      yield* turn
      say(copyIn)
      for (let times = 0; at.length < 600 && times < 10_000; times++) yield* turn
      yield* Effect.repeatN(turn, 20)
      say(complete("COPY 600"), ready())
      yield* Fiber.join(copy)
      assert.isAtLeast(at[599]! - at[0]!, 100)
    })
  )

  it.effect("can come amid one large chunk of rows to be copied", () =>
    Effect.gen(function* () {
      const rows = Chunk.makeBy(60_000, (at) => [at])
      const encoded = Stream.fromChunk(rows).pipe(
        CopyRows.encode({ columns: [{ name: "id", type: "int4" }] })
      )
      const pieces = yield* Stream.runCollect(Stream.chunks(encoded))
      // Some nine full pieces, each given by itself: all at once they would be one chunk.
      assert.isAtLeast(pieces.length, 8)
      const whole = yield* Stream.runCollect(
        Stream.fromIterable(rows).pipe(
          Stream.rechunk(1),
          CopyRows.encode({ columns: [{ name: "id", type: "int4" }] })
        )
      )
      assert.deepStrictEqual(
        Buffer.concat(Chunk.toArray(Chunk.flatten(pieces))),
        Buffer.concat(Chunk.toArray(whole))
      )
    })
  )
})

const notice = { _tag: "ParameterStatus", name: "TimeZone", value: "Europe/Berlin" } as const
