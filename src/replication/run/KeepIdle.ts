/** A position that is kept with the handler's writes follows the server's log too when there is nothing to write. */
import * as Effect from "effect/Effect"
import type { RunFailure } from "./RunFailure.js"
import { serverFailure } from "./RunFailure.js"
import type { LogicalFeed } from "../feed/LogicalFeed.js"
import type { Keeper } from "./RunHandler.js"

/**
 * Keeps and acknowledges, every status interval, what the server has sent, if all of it is handled. In this order the kept
 * position is never behind the slot. So a slot that is beyond it was moved by another consumer.
 */
export const keepIdle = <E, R>(
  feed: LogicalFeed,
  keeper: Keeper<E, R>
): Effect.Effect<never, RunFailure<never>> =>
  Effect.forever(
    Effect.zipRight(
      Effect.sleep(feed.facts.statusInterval),
      Effect.flatMap(feed.progress, ({ flushed, outstanding, received }) =>
        outstanding > 0 || received <= flushed
          ? Effect.void
          : Effect.zipRight(keeper.keep(received), Effect.mapError(feed.acknowledge(received), serverFailure))
      )
    )
  )
