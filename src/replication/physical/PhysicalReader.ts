/**
 * From sessions to events: the log in order and without a gap, over changes of the timeline and lost connections. One reader
 * per feed; after its end or a failure it gives the same again.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import type { Reconnect } from "../../connection/Reconnect.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { isTransientAnew } from "../../model/Judgement.js"
import type { PgProtocolError } from "../../model/PgError.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import { primaryKeepalive, WalView, xLogData } from "../../wire/replication/WalView.js"
import * as WalSegment from "../../wire/replication/WalSegment.js"
import type { Positions } from "../link/StandbyStatus.js"
import type { PhysicalEvent } from "./PhysicalEvent.js"
import type { LogPlace, PhysicalError } from "./PhysicalFailure.js"
import * as PhysicalFailure from "./PhysicalFailure.js"
import type { PhysicalSession } from "./PhysicalSession.js"

export type NextEvents = Effect.Effect<Chunk.Chunk<PhysicalEvent>, Option.Option<PhysicalError>, PgConnector>

/** A session that is open again, and its server's timeline. */
export interface Reopened {
  readonly session: PhysicalSession
  readonly serverTimeline: number
}

export interface PhysicalReaderOptions {
  readonly first: PhysicalEvent
  readonly session: PhysicalSession
  readonly place: LogPlace
  readonly until: Lsn | undefined
  /** Given, a new timeline is read from the beginning of the segment of this size that holds its beginning. */
  readonly wholeSegments: number | undefined
  readonly reconnect: Reconnect<PhysicalError>
  /** Opens another session at this place. */
  readonly reopen: (place: LogPlace) => Effect.Effect<Reopened, PhysicalError, PgConnector>
}

const ended: Option.Option<PhysicalError> = Option.none()

/** Whether another session may succeed: for example because this server does not have that much log yet. */
const isPassing = (error: PhysicalError): boolean =>
  isTransientAnew(error) || (error._tag === "PgWalError" && error.reason === "beyond-end")

/** How far a feed is. */
export interface PhysicalProgress extends Positions {
  /** Everything before it has been given to the consumer. */
  readonly received: Lsn
  readonly timeline: number
  /** The server's end of the log, as it last reported it. */
  readonly serverEnd: Lsn
  /** Bytes that the server has and the consumer has not been given. */
  readonly lag: bigint
  /** Whether a connection is open now. */
  readonly connected: boolean
}

export class PhysicalReader {
  private readonly wal = new WalView()
  private session: PhysicalSession | undefined
  private position: Lsn
  private timeline: number
  private serverEnd: Lsn
  private given: Positions = { written: LsnText.zero, flushed: LsnText.zero, applied: LsnText.zero }
  private waiting: Array<PhysicalEvent>
  /** What the connection was lost by, until there is another. */
  private lost: PhysicalError | undefined
  private over: Option.Option<PhysicalError> | undefined
  /** Whether the stream of this timeline has ended, and the next is to be begun. */
  private atEnd = false

  constructor(private readonly options: PhysicalReaderOptions) {
    const { first, place, session } = options
    this.session = session
    this.position = place.position
    this.timeline = place.timeline
    this.serverEnd = place.position
    this.waiting = [first]
  }

  get progress(): PhysicalProgress {
    const { position, serverEnd } = this
    return {
      ...this.given,
      received: position,
      timeline: this.timeline,
      serverEnd,
      lag: serverEnd > position ? serverEnd - position : 0n,
      connected: this.isConnected
    }
  }

  /** Whether reports reach a server now. */
  get isConnected(): boolean {
    return this.session?.isOpen === true
  }

  /** Everything before it has been given to the consumer. */
  get received(): Lsn {
    return this.position
  }

  /** The server's end of the log, as it last reported it. */
  get end(): Lsn {
    return this.serverEnd
  }

  get positions(): Positions {
    return this.given
  }

  /** Takes positions of the consumer; the name of one that was never received, or nothing. */
  acknowledge({ applied, flushed, written }: Partial<Positions>): keyof Positions | undefined {
    if (this.isUnknown(applied)) return "applied"
    if (this.isUnknown(flushed)) return "flushed"
    if (this.isUnknown(written)) return "written"
    const { given } = this
    const nowFlushed = LsnText.max(given.flushed, flushed ?? LsnText.zero)
    this.given = {
      // What is flushed has been written.
      written: LsnText.max(LsnText.max(given.written, written ?? LsnText.zero), nowFlushed),
      flushed: nowFlushed,
      applied: LsnText.max(given.applied, applied ?? LsnText.zero)
    }
    return undefined
  }

  private isUnknown(position: Lsn | undefined): boolean {
    return position !== undefined && !(LsnText.isLsn(position) && position <= this.position)
  }

  /** The next events, never none of them; as a failure, none at the end. */
  readonly pull: NextEvents = Effect.suspend(() => {
    if (this.waiting.length > 0) {
      const events = this.waiting
      this.waiting = []
      return Effect.succeed(ArrayChunk.make(events))
    }
    if (this.over !== undefined) return Effect.fail(this.over)
    if (this.isReached) return this.finish(ended)
    const { lost, session } = this
    if (lost !== undefined || session === undefined) return this.reopen(lost!)
    return this.atEnd ? this.next(session) : this.read(session)
  })

