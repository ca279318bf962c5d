import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { CopyPart } from "../../../src/connection/copy/CopyOutParts.js"
import * as CopyOutParts from "../../../src/connection/copy/CopyOutParts.js"
import * as Inbound from "../../../src/connection/session/Inbound.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { bodyEnd } from "../../../src/wire/FrameRun.js"
import { answer, scripted } from "../../replication/scriptedSessions.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import { complete, copyData, copyDone, encode, error, harness, ready, tick } from "../core.js"

const { column, dataRow, expect, readyForQuery, send, startup } = ScriptedServer
const text = new TextDecoder()

/** A part as a word, its messages apart from each other. */
const shown = (part: CopyPart): string => {
  switch (part._tag) {
    case "CopyPartBegin":
      return "begin"
    case "CopyPartEnd":
      return "end"
    case "CopyPartResult":
      return `${part.result.command.text} ${JSON.stringify(part.result.rows)}`
    case "CopyPartData": {
      const { bytes, count, starts } = part.run
      return Array.from({ length: count }, (_, index) =>
        text.decode(bytes.subarray(starts[index], bodyEnd(part.run, index)))
      ).join("|")
    }
  }
}

const resultSet = (value: string) =>
  [
    { _tag: "RowDescription", columns: [column("at")] },
    dataRow([value]),
    { _tag: "CommandComplete", commandTag: "SELECT" }
  ] as const

const copyOut = { _tag: "CopyOutResponse", format: 0, columnFormats: [] } as const

describe("a command that sends copies among results", () => {
  it.scoped("gives every part in order, with the borders of its messages (REP-066, REP-070)", () =>
    Effect.gen(function* () {
      const connector = yield* scripted([
        [
          startup(),
          expect({ _tag: "Query", sql: "BACKUP" }),
          send(
            ...resultSet("0/1"),
            copyOut,
            copyData("one"),
            copyData(""),
            copyData("two"),
            copyDone,
            copyOut,
            copyData("three"),
            copyDone,
            ...resultSet("0/2"),
            complete("BACKUP"),
            readyForQuery()
          ),
          ScriptedServer.simpleQuery("SHOW x", [answer(["x"], ["1"])]),
          ScriptedServer.goodbye
        ]
      ])
      yield* Effect.gen(function* () {
        const session = yield* Walsender.openPhysical
        const parts = yield* Stream.runCollect(session.copyParts("BACKUP"))
        assert.deepStrictEqual(Chunk.toReadonlyArray(parts).map(shown), [
          `SELECT [{"at":"0/1"}]`,
          "begin",
          "one||two",
          "end",
          "begin",
          "three",
          "end",
          `SELECT [{"at":"0/2"}]`,
          "BACKUP []"
        ])
        // The session is clean.
        yield* session.simple("SHOW x")
      }).pipe(Effect.scoped, Effect.provide(connector))
    })
  )

  it.scoped("fails with the server's error amid a copy, behind the parts before it (REP-075)", () =>
    Effect.gen(function* () {
      const connector = yield* scripted([
        [
          startup(),
          expect({ _tag: "Query", sql: "BACKUP" }),
          send(copyOut, copyData("one"), ScriptedServer.errorResponse({ code: "XX001" }), readyForQuery()),
          ScriptedServer.goodbye
        ]
      ])
      yield* Effect.gen(function* () {
        const session = yield* Walsender.openPhysical
        const seen: Array<string> = []
        const exit = yield* Effect.exit(
          Stream.runForEach(session.copyParts("BACKUP"), (part) => Effect.sync(() => seen.push(shown(part))))
        )
        assert.deepStrictEqual(seen, ["begin", "one"])
        const failure = Option.getOrThrow(Exit.causeOption(exit))
        assert.include(String(failure), "XX001")
        assert.strictEqual((yield* session.status).state, "clean")
      }).pipe(Effect.scoped, Effect.provide(connector))
    })
  )

  it("stops the socket when the consumer is slow, and reads on when it has caught up", async () => {
    const { core, link, say } = harness()
    const pull = CopyOutParts.parts(core, "BACKUP", { bufferBytes: 1000 })
    const opened = Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const next = yield* Stream.toPull(pull)
          const first = yield* Effect.fork(next)
          yield* Effect.promise(tick)
          say(copyOut)
          yield* first
          say(copyData("x".repeat(600)))
          assert.isFalse(link.paused)
          say(copyData("y".repeat(600)))
          assert.isTrue(link.paused)
          yield* next
          assert.isFalse(link.paused)
          say(copyDone, complete("BACKUP"), ready())
          yield* next
          return yield* Effect.flip(next)
        })
      )
    )
    assert.deepStrictEqual(await opened, Option.none())
  })
})

