/**
 * A logical slot of any plugin as a stream of what the plugin writes, such as the lines of `test_decoding` or the objects
 * of `wal2json`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { PluginOption } from "../walsender/Command.js"
import * as MissingPublication from "../slots/MissingPublication.js"
import type { FeedError, FeedOptions } from "./FeedLink.js"
import * as Link from "./FeedLink.js"
import type { LogicalFeed } from "./LogicalFeed.js"
import { beyond, onceOf, progressOf } from "./LogicalFeed.js"
import { Progress } from "../link/Progress.js"
import { RawMessages } from "./RawMessages.js"

/** What a feed of another output plugin is opened with. */
export interface PluginFeedOptions extends FeedOptions {
  /** The slot's plugin, such as `test_decoding`. */
  readonly plugin: string
  /** What the plugin is asked for, as names and texts. */
  readonly options?: ReadonlyArray<PluginOption>
}

/** An open feed of another output plugin: raw messages, with the same acknowledgement as `LogicalFeed`. */
export type PluginFeed = Pick<
  LogicalFeed,
  "facts" | "messages" | "acknowledge" | "report" | "progress" | "placeAt"
>

/**
 * Opens a feed of a logical slot of any plugin, and gives what the plugin writes as it is. Everything else is as in
 * `logical`; only the consumer knows which positions are safe to acknowledge, such as that of a line with COMMIT.
 */
export const plugin = (
  options: PluginFeedOptions
): Effect.Effect<PluginFeed, FeedError, PgConnector | Scope.Scope> =>
  Effect.map(
    Link.open(options, {
      name: options.plugin,
      options: () => Effect.succeed(options.options ?? []),
      list: (list) => list,
      check: () => Effect.void,
      refuses: MissingPublication.passedOver,
      progress: (start) => new Progress(start)
    }),
    (link) => {
      const raw = new RawMessages(link)
      return {
        facts: link.facts,
        messages: onceOf(link.command)(() => raw.pull),
        acknowledge: (positions) =>
          Effect.suspend(() => {
            const wrong = raw.acknowledge(positions)
            return wrong === undefined ? Effect.void : Effect.fail(beyond(link.facts.slot, wrong))
          }),
        report: link.report,
        progress: progressOf(link),
        placeAt: link.placeAt
      }
    }
  )
