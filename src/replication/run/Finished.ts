/** How much of one feed its handlers have finished: the feed's own progress, by the transactions that were begun. */
import * as Effect from "effect/Effect"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { OpenFeed } from "../feed/LogicalFeed.js"
import type { Signal } from "../link/Signal.js"
import type { Ticket } from "../link/Progress.js"

export class Finished {
  private most: Lsn = LsnText.zero

  constructor(
    private readonly handedOut: Pick<OpenFeed, "progress"> & { readonly room: Pick<Signal, "notify"> },
    /** Everything that ends here or before is finished already. */
    readonly start: Lsn
  ) {}

  /** Everything that ends here or before is finished. */
  get position(): Lsn {
    return LsnText.max(this.start, this.handedOut.progress.flushed)
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
   * Whether this was handled already, and has come again because the server does not know. Then it is finished, so that it does not
   * come a third time.
   */
  isKnown(end: Lsn): boolean {
    if (end > this.start) return false
    this.settle(this.handedOut.progress.take(end))
    return true
  }

  /** Something is about to be handled that ends here. What comes before it and was not begun is left out. */
  begin(end: Lsn): Ticket | undefined {
    this.touch(end)
    return this.handedOut.progress.take(end)
  }

  /** It is finished; a beginning without gaps of what is finished is acknowledged. */
  finish(ticket: Ticket | undefined): Effect.Effect<void> {
    return Effect.sync(() => this.settle(ticket))
  }

  private settle(ticket: Ticket | undefined): void {
    const { progress, room } = this.handedOut
    if (ticket === undefined) return
    progress.finish(ticket)
    room.notify()
  }
}
