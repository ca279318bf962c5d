/** Conversations of real walsenders, 14 to 18, replayed by the scripted server: see `test/fixtures/physical/recipe.ts`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import * as Lsn from "../../../src/model/Lsn.js"
import type { PhysicalEvent } from "../../../src/replication/physical/PhysicalEvent.js"
import type { PhysicalFeed, PhysicalOptions } from "../../../src/replication/physical/PhysicalFeed.js"
import { physical } from "../../../src/replication/physical/PhysicalFeed.js"
import type { PhysicalError } from "../../../src/replication/physical/PhysicalFailure.js"
import * as ScriptedServer from "../../../src/testing/ScriptedServer.js"
import * as BackendMessage from "../../../src/wire/BackendMessage.js"
import { politely } from "../physicalServer.js"
import { scripted } from "../scriptedSessions.js"

interface Turn {
  /** A command, or `CopyDone`; nothing for the start-up. */
  readonly sent: string
  readonly messages: ReadonlyArray<string>
}

interface Scene {
  readonly start: string
  readonly end: string
  /** Where timeline 2 left timeline 1. */
  readonly leftAt: string
  readonly turns: ReadonlyArray<Turn>
}

type Refusal = "removed" | "beyondEnd" | "noSuchTimeline" | "noSuchSlot"

interface Capture {
  readonly version: number
  readonly scenes: Readonly<Record<"promotion" | "past" | "end", Scene>> &
    Readonly<Record<Refusal, { readonly turns: ReadonlyArray<Turn> }>> & {
      readonly slotRead?: { readonly turns: ReadonlyArray<Turn> }
    }
}

const captures = [14, 15, 16, 17, 18].map(
  (version) =>
    JSON.parse(
      readFileSync(new URL(`../../fixtures/physical/v${version}.json`, import.meta.url), "utf8")
    ) as Capture
)

const at = (text: string): Lsn.Lsn => Option.getOrThrow(Lsn.fromText(text))
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"))

const { expect, expectAny, send, startup } = ScriptedServer

/** Sends this once the client has closed its side of the copy; its reports come before that. */
const onCopyDone = (answer: ScriptedServer.Script): ScriptedServer.Script => [
  expectAny("a report or CopyDone", (message) => (message._tag === "CopyDone" ? answer : onCopyDone(answer)))
]

/** The server's side of one turn after the other. */
const replayed = (turns: ReadonlyArray<Turn>): ScriptedServer.Script =>
  turns.map(({ messages, sent }): ScriptedServer.Script => {
    const answer = send(...messages.map(bytesOf))
    if (sent === "") return []
    return sent === "CopyDone" ? onCopyDone([answer]) : [expect({ _tag: "Query", sql: sent }), answer]
  })

const versionOf = (turns: ReadonlyArray<Turn>): string => {
  const status = turns[0]!.messages.map((hex) => Buffer.from(hex, "hex").toString("latin1"))
  return status
    .find((text) => text.includes("server_version"))!
    .split("\0")
    .at(-2)!
}

