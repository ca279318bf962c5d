/** How much of one feed its handlers have finished: what is acknowledged is a beginning without gaps. */
import * as Effect from "effect/Effect"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { ServerFailure } from "./RunFailure.js"
import { serverFailure } from "./RunFailure.js"
import type { LogicalFeed } from "../feed/LogicalFeed.js"
import type { Ticket } from "../link/Progress.js"
import { Progress } from "../link/Progress.js"

export class Finished {
  private readonly progress: Progress
  private most: Lsn = LsnText.zero

  constructor(
    private readonly feed: LogicalFeed,
    /** Everything that ends here or before is finished already. */
    readonly start: Lsn
  ) {
    this.progress = new Progress(start, Number.MAX_SAFE_INTEGER)
  }

  /** Everything that ends here or before is finished. */
  get position(): Lsn {
    return this.progress.flushed
  }

  /** Nothing of this feed that ends behind has been handled, nor been begun; `0/0` when nothing has. */
  get handled(): Lsn {
    return this.most
  }

  /** Something that ends behind this position is about to be handled in part. */
  touch(position: Lsn): void {
    this.most = LsnText.max(this.most, position)
  }

  /**
   * What was handled already, and has come again because the server does not know: it is acknowledged, so that it does not
   * come a third time.
   */
  isKnown(end: Lsn): Effect.Effect<boolean, ServerFailure> {
    return end > this.start
      ? Effect.succeed(false)
      : Effect.as(Effect.mapError(this.feed.acknowledge(end), serverFailure), true)
  }

  /** Something is about to be handled that ends here. */
  begin(end: Lsn): Ticket {
    this.touch(end)
    return this.progress.handOut(end)!
  }

  /** It is finished; what that makes a beginning without gaps is acknowledged. */
  finish(ticket: Ticket): Effect.Effect<void, ServerFailure> {
    return Effect.suspend(() => {
      const before = this.position
      this.progress.finish(ticket)
      const { position } = this
      return position === before
        ? Effect.void
        : Effect.mapError(this.feed.acknowledge(position), serverFailure)
    })
  }
}
