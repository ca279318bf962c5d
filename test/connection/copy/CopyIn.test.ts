import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as CopyIn from "../../../src/connection/copy/CopyIn.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import { opening } from "../scripted.js"

const { errorResponse, expect, readyForQuery, send, startup } = ScriptedServer

/** An application's own error, with what belongs into no server's log. */
const failure = { _tag: "HttpError", url: "https://example.org", token: "s3cret" }

const sql = "copy t from stdin"
const script = (reason: string): ScriptedServer.Script => [
  expect({ _tag: "Query", sql }),
  send({ _tag: "CopyInResponse", format: 0, columnFormats: [0] }),
  expect({ _tag: "CopyData" }),
  expect({ _tag: "CopyFail", reason }),
  send(errorResponse({ code: "57014", text: `COPY from stdin failed: ${reason}` }), readyForQuery())
]

const copying = (source: Stream.Stream<Uint8Array, typeof failure>, reason: string, bySink: boolean) =>
  Effect.gen(function* () {
    const { outcome, server } = yield* opening([[startup(), script(reason)]], "")
    const core = yield* outcome
    const copied = bySink ? Stream.run(source, CopyIn.sink(core, sql)) : CopyIn.from(core, sql, source)
    const exit = yield* Effect.exit(copied)
    yield* server.done
    return exit
  })

const data = Stream.make(Uint8Array.of(0x31, 0x0a))

describe("a copy in whose source fails", () => {
  for (const bySink of [false, true]) {
    const way = bySink ? "by sink" : "by effect"

    it.effect(
      `tells the server a fixed text, and gives the caller its own error as it is, ${way} (FLW-073)`,
      () =>
        Effect.gen(function* () {
          const source = Stream.concat(data, Stream.fail(failure))
          const exit = yield* copying(source, "the source of the copy failed", bySink)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit)) assert.strictEqual(Cause.squash(exit.cause), failure)
        }).pipe(Effect.scoped)
    )

    it.effect(`tells the server no more of a defect either, ${way}`, () =>
      Effect.gen(function* () {
        const defect = new Error("token s3cret")
        const source = Stream.concat(data, Stream.die(defect))
        const exit = yield* copying(source, "the source of the copy failed", bySink)
        assert.isTrue(Exit.isFailure(exit))
        if (Exit.isFailure(exit)) assert.strictEqual(Cause.squash(exit.cause), defect)
      }).pipe(Effect.scoped)
    )
  }
})

describe("a copy in whose source gives what is no bytes", () => {
  for (const bySink of [false, true]) {
    const way = bySink ? "by sink" : "by effect"
    it.effect(`stores nothing and is told what it gave, ${way}`, () =>
      Effect.gen(function* () {
        for (const given of ["2\n", [0x32], new ArrayBuffer(2), Uint16Array.of(0x3132)]) {
          const source = Stream.concat(data, Stream.make(given as never))
          const exit = yield* copying(source, "the source of the copy failed", bySink)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit)) {
            assert.deepInclude(Cause.squash(exit.cause), {
              _tag: "PgUsageError",
              operation: bySink ? "copySink" : "copyFrom",
              argument: "source",
              nothingSent: false
            })
          }
        }
      }).pipe(Effect.scoped)
    )
  }
})
