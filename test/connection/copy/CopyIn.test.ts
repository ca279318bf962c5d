import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
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
      `sends the server a fixed text, and fails with the source's own error as it is, ${way} (FLW-073)`,
      () =>
        Effect.gen(function* () {
          const source = Stream.concat(data, Stream.fail(failure))
          const exit = yield* copying(source, "the source of the copy failed", bySink)
          assert.isTrue(Exit.isFailure(exit))
          if (Exit.isFailure(exit)) assert.strictEqual(Cause.squash(exit.cause), failure)
        }).pipe(Effect.scoped)
    )

    it.effect(`reports an interruption to the server, ${way} (FLW-073)`, () =>
      Effect.gen(function* () {
        const source = Stream.concat(data, Stream.fromEffect(Effect.interrupt))
        const exit = yield* copying(source, "the copy was interrupted", bySink)
        assert.isTrue(Exit.isInterrupted(exit))
      }).pipe(Effect.scoped)
    )

    it.effect(`sends the server no more than that for a defect, ${way}`, () =>
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
    it.effect(`stores nothing and fails with the kind of the given value, ${way}`, () =>
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

describe("large chunks of a copy in", () => {
  const kibibytes = (count: number, value: number): Uint8Array => new Uint8Array(count * 1024).fill(value)
  const copyData = (data: Uint8Array): ScriptedServer.Step => expect({ _tag: "CopyData", data })
  const consent = send({ _tag: "CopyInResponse", format: 0, columnFormats: [0] })
  const first = [kibibytes(64, 1), kibibytes(64, 1), kibibytes(22, 1)].map(copyData)

  /** A session whose link takes pieces, and what the link was given. It lets go of them at once, or when `letGo` is called. */
  const lending = (script: ScriptedServer.Script, atOnce: boolean) =>
    Effect.gen(function* () {
      const { outcome, server } = yield* opening(
        [[startup(), expect({ _tag: "Query", sql }), consent, ...script]],
        ""
      )
      const core = yield* outcome
      const writes: Array<ReadonlyArray<Uint8Array>> = []
      const held: Array<Uint8Array> = []
      const { link } = core
      const letGo = (): void => {
        for (const part of held.splice(0)) link.write(part.slice())
      }
      const writeParts = (parts: ReadonlyArray<Uint8Array>): boolean => {
        writes.push(parts)
        held.push(...parts)
        if (atOnce) letGo()
        return atOnce
      }
      const write = (bytes: Uint8Array): boolean =>
        held.length === 0 ? link.write(bytes) : held.push(bytes) < 0
      return { core: Object.assign(core, { link: { ...link, write, writeParts } }), server, writes, letGo }
    })

  it.effect("go out as they are, in messages behind the small ones before them, in one write each", () =>
    Effect.gen(function* () {
      const script = [
        ...first,
        copyData(Uint8Array.of(2)),
        copyData(Uint8Array.of(3)),
        copyData(kibibytes(16, 4)),
        expect({ _tag: "CopyDone" }),
        send({ _tag: "CommandComplete", commandTag: "COPY 9" }, readyForQuery())
      ]
      const { core, server, writes } = yield* lending(script, true)
      const large = [kibibytes(150, 1), kibibytes(16, 4)]
      const source = Stream.make(large[0]!, Uint8Array.of(2), Uint8Array.of(3), large[1]!)
      const { rows } = yield* CopyIn.from(core, sql, source)
      yield* server.done
      assert.strictEqual(rows, 9n)
      assert.deepStrictEqual(
        writes.map((parts) => parts.map(({ length }) => length)),
        [
          [5, 65_536, 5, 65_536, 5, 22 * 1024],
          [6 + 6 + 5, 16 * 1024]
        ]
      )
      // What was given, and no copy of it.
      assert.strictEqual(writes[0]?.[3]?.buffer, large[0]?.buffer)
      assert.strictEqual(writes[1]?.[1]?.buffer, large[1]?.buffer)
    }).pipe(Effect.scoped)
  )

  for (const bySink of [false, true]) {
    const way = bySink ? "by sink" : "by effect"

    it.effect(
      `keep the source waiting until they have left, since it may use their memory again, ${way}`,
      () =>
        Effect.gen(function* () {
          const script = [
            ...first,
            expect({ _tag: "CopyDone" }),
            send({ _tag: "CommandComplete", commandTag: "COPY 1" }, readyForQuery())
          ]
          const { core, letGo, server, writes } = yield* lending(script, false)
          let asked = 0
          const source = Stream.repeatEffectOption(
            Effect.suspend(() =>
              ++asked === 1 ? Effect.succeed(kibibytes(150, 1)) : Effect.fail(Option.none())
            )
          )
          const copied = bySink ? Stream.run(source, CopyIn.sink(core, sql)) : CopyIn.from(core, sql, source)
          const fiber = yield* Effect.fork(copied)
          while (writes.length === 0) yield* Effect.yieldNow()
          for (let turn = 0; turn < 100; turn++) yield* Effect.yieldNow()
          assert.strictEqual(asked, 1)
          letGo()
          assert.strictEqual((yield* fiber).rows, 1n)
          assert.strictEqual(asked, 2)
          yield* server.done
        }).pipe(Effect.scoped)
    )

    it.effect(`are followed by the reason when the copy is interrupted before they have left, ${way}`, () =>
      Effect.gen(function* () {
        const reason = "the copy was interrupted"
        const script = [
          ...first,
          expect({ _tag: "CopyFail", reason }),
          send(errorResponse({ code: "57014", text: `COPY from stdin failed: ${reason}` }), readyForQuery())
        ]
        const { core, letGo, server, writes } = yield* lending(script, false)
        const source = Stream.concat(Stream.make(kibibytes(150, 1)), Stream.never)
        const copied = bySink ? Stream.run(source, CopyIn.sink(core, sql)) : CopyIn.from(core, sql, source)
        const fiber = yield* Effect.fork(copied)
        while (writes.length === 0) yield* Effect.yieldNow()
        yield* Fiber.interruptFork(fiber)
        for (let turn = 0; turn < 100; turn++) yield* Effect.yieldNow()
        letGo()
        assert.isTrue(Exit.isInterrupted(yield* Fiber.await(fiber)))
        yield* server.done
      }).pipe(Effect.scoped)
    )
  }
})
