import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { ByteWriter } from "../../../src/bytes/ByteWriter.js"
import type { Lsn } from "../../../src/model/Lsn.js"
import { PgTimestampTz } from "../../../src/model/PgTimestampTz.js"
import { Signal } from "../../../src/replication/link/Signal.js"
import * as StandbyStatus from "../../../src/replication/link/StandbyStatus.js"
import * as FrameLimits from "../../../src/wire/FrameLimits.js"
import { Framer } from "../../../src/wire/Framer.js"
import type { ServerWalMessage } from "../../../src/wire/replication/WalMessage.js"
import * as WalMessage from "../../../src/wire/replication/WalMessage.js"

const at = (lsn: Lsn): StandbyStatus.Positions => ({ written: lsn, flushed: lsn, applied: lsn })

/** A report that runs, its position, and what it sent. */
const reporting = (interval: Duration.DurationInput, send: Effect.Effect<void> = Effect.void) =>
  Effect.gen(function* () {
    const sent: Array<Lsn> = []
    const progress = { lsn: 0x16b3748n }
    const due = new Signal()
    yield* Effect.forkScoped(
      StandbyStatus.report({
        positions: () => at(progress.lsn),
        send: ({ flushed }) =>
          Effect.zipRight(
            Effect.sync(() => sent.push(flushed)),
            send
          ),
        interval: Duration.decode(interval),
        due
      })
    )
    yield* Effect.yieldNow()
    return { sent, progress, due }
  })

describe("the report of our position", () => {
  it.scoped("goes out every interval, even when nothing arrives (REP-045, TRP-100)", () =>
    Effect.gen(function* () {
      const { sent, progress } = yield* reporting("10 seconds")
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(sent, [])
      yield* TestClock.adjust("1 second")
      progress.lsn = 0x16b3800n
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(sent, [0x16b3748n, 0x16b3800n])
    })
  )

  it.scoped("goes out at once when a report is due, and the interval begins anew (REP-044)", () =>
    Effect.gen(function* () {
      const { sent, due } = yield* reporting("10 seconds")
      yield* TestClock.adjust("6 seconds")
      due.notify()
      yield* TestClock.adjust("9 seconds")
      assert.lengthOf(sent, 1)
      yield* TestClock.adjust("1 second")
      assert.lengthOf(sent, 2)
    })
  )

  it.scoped("is not forgotten when a report becomes due while one is being sent", () =>
    Effect.gen(function* () {
      const { sent, due } = yield* reporting("10 seconds", Effect.sleep("1 second"))
      due.notify()
      yield* TestClock.adjust("500 millis")
      due.notify()
      due.notify()
      yield* TestClock.adjust("500 millis")
      assert.lengthOf(sent, 2)
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf(sent, 2)
    })
  )

  it.effect("carries the time of this machine, to the microsecond", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_700_000_000_123)
      const bytes = yield* StandbyStatus.encode(
        { written: 3n, flushed: 2n, applied: 1n },
        { replyRequested: true }
      )
      assert.deepStrictEqual(Either.getOrThrow(WalMessage.decodeClient(bytes)), {
        _tag: "StandbyStatus",
        written: 3n,
        flushed: 2n,
        applied: 1n,
        time: Option.getOrThrow(PgTimestampTz.fromEpochMicros(1_700_000_000_123_000n)),
        replyRequested: true
      })
    })
  )
})

describe("how often the position is reported", () => {
  it.each([
    ["1min", 10_000],
    ["60s", 10_000],
    ["30s", 10_000],
    ["9s", 3000],
    ["1s", 333],
    ["500ms", 166],
    ["1ms", 1],
    ["1d", 10_000],
    ["0", 10_000],
    ["unheard of", 10_000]
  ])("is a third of what the server waits, and ten seconds at the most: %s (REP-045)", (shown, millis) => {
    assert.strictEqual(Duration.toMillis(StandbyStatus.intervalFor(shown)), millis)
  })
})

const time = PgTimestampTz.infinity
const runOf = (...messages: ReadonlyArray<ServerWalMessage>) => {
  const writer = new ByteWriter()
  for (const message of messages) WalMessage.encodeServerFrame(writer, message)
  const framer = new Framer(FrameLimits.defaults.session)
  framer.push(writer.detach())
  const run = framer.next()
  if (run === null || "least" in run) throw new Error("no run")
  return run
}

describe("a run of data", () => {
  const data = { _tag: "XLogData", start: 1n, end: 1n, time, data: Uint8Array.of(0x6b, 1) } as const
  const keepalive = (replyRequested: boolean) =>
    ({ _tag: "PrimaryKeepalive", end: 1n, time, replyRequested }) as const

  it("asks for an answer by a keepalive with the flag, and by nothing else (REP-044)", () => {
    assert.isFalse(StandbyStatus.isAsked(runOf(data, keepalive(false), data)))
    assert.isTrue(StandbyStatus.isAsked(runOf(data, keepalive(true), data)))
    assert.isTrue(StandbyStatus.isAsked(runOf(keepalive(true))))
  })
})