describe("a command whose parts are taken in the socket's callback", () => {
  const taking = (
    self: ReturnType<typeof harness>,
    take: (part: CopyPart) => Effect.Effect<void, string> | undefined,
    timeout?: Duration.DurationInput
  ) => CopyOutParts.into(self.core, "BACKUP", take, timeout)

  it.effect("gives them all, stops the socket for as long as is asked, and succeeds behind the last", () =>
    Effect.gen(function* () {
      const self = harness()
      const seen: Array<string> = []
      const written = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        taking(self, (part) => {
          seen.push(shown(part))
          return part._tag === "CopyPartData" ? Deferred.await(written) : undefined
        })
      )
      yield* Effect.promise(tick)
      self.say(copyOut)
      assert.isFalse(self.link.paused)
      self.say(copyData("one"), copyData("two"), copyDone)
      assert.isTrue(self.link.paused)
      self.say(copyOut, copyDone)
      yield* Effect.promise(tick)
      assert.isTrue(self.link.paused, "nothing has been written yet")
      yield* Deferred.succeed(written, undefined)
      yield* Effect.promise(tick)
      assert.isFalse(self.link.paused)
      assert.isNull(fiber.unsafePoll())
      self.say(complete("BACKUP"), ready())
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["begin", "one|two", "end", "begin", "end", "BACKUP []"])
    })
  )

  it.effect("are right where a message spans chunks, and later answers are kept in memory of their own", () =>
    Effect.gen(function* () {
      const self = harness()
      const seen: Array<string> = []
      const fiber = yield* Effect.fork(taking(self, (part) => void seen.push(shown(part))))
      yield* Effect.promise(tick)
      const sent = encode(copyOut, copyData("one"), copyData("two"), copyDone, complete("BACKUP"), ready())
      for (const byte of sent) {
        Inbound.receive(self.core, Uint8Array.of(byte))
        if (seen.length === 2) assert.isTrue(self.core.framer.reusesMemory)
      }
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["begin", "one", "two", "end", "BACKUP []"])
      assert.isFalse(self.core.framer.reusesMemory)
    })
  )

  it.effect("is cancelled when an effect that was asked for fails, and what still comes is read", () =>
    Effect.gen(function* () {
      let cancels = 0
      const self: ReturnType<typeof harness> = harness({
        cancelKey: new Uint8Array(4),
        sendCancel: () =>
          Effect.sync(() => {
            cancels++
            assert.isFalse(self.link.paused)
            self.say(copyData("late"), error("57014"), ready())
          })
      })
      const seen: Array<string> = []
      const fiber = yield* Effect.fork(
        Effect.flip(
          taking(self, (part) => {
            seen.push(shown(part))
            return Effect.fail("full")
          })
        )
      )
      yield* Effect.promise(tick)
      self.say(copyOut)
      assert.strictEqual(yield* Fiber.join(fiber), "full")
      assert.deepStrictEqual(seen, ["begin"])
      assert.strictEqual(cancels, 1)
    })
  )

  it.effect("has the whole time for each part, and not for what is waited for", () =>
    Effect.gen(function* () {
      const self: ReturnType<typeof harness> = harness({
        cancelKey: new Uint8Array(4),
        sendCancel: () => Effect.sync(() => self.say(error("57014"), ready()))
      })
      const fiber = yield* Effect.fork(
        Effect.either(
          taking(
            self,
            (part) => (part._tag === "CopyPartData" ? Effect.sleep("1 minute") : undefined),
            "10 seconds"
          )
        )
      )
      yield* Effect.promise(tick)
      yield* TestClock.adjust("9 seconds")
      self.say(copyOut)
      yield* TestClock.adjust("9 seconds")
      self.say(copyData("one"))
      yield* Effect.promise(tick)
      yield* TestClock.adjust("1 minute")
      yield* Effect.promise(tick)
      yield* TestClock.adjust("9 seconds")
      assert.isNull(fiber.unsafePoll())
      yield* TestClock.adjust("1 seconds")
      const outcome = yield* Fiber.join(fiber)
      assert.deepInclude(outcome._tag === "Left" ? outcome.left : undefined, {
        _tag: "PgTimeoutError",
        deadline: "statement",
        millis: 10_000
      })
    })
  )
})
