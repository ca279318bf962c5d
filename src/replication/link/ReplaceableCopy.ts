/**
 * The copy of a link. It can be replaced by another copy that begins elsewhere or has other options, and its user does not
 * notice.
 */
import * as Effect from "effect/Effect"
import type { CopyBoth } from "../../connection/copy/CopyBoth.js"

export interface ReplaceableCopy {
  readonly copy: CopyBoth
  /**
   * Ends the copy that is open, whose data is thrown away, and takes another. Until that is open, what is sent is passed over:
   * the other begins with a report of its own.
   */
  readonly replace: <E, R>(other: Effect.Effect<CopyBoth, E, R>) => Effect.Effect<void, E, R>
}

export const make = (first: CopyBoth): ReplaceableCopy => {
  let current = first
  let isBetween = false
  return {
    copy: {
      isOpen: first.isOpen,
      pull: Effect.suspend(() => current.pull),
      isEmpty: () => current.isEmpty(),
      rest: (duration) => Effect.suspend(() => current.rest(duration)),
      turnIfDue: Effect.suspend(() => current.turnIfDue),
      send: (data) => Effect.suspend(() => (isBetween ? Effect.void : current.send(data))),
      finish: Effect.suspend(() => current.finish),
      results: Effect.suspend(() => current.results),
      isBraked: () => isBetween || current.isBraked(),
      breakOff: (cause) => Effect.suspend(() => current.breakOff(cause))
    },
    replace: (other) =>
      Effect.gen(function* () {
        isBetween = true
        // It may have failed, or be slow to end; either way its session is left.
        yield* Effect.ignore(current.finish)
        current = yield* other
        isBetween = false
      })
  }
}