const following = <A, E>(
  turns: ReadonlyArray<Turn>,
  options: PhysicalOptions,
  body: (feed: PhysicalFeed) => Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<A, E | PhysicalError, Scope.Scope> =>
  Effect.flatMap(
    scripted([
      [startup({ parameters: { server_version: versionOf(turns) } }), replayed(turns.slice(1)), politely]
    ]),
    (connector) =>
      Effect.scoped(
        Effect.provide(Effect.flatMap(physical({ reconnect: Schedule.stop, ...options }), body), connector)
      )
  )

const all = (feed: PhysicalFeed) =>
  Effect.gen(function* () {
    const events: Array<PhysicalEvent> = []
    yield* Stream.runForEach(feed.events, (event) => Effect.sync(() => events.push(event)))
    return events
  })

/** The log as it lies in the captured messages, read without the code under test: by timeline, its bytes joined. */
const logOf = (turns: ReadonlyArray<Turn>): ReadonlyMap<number, Buffer> => {
  const log = new Map<number, Buffer>()
  for (const { messages, sent } of turns) {
    const timeline = Number(/TIMELINE (\d+)$/.exec(sent)?.[1] ?? 0)
    if (!sent.startsWith("START_REPLICATION")) continue
    const data = messages
      .map((hex) => Buffer.from(hex, "hex"))
      .filter((bytes) => bytes[0] === 0x64 && bytes[5] === 0x77)
    log.set(timeline, Buffer.concat(data.map((bytes) => bytes.subarray(30))))
  }
  return log
}

for (const { scenes, version } of captures) {
  describe(`a captured stream of PostgreSQL ${version}`, () => {
    for (const name of ["promotion", "past", "end"] as const) {
      it.scoped(
        `is followed over a change of the timeline: ${name} (REP-057, REP-059, REP-060, TRP-118)`,
        () =>
          Effect.gen(function* () {
            const { end, leftAt, start, turns } = scenes[name]
            const events = yield* following(turns, { start: at(start), timeline: 1, until: at(end) }, all)
            const log = logOf(turns)
            let position = at(start)
            const seen = new Map<number, Array<Uint8Array>>()
            for (const event of events) {
              if (event._tag === "WalData") {
                assert.strictEqual(event.start, position)
                position = event.end
                seen.set(event.timeline, [...(seen.get(event.timeline) ?? []), event.data])
              } else if (event._tag === "TimelineSwitched") {
                assert.deepInclude(event, { from: 1, to: 2, at: at(leftAt), resumesAt: at(leftAt) })
                assert.strictEqual(position, at(leftAt))
                assert.strictEqual(event.history.name, "00000002.history")
                assert.deepStrictEqual(
                  event.history.entries.map(({ timeline }) => timeline),
                  [1]
                )
              }
            }
            assert.strictEqual(position, at(end))
            assert.deepStrictEqual(
              events.map(({ _tag }) => _tag).filter((tag) => tag !== "WalData"),
              ["PhysicalOpened", "TimelineSwitched"]
            )
            const before = Buffer.concat(seen.get(1) ?? [])
            const after = Buffer.concat(seen.get(2) ?? [])
            assert.isTrue(before.equals(log.get(1)!))
            assert.isTrue(after.equals(log.get(2)!.subarray(0, after.length)))
            assert.isAbove(after.length, 0)
          })
      )
    }

    it.scoped("is refused where the log has been removed, also when the stream was opened first (W03)", () =>
      Effect.gen(function* () {
        // The server's messages before are those of the other scene.
        const opening = scenes.past.turns.slice(0, 5)
        const error = yield* Effect.flip(
          following([...opening, scenes.removed.turns[2]!], { start: 0x100n, timeline: 1 }, all)
        )
        assert.deepInclude(error, { _tag: "PgWalError", reason: "removed", position: 0x100n })
      })
    )

    it("refuses by these codes, and opens the stream first where a position is the reason", () => {
      const answer = (refusal: Refusal) => {
        const messages = scenes[refusal].turns[2]!.messages.map(bytesOf).map((bytes) =>
          Either.getOrThrow(BackendMessage.decode(bytes[0]!, bytes, 5, bytes.length))
        )
        const error = messages.find((message) => message._tag === "ErrorResponse")
        return [messages[0]!._tag, error?._tag === "ErrorResponse" ? error.fields.code : undefined]
      }
      assert.deepStrictEqual(answer("removed"), ["CopyBothResponse", "58P01"])
      assert.deepStrictEqual(answer("beyondEnd"), ["CopyBothResponse", "XX000"])
      assert.deepStrictEqual(answer("noSuchTimeline"), ["ErrorResponse", "XX000"])
      assert.deepStrictEqual(answer("noSuchSlot"), ["ErrorResponse", "42704"])
    })

    const { slotRead } = scenes
    if (slotRead === undefined) return
    it.scoped("reports that the slot does not exist", () =>
      Effect.gen(function* () {
        const opening = scenes.past.turns.slice(0, 4)
        const error = yield* Effect.flip(
          following([...opening, slotRead.turns[2]!], { slot: "nowhere" }, all)
        )
        assert.deepInclude(error, { _tag: "PgSlotError", reason: "missing" })
      })
    )
  })
}