  private get isReached(): boolean {
    const { until } = this.options
    return until !== undefined && this.position >= until
  }

  private finish(how: Option.Option<PhysicalError>): NextEvents {
    this.over = how
    return Effect.fail(how)
  }

  private read(session: PhysicalSession): NextEvents {
    return Effect.matchEffect(session.pull, {
      onFailure: (end) => {
        if (Option.isSome(end)) return this.lose(PhysicalFailure.inStream(this.place, end.value))
        this.atEnd = true
        return this.pull
      },
      onSuccess: (runs) => {
        const wrong = this.decode(Chunk.toReadonlyArray(runs))
        if (wrong !== undefined) {
          return Effect.zipRight(session.breakOff(wrong), this.failLater(wrong))
        }
        return this.waiting.length > 0 || this.isReached ? this.pull : this.read(session)
      }
    })
  }

  /** What came before the failure is given before it. */
  private failLater(error: PhysicalError): NextEvents {
    this.over = Option.some(error)
    return this.pull
  }

  private get place(): LogPlace {
    return { position: this.position, timeline: this.timeline }
  }

  private decode(runs: ReadonlyArray<FrameRun>): PgProtocolError | undefined {
    const { until } = this.options
    const { wal } = this
    for (const run of runs) {
      for (let index = 0; index < run.count; index++) {
        const malformed = wal.read(run.bytes, run.starts[index]!, bodyEnd(run, index))
        if (malformed !== null) return PhysicalFailure.contradiction(malformed.kind, malformed.reason)
        if (wal.tag === primaryKeepalive) this.serverEnd = LsnText.max(this.serverEnd, wal.end)
        if (wal.tag !== xLogData) continue
        const { dataEnd, dataStart, end: serverEnd, start, time: serverTime } = wal
        if (start !== this.position) {
          return PhysicalFailure.contradiction(
            "XLogData",
            `data from ${LsnText.toText(start)}, and the data before it ended at ${LsnText.toText(this.position)}`
          )
        }
        this.serverEnd = LsnText.max(this.serverEnd, serverEnd)
        if (dataEnd === dataStart) continue
        const whole = start + BigInt(dataEnd - dataStart)
        if (whole > LsnText.maximum) {
          return PhysicalFailure.contradiction("XLogData", "data beyond the last position there is")
        }
        const end = until !== undefined && until < whole ? until : whole
        if (end <= start) return undefined
        this.position = end
        this.waiting.push({
          _tag: "WalData",
          timeline: this.timeline,
          start,
          end,
          data: run.bytes.subarray(dataStart, dataStart + Number(end - start)),
          serverEnd,
          serverTime
        })
        if (this.isReached) return undefined
      }
    }
    return undefined
  }

  /** Goes over to the timeline that follows. */
  private next(session: PhysicalSession): NextEvents {
    const { wholeSegments } = this.options
    return Effect.gen(this, function* () {
      const next = yield* session.next(this.place)
      const resumesAt = wholeSegments === undefined ? next.at : WalSegment.floor(next.at, wholeSegments)
      yield* session.begin({ position: resumesAt, timeline: next.timeline })
      this.waiting.push({
        _tag: "TimelineSwitched",
        from: this.timeline,
        to: next.timeline,
        at: next.at,
        resumesAt,
        history: next.history
      })
      this.position = resumesAt
      this.timeline = next.timeline
      this.atEnd = false
    }).pipe(
      // Between two streams the session is of no use any more: another one begins where this one was.
      Effect.onInterrupt(() => this.leave(PhysicalFailure.interrupted)),
      Effect.matchEffect({ onFailure: (error) => this.lose(error), onSuccess: () => this.pull })
    )
  }

  private leave(reason: PhysicalError): Effect.Effect<void> {
    const left = this.session?.close ?? Effect.void
    this.session = undefined
    this.atEnd = false
    this.lost = reason
    return left
  }

  /** Reports a lost connection if another one may succeed. Otherwise the feed fails. */
  private lose(reason: PhysicalError): NextEvents {
    const left = this.leave(reason)
    if (!isPassing(reason)) return Effect.zipRight(left, this.failLater(reason))
    this.waiting.push({ _tag: "PhysicalLost", reason, ...this.place })
    return Effect.zipRight(left, this.pull)
  }

  /** Opens another session by the schedule, and goes on behind the last byte. */
  private reopen(reason: PhysicalError): NextEvents {
    const { reconnect, reopen } = this.options
    return Effect.flatMap(reconnect.next(reason), (goesOn) => {
      if (!goesOn) return this.finish(Option.some(reason))
      return Effect.matchEffect(reopen(this.place), {
        onFailure: (error) => {
          if (!isPassing(error)) return this.finish(Option.some(error))
          this.lost = error
          return this.pull
        },
        onSuccess: ({ serverTimeline, session }) => {
          this.session = session
          this.lost = undefined
          this.waiting.push({ _tag: "PhysicalResumed", ...this.place, serverTimeline })
          return Effect.zipRight(reconnect.reset, this.pull)
        }
      })
    })
  }
}
