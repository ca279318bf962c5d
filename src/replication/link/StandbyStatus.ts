/**
 * Keeps a replication link alive by reporting positions: on a timer, at once when the server asks, and when a position
 * should be known at once. The timer runs while data comes, is being handled, or waits at the bound in bytes.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-STANDBY-STATUS-UPDATE
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ByteWriter } from "../../bytes/ByteWriter.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { PgTimestampTz } from "../../model/PgTimestampTz.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import * as WalMessage from "../../wire/replication/WalMessage.js"
import { primaryKeepalive } from "../../wire/replication/WalView.js"
import type { Signal } from "./Signal.js"

/** How far a consumer is; each position is the one behind the last byte. */
export interface Positions {
  readonly written: Lsn
  /** What is safe: the slot moves up to here. */
  readonly flushed: Lsn
  readonly applied: Lsn
}

/** Nothing is reported: a server takes `0/0` for no position. */
export const nowhere: Positions = { written: LsnText.zero, flushed: LsnText.zero, applied: LsnText.zero }

/** The longest interval between two reports, unless another is asked for. */
export const defaultInterval: Duration.Duration = Duration.seconds(10)

const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000
}

/** A setting such as `1min` or `500ms` as the server shows it, in milliseconds; `undefined` for any other text. */
export const millisOf = (shown: string): number | undefined => {
  const words = /^(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?$/.exec(shown.trim())
  return words === null ? undefined : Number(words[1]) * units[words[2] ?? "ms"]!
}

/**
 * How often to report, by what the server shows as `wal_sender_timeout`: a third of it, and not more than ten seconds. With
 * `0` the server waits for ever.
 */
export const intervalFor = (walSenderTimeout: string): Duration.Duration => {
  const millis = millisOf(walSenderTimeout) ?? 0
  return millis === 0
    ? defaultInterval
    : Duration.min(defaultInterval, Duration.millis(Math.max(1, Math.floor(millis / 3))))
}

/** Whether a keepalive in the run asks for an answer. */
export const isAsked = (run: FrameRun): boolean => {
  for (let index = 0; index < run.count; index++) {
    const at = run.starts[index]!
    // The flag is a keepalive's last byte.
    if (run.bytes[at] === primaryKeepalive && run.bytes[bodyEnd(run, index) - 1] === 1) return true
  }
  return false
}

/** The oldest transactions that a standby still needs, each with its epoch; zeros for none. */
export type StandbyFeedback = Omit<WalMessage.HotStandbyFeedback, "_tag" | "time">

/** The feedback as a payload, with the time of this machine. */
export const encodeFeedback = (feedback: StandbyFeedback): Effect.Effect<Uint8Array> =>
  Effect.map(Clock.currentTimeNanos, (now) => {
    const writer = new ByteWriter(64)
    WalMessage.encodeClient(writer, {
      _tag: "HotStandbyFeedback",
      ...feedback,
      time: Option.getOrElse(PgTimestampTz.fromEpochMicros(now / 1000n), () => PgTimestampTz.infinity)
    })
    return writer.detach()
  })

/** The report as a payload, with the time of this machine. */
export const encode = (
  positions: Positions,
  options: { readonly replyRequested: boolean }
): Effect.Effect<Uint8Array> =>
  Effect.map(Clock.currentTimeNanos, (now) => {
    const writer = new ByteWriter(64)
    WalMessage.encodeClient(writer, {
      _tag: "StandbyStatus",
      ...positions,
      time: Option.getOrElse(PgTimestampTz.fromEpochMicros(now / 1000n), () => PgTimestampTz.infinity),
      replyRequested: options.replyRequested
    })
    return writer.detach()
  })

/** Sends a report; `replyRequested` has the server answer at once. */
export type Send<E> = (
  positions: Positions,
  options: { readonly replyRequested: boolean }
) => Effect.Effect<void, E>

export interface ReportOptions<E> {
  readonly positions: () => Positions
  readonly send: Send<E>
  readonly interval: Duration.Duration
  /** Notified when a report is due before its time. */
  readonly due: Signal
}

/** Reports every `interval`, and whenever a report is due before; then the interval begins anew. Ends with the link. */
export const report = <E>({ due, interval, positions, send }: ReportOptions<E>): Effect.Effect<never, E> =>
  Effect.raceFirst(Effect.sleep(interval), due.wait).pipe(
    Effect.zipRight(Effect.suspend(() => send(positions(), { replyRequested: false }))),
    Effect.forever
  )
