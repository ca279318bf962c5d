/** Notifications through losses of the listener's session: each is received, or a gap stands where it would have been. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ListenEvent } from "../../../src/client/listen/Listen.js"
import { eventually } from "../support/eventually.js"

/** The session is lost `cycles` times, each time when some more notifications have come; then the whole is checked. */
export const throughLosses = <E1, E2, E3>({
  cycles,
  events,
  lose,
  notify
}: {
  readonly cycles: number
  readonly events: Stream.Stream<ListenEvent<string>, E1>
  /** Loses the session; `cycle` counts from 0. */
  readonly lose: (cycle: number) => Effect.Effect<void, E2>
  /** Sends the next number as a payload. */
  readonly notify: (payload: string) => Effect.Effect<void, E3>
}): Effect.Effect<void, E1 | E2 | E3, Scope.Scope> =>
  Effect.gen(function* () {
    const count = { Received: 0, Gap: 0 }
    let next = 0
    let isGap = false
    const wrong: Array<string> = []
    yield* Effect.forkScoped(
      Stream.runForEach(events, (event) =>
        Effect.sync(() => {
          count[event._tag]++
          if (event._tag === "Gap") isGap = true
          else {
            const number = Number(event.payload)
            if (number !== next && !(isGap && number > next)) wrong.push(`${number} came, ${next} was due`)
            next = number + 1
            isGap = false
          }
        })
      )
    )
    let sent = 0
    yield* Effect.forkScoped(Effect.forever(Effect.suspend(() => notify(String(sent++)))))
    for (let cycle = 0; cycle < cycles; cycle++) {
      const due = count.Received + 1 + (cycle % 7)
      yield* eventually(
        Effect.sync(() => count),
        ({ Gap, Received }) => Received >= due && Gap >= cycle
      )
      yield* lose(cycle)
    }
    yield* eventually(
      Effect.sync(() => count.Gap),
      (gaps) => gaps >= cycles
    )
    assert.deepStrictEqual(wrong, [])
  })
