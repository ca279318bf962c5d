import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CopyPart } from "../../../src/connection/copy/CopyOutParts.js"
import * as CopyOutParts from "../../../src/connection/copy/CopyOutParts.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { bodyEnd } from "../../../src/wire/FrameRun.js"
import { answer, scripted } from "../../replication/scriptedSessions.js"
import * as Walsender from "../../../src/replication/walsender/Walsender.js"
import { complete, copyData, copyDone, harness, ready, tick } from "../core.js"

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

  it.scoped("fails with what the server said amid a copy, behind the parts before it (REP-075)", () =>
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
