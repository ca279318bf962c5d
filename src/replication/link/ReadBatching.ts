/**
 * When to leave the socket alone, so that what the server sends gathers there. A walsender sends every change by itself. A
 * fast reader is then woken for a few changes at a time, which costs more than reading them, and costs the server too:
 * measured in docs/decisions/reading-in-gulps.md.
 *
 * One pause is a trial. While pauses bring much data, every wait begins with one. When they no longer do, data is passed on
 * as it comes, and many messages later a pause is tried again. A few pauses with little data do not count: a server that
 * reads a large transaction back from its disk is silent at times. A pause in which the socket fills up holds the server
 * back: the next pause is shorter, or there is no pause for a long time.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CopyBoth } from "../../connection/copy/CopyBoth.js"

/** The longest pause, unless set otherwise. */
export const defaultGathering: Duration.Duration = Duration.millis(2)

/** The first pause, and the shortest: a host's timers know no shorter ones. */
const shortest = Duration.millis(1)

/** Messages from one trial to the next. */
const untilTrial = 1024

/** The same when even a short pause was too long for what the server sends. */
const untilLateTrial = 8192

/** Messages that a pause must bring for the next one to follow. */
const worthwhile = 32

/** Pauses in a row that bring less and are forgiven. */
const forgiven = 3

/** Bytes at which a socket is taken to be full, so that the server has had to wait for the end of the pause. */
const socketful = 61_440

/** As many messages in a full socket are worth a pause that holds the server back: it spends more on each than the pause costs it. */
const crowd = 1024

export class ReadBatching {
  /** Messages, and bytes, since the last pause. */
  private count = 0
  private bytes = 0
  private isPausing = false
  private isLong = false
  /** Meagre pauses in a row. */
  private meagre = 0
  private next = untilTrial

  /** `longest`: how long a pause may be; zero for none. */
  constructor(private readonly longest: Duration.Duration) {}

  /** So many messages have come off the socket, which weighed so many bytes. */
  came(messages: number, bytes: number): void {
    this.count += messages
    this.bytes += bytes
  }

  /** What has come. When that is nothing, and pauses are worth it, after a pause. */
  pull({ isEmpty, pull, rest }: Pick<CopyBoth, "isEmpty" | "pull" | "rest">): CopyBoth["pull"] {
    if (Duration.equals(this.longest, Duration.zero)) return pull
    const after = (pause: Duration.Duration): CopyBoth["pull"] =>
      Effect.map(Effect.zipRight(rest(pause), pull), (runs) => {
        this.judge()
        return runs
      })
    const short = after(Duration.min(shortest, this.longest))
    const long = after(this.longest)
    return Effect.suspend(() => (!isEmpty() || !this.isDue() ? pull : this.isLong ? long : short))
  }

  private isDue(): boolean {
    if (!this.isPausing) {
      if (this.count < this.next) return false
      this.isPausing = true
      this.isLong = false
      this.meagre = forgiven
    }
    this.count = 0
    this.bytes = 0
    return true
  }

  /** Whether the pauses go on, and how long they are, by what lay in the socket after the last. */
  private judge(): void {
    const isFull = this.bytes >= socketful
    const isMeagre = this.count < worthwhile
    const isTooLong = isFull && !this.isLong && this.count < crowd
    this.meagre = isMeagre ? this.meagre + 1 : 0
    this.isPausing = this.meagre <= forgiven && !isTooLong
    this.isLong = !isFull && (this.isLong || (!isMeagre && this.bytes * 2 < socketful))
    this.next = isTooLong ? untilLateTrial : untilTrial
    this.count = 0
  }
}
