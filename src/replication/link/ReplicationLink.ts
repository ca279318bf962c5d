/**
 * An open replication stream, logical or physical: the copy in both directions, status reports on a timer of their own and
 * at once when the server asks, the watch over a silent server, read batching, and the polite end.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CopyBoth } from "../../connection/copy/CopyBoth.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { Notice } from "../../model/Notice.js"
import type { PgSessionError } from "../../model/PgError.js"
import { ReadBatching } from "./ReadBatching.js"
import { Signal } from "./Signal.js"
import * as StandbyStatus from "./StandbyStatus.js"

/** Bytes of a stream that its consumer has not taken yet at which reading from the socket stops. */
export const defaultBufferBytes = 1 << 20

export interface ReplicationLinkOptions {
  /** How far the consumer is: the content of a report. */
  readonly positions: () => StandbyStatus.Positions
  readonly interval: Duration.Duration
  readonly bufferBytes: number
  /** The longest pause in which messages gather in the socket; zero for no pauses. */
  readonly longestPause: Duration.Duration
  /** How long the server may be silent although it was asked; `undefined` for no limit. */
  readonly silenceLimit: Duration.DurationInput | undefined
  /** What the standby still needs, sent after each report; `undefined` for nothing. */
  readonly feedback?: Effect.Effect<StandbyStatus.StandbyFeedback> | undefined
}

export type { StandbyFeedback } from "./StandbyStatus.js"

/** True ends the data at this notice. */
export type OnNotice = (notice: Notice) => boolean

export class ReplicationLink {
  /** Notified when a report is due before its time. */
  readonly due = new Signal()
  private readonly batching: ReadBatching
  private attached: CopyBoth | undefined
  private lastFlushed: Lsn = LsnText.zero

  constructor(private readonly options: ReplicationLinkOptions) {
    this.batching = new ReadBatching(options.longestPause)
  }

  /** Sends START_REPLICATION. The watch over silence and the timer of the link see all messages. */
  open(
    session: PgConnection,
    command: string,
    onNotice?: OnNotice
  ): Effect.Effect<CopyBoth, PgSessionError, Scope.Scope> {
    const { bufferBytes, silenceLimit } = this.options
    return session.copyBoth(command, {
      bufferBytes,
      onData: (run, bytes) => {
        this.batching.came(run.count, bytes)
        if (StandbyStatus.isAsked(run)) this.due.notify()
      },
      ...(onNotice === undefined ? {} : { onNotice }),
      silence: { ask: this.ask, limit: silenceLimit }
    })
  }

  /**
   * Reports over this copy from now on: on the timer, and whenever a report is due. Closing the scope reports a last time,
   * closes our side of the copy, and waits for the server's.
   */
  attach(copy: CopyBoth): Effect.Effect<void, never, Scope.Scope> {
    const { interval, positions } = this.options
    return Effect.gen(this, function* () {
      this.attached = copy
      const send: StandbyStatus.Send<PgSessionError> = (reported, asking) => this.send(reported, asking)
      yield* Effect.addFinalizer(() => Effect.ignore(Effect.zipRight(this.report, copy.finish)))
      yield* Effect.forkScoped(
        Effect.interruptible(
          Effect.ignore(StandbyStatus.report({ positions, send, interval, due: this.due }))
        )
      )
    })
  }

  /** Like `copy.pull`, with pauses in which messages gather while many come. */
  pull(copy: CopyBoth): CopyBoth["pull"] {
    return this.batching.pull(copy)
  }

  /** The last position that was reported as flushed. */
  get reported(): Lsn {
    return this.lastFlushed
  }

  private send(
    ...[positions, asking]: Parameters<StandbyStatus.Send<PgSessionError>>
  ): Effect.Effect<void, PgSessionError> {
    return Effect.flatMap(StandbyStatus.encode(positions, asking), (bytes) => {
      this.lastFlushed = positions.flushed
      const { attached } = this
      return attached === undefined
        ? Effect.void
        : Effect.zipRight(attached.send(bytes), this.sendFeedback(attached))
    })
  }

  private sendFeedback(attached: CopyBoth): Effect.Effect<void, PgSessionError> {
    const { feedback } = this.options
    return feedback === undefined
      ? Effect.void
      : Effect.flatMap(Effect.flatMap(feedback, StandbyStatus.encodeFeedback), attached.send)
  }

  /** Reports the position now. */
  readonly report: Effect.Effect<void, PgSessionError> = Effect.suspend(() =>
    this.send(this.options.positions(), { replyRequested: false })
  )

  /** Reports the position now, and asks the server to answer at once. */
  private readonly ask: Effect.Effect<void, PgSessionError> = Effect.suspend(() =>
    this.attached === undefined ? Effect.void : this.send(this.options.positions(), { replyRequested: true })
  )
}
