/**
 * The messages of a logical stream as the server sends them, for any plugin. Their positions are not those of transactions,
 * so only the consumer knows what is safe.
 */
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import type { Lsn } from "../../model/Lsn.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import * as WalMessage from "../../wire/replication/WalMessage.js"
import type { ServerWalMessage } from "../../wire/replication/WalMessage.js"
import * as FeedFailure from "./FeedFailure.js"
import type { FeedLink } from "./FeedLink.js"
import type { PullEvents, ReadError } from "./FeedReader.js"
import type { BeyondReceived } from "../link/Progress.js"
import type { Positions } from "../link/StandbyStatus.js"

/** The halves of a position. */
const halves = (position: Lsn): readonly [high: number, low: number] => [
  Number(position >> 32n) | 0,
  Number(position & 0xffffffffn) | 0
]

/** Messages given at a time. */
const most = 256

const none: ReadonlyArray<ServerWalMessage> = []

export class RawMessages<A> {
  /** What has come and was not given yet. */
  private come = none
  /** Index of the first that was not. */
  private from = 0
  /** Whether a reader reads in this way. */
  isRead = false

  constructor(private readonly link: FeedLink<A>) {}

  readonly pull: PullEvents<ServerWalMessage> = Effect.suspend(() => {
    this.isRead = true
    return this.come.length > 0
      ? Effect.map(this.link.copy.turnIfDue, () => this.take())
      : Effect.flatMap(this.link.copy.pull, (runs) => this.decode(runs))
  })

  private decode(runs: Iterable<FrameRun>): PullEvents<ServerWalMessage> {
    const out: Array<ServerWalMessage> = []
    for (const run of runs) {
      for (let index = 0; index < run.count; index++) {
        const decoded = WalMessage.decodeServer(run.bytes, run.starts[index]!, bodyEnd(run, index))
        if (Either.isLeft(decoded)) {
          const { error, isFatal } = FeedFailure.of(decoded.left, this.link.command)
          const left = isFatal ? this.link.copy.breakOff(error) : Effect.void
          return Effect.zipRight(left, Effect.fail(Option.some<ReadError>(error)))
        }
        this.note(decoded.right)
        out.push(decoded.right)
      }
    }
    this.come = out
    this.from = 0
    return Effect.sync(() => this.take())
  }

  /** Some of what has come: the event loop has its turn before the next. */
  private take(): Chunk.Chunk<ServerWalMessage> {
    const { come, from } = this
    this.from += most
    const isLast = this.from >= come.length
    if (isLast) this.come = none
    return ArrayChunk.make(isLast && from === 0 ? come : come.slice(from, from + most))
  }

  /** From a message on until it is acknowledged keepalives are no progress. */
  private note(message: ServerWalMessage): void {
    const { due, progress, reported } = this.link
    if (message._tag === "XLogData") {
      progress.receive(...halves(message.start))
      progress.begin()
    } else if (message._tag === "PrimaryKeepalive") {
      progress.keepalive(...halves(message.end))
      if (message.replyRequested && progress.flushed !== reported()) due.notify()
    }
  }

  /** Everything before these positions is finished in their ways. */
  acknowledge(positions: Lsn | Partial<Positions>): BeyondReceived | undefined {
    const { progress } = this.link
    const { received } = progress
    progress.settle()
    const wrong = progress.acknowledge(positions)
    // Until all is finished, keepalives are no progress.
    if (progress.flushed < received || progress.applied < received) progress.begin()
    return wrong
  }
}
