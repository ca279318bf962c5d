import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/TestClock"
import { clientOf, FakeDatabase } from "../fakeDatabase.js"

describe("the report of a lease that lasts too long", () => {
  it.scoped("names the place in the program, when leases are watched", () =>
    Effect.gen(function* () {
      const reports: Array<string> = []
      const logger = Logger.make(({ message }) => void reports.push(String(message)))
      yield* Effect.gen(function* () {
        const pg = yield* clientOf(new FakeDatabase(), { leakAfter: "1 second" })
        yield* pg.connection
        const open = yield* Effect.fork(pg.withTransaction(Effect.never))
        yield* Effect.repeatN(Effect.yieldNow(), 50)
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.interrupt(open)
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      assert.strictEqual(reports.length, 2)
      for (const report of reports) assert.match(report, /taken at .*CallSite\.test\.ts:\d+:\d+/)
      assert.notStrictEqual(reports[0]!.match(/test\.ts:\d+/)![0], reports[1]!.match(/test\.ts:\d+/)![0])
    })
  )
})
