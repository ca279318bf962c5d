/**
 * The log of a cluster as a feed, byte for byte.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TargetSessionAttrs } from "../../config/Vocabulary.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as Reconnect from "../../connection/Reconnect.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgSessionError } from "../../model/PgError.js"
import { PgClosedError, PgUsageError } from "../../model/PgError.js"
import { isTimeline } from "../../wire/replication/TimelineHistory.js"
import * as PullStream from "../../connection/session/PullStream.js"
import type { StandbyFeedback } from "../link/ReplicationLink.js"
import { defaultBufferBytes, ReplicationLink } from "../link/ReplicationLink.js"
import * as StandbyStatus from "../link/StandbyStatus.js"
import * as History from "../walsender/History.js"
import * as Walsender from "../walsender/Walsender.js"
import type { PhysicalEvent, PhysicalFacts } from "./PhysicalEvent.js"
import type { LogPlace, PhysicalError } from "./PhysicalFailure.js"
import * as PhysicalFailure from "./PhysicalFailure.js"
import type { PhysicalProgress } from "./PhysicalReader.js"
import { PhysicalReader } from "./PhysicalReader.js"
import { PhysicalSession } from "./PhysicalSession.js"
import * as StartPlace from "./StartPlace.js"

/** How a lost connection is opened again: after a tenth of a second, then longer, up to half a minute, without end. */
export const defaultPhysicalReconnect: Schedule.Schedule<unknown, PhysicalError> = Schedule.exponential(
  "100 millis"
).pipe(Schedule.union(Schedule.spaced("30 seconds")), Schedule.jittered)

/** How often a slot that another session uses is tried. */
const slotInterval = Duration.millis(100)

/** What a feed of the log is opened with. */
export interface PhysicalOptions {
  /** The physical slot to use: the server keeps its log for it. Without one the server may remove what has not been read. */
  readonly slot?: string
  /** Makes the slot, with its log reserved, unless there is one of this name; a temporary one is gone with the connection. */
  readonly create?: { readonly temporary?: boolean }
  /** How long to try again while another session uses the slot, before failing with `in-use`. Default: not at all. */
  readonly slotWait?: Duration.DurationInput
  /** Where to begin. Unless given, where the slot stands; without a slot, at the end of the server's log. */
  readonly start?: Lsn
  /** The timeline of `start`. Unless given, the one that holds `start` in the server's history. */
  readonly timeline?: number
  /** The cluster that `start` came from. Another one is refused with `PgWalError` (`other-system`). */
  readonly systemId?: string
  /** Where to end: behind the byte before this position. Unless given, never. */
  readonly until?: Lsn
  /**
   * The oldest transactions that the consumer still needs, asked at each report, for consumers that hold old row versions.
   * Unless given, nothing is sent.
   */
  readonly hotStandbyFeedback?: Effect.Effect<StandbyFeedback>
  /** How often positions are reported. Default ten seconds, or a third of `wal_sender_timeout`, whichever is less. */
  readonly statusInterval?: Duration.DurationInput
  /** How long the server may be silent, though asked, before the connection is given up. Default: no limit. */
  readonly silenceLimit?: Duration.DurationInput
  /** Bytes of the log that have not been taken yet at which reading from the socket stops. Default `defaultBufferBytes`, 1 MiB. */
  readonly bufferBytes?: number
  /** How a lost connection is opened again. Default `defaultPhysicalReconnect`; `Schedule.stop` for never. */
  readonly reconnect?: Schedule.Schedule<unknown, PhysicalError>
  /** The role wanted of the server. Default: the configuration's. */
  readonly targetSessionAttrs?: TargetSessionAttrs
}

/** An open feed of the log. It is read once, and ends with its scope; the slot stays. */
export interface PhysicalFeed {
  readonly facts: PhysicalFacts
  /**
   * The log in order and without a gap, and what happened on the way. A consumer's pace is the server's: at `bufferBytes` the
   * socket is not read. It is read once; a second reader is refused.
   */
  readonly events: Stream.Stream<PhysicalEvent, PhysicalError>
  /**
   * How far the consumer is, each as the position behind the last byte, and each only as the consumer reports it: `written` has been
   * taken over, `flushed` is safe (the slot moves up to it, and the server may remove what lies before), `applied` can be seen by
   * queries. Positions never go back, and what is flushed counts as written. The server is informed with the next report.
   *
   * Fails with `PgUsageError` for a position that this feed has not given yet.
   */
  readonly acknowledge: (positions: Partial<StandbyStatus.Positions>) => Effect.Effect<void, PgUsageError>
  /** Reports now, as a synchronous standby does when something is safe. Without a connection nothing is sent. */
  readonly report: Effect.Effect<void, PgSessionError>
  readonly progress: Effect.Effect<PhysicalProgress>
}

/** Of an archive: its segments are whole. */
export interface SegmentOptions {
  /** Begins at the beginning of a segment, at the start and on every new timeline. */
  readonly wholeSegments: boolean
}

const takenTwice = new PgClosedError({
  reason: "a feed of the log is read once: open another one, which begins where the slot stands or at start",
  sent: false,
  server: undefined,
  sql: ""
})

const refused = (argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation: "Replication.physical", argument, reason, sql: "" })

const shown = (position: unknown): string =>
  LsnText.isLsn(position) ? LsnText.toText(position) : String(position)

const checked = ({ create, slot, start, timeline, until }: PhysicalOptions): PgUsageError | undefined => {
  if (create !== undefined && slot === undefined)
    return refused("create", "needs the name of the slot in slot")
  if (timeline !== undefined && !isTimeline(timeline)) {
    return refused("timeline", `must be a whole number from 1 to 4294967295, got ${timeline}`)
  }
  if (timeline !== undefined && start === undefined)
    return refused("timeline", "must be given together with start")
  for (const [name, position] of Object.entries({ start, until })) {
    if (position !== undefined && !LsnText.isLsn(position)) {
      return refused(name, `must be a position from 0/0 to FFFFFFFF/FFFFFFFF, got ${String(position)}`)
    }
  }
  return undefined
}

/** Tries until the slot is free, if that is wanted. */
const whenFree = <A, R>(
  wait: Duration.DurationInput | undefined,
  begin: Effect.Effect<A, PhysicalError, R>
): Effect.Effect<A, PhysicalError, R> =>
  wait === undefined
    ? begin
    : Effect.retry(begin, {
        while: (error) => error._tag === "PgSlotError" && error.reason === "in-use",
        schedule: Schedule.spaced(slotInterval).pipe(Schedule.upTo(wait))
      })

/** As `physical`, for whole segments too; the events as a pull. */
export const open = (
  options: PhysicalOptions,
  { wholeSegments }: SegmentOptions
): Effect.Effect<
  Omit<PhysicalFeed, "events"> & { readonly reader: PhysicalReader },
  PhysicalError,
  PgConnector | Scope.Scope
> =>
  Effect.gen(function* () {
    const wrong = checked(options)
    if (wrong !== undefined) return yield* Effect.fail(wrong)
    const parent = yield* Effect.scope
    const connector = yield* PgConnector
    const { slot, slotWait, targetSessionAttrs } = options
    const connect = Effect.gen(function* () {
      const scope = yield* Scope.fork(parent, ExecutionStrategy.sequential)
      const connection = yield* connector
        .open({
          replication: "true",
          ...(targetSessionAttrs === undefined ? {} : { targetSessionAttrs })
        })
        .pipe(
          Scope.extend(scope),
          Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
        )
      return { scope, connection }
    })
    const read: { reader?: PhysicalReader } = {}
    const linked = (interval: Duration.Duration) =>
      new ReplicationLink({
        positions: () => read.reader?.positions ?? StandbyStatus.nowhere,
        interval,
        bufferBytes: options.bufferBytes ?? defaultBufferBytes,
        longestPause: Duration.zero,
        silenceLimit: options.silenceLimit,
        feedback: options.hotStandbyFeedback
      })
    const { connection, scope } = yield* connect
    const opening = Effect.gen(function* () {
      const system = yield* Walsender.identify(connection)
      const segmentSize = yield* Walsender.segmentSize(connection)
      const found = yield* StartPlace.find(connection, system, {
        slot,
        create: options.create,
        start: options.start,
        timeline: options.timeline,
        systemId: options.systemId
      })
      const floor = BigInt(wholeSegments ? segmentSize : 1)
      const place: LogPlace = {
        timeline: found.timeline,
        position: found.position - (found.position % floor)
      }
      const interval =
        options.statusInterval === undefined
          ? StandbyStatus.intervalFor(yield* Walsender.setting(connection, "wal_sender_timeout"))
          : Duration.decode(options.statusInterval)
      const link = linked(interval)
      const session = new PhysicalSession(connection, scope, link, slot)
      yield* whenFree(slotWait, session.begin(place))
      return { system, segmentSize, place, link, session, createdSlot: found.createdSlot }
    }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
    const { createdSlot, link, place, segmentSize, session, system } = yield* opening
    const facts: PhysicalFacts = {
      systemId: system.systemId,
      serverVersion: yield* connection.serverVersion,
      segmentSize,
      start: place.position,
      timeline: place.timeline,
      serverTimeline: system.timeline,
      slot,
      createdSlot
    }
    const reopen = (place: LogPlace) =>
      Effect.gen(function* () {
        const { connection, scope } = yield* connect
        return yield* Effect.gen(function* () {
          const here = yield* Walsender.identify(connection)
          if (here.systemId !== facts.systemId) {
            return yield* Effect.fail(PhysicalFailure.otherSystem(place, facts.systemId, here))
          }
          yield* StartPlace.check(place, here, yield* History.entriesOf(connection, here.timeline))
          yield* StartPlace.takeSlot(connection, { slot, create: options.create })
          const session = new PhysicalSession(connection, scope, link, slot)
          yield* session.begin(place)
          return { session, serverTimeline: here.timeline }
        }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))))
      })
    const reading = new PhysicalReader({
      first: { _tag: "PhysicalOpened", facts },
      session,
      place,
      until: options.until,
      wholeSegments: wholeSegments ? segmentSize : undefined,
      reconnect: yield* Reconnect.make<PhysicalError, never>(
        options.reconnect ?? defaultPhysicalReconnect,
        () => Effect.void
      ),
      reopen
    })
    read.reader = reading
    return {
      facts,
      reader: reading,
      acknowledge: (positions) =>
        Effect.suspend(() => {
          const wrong = reading.acknowledge(positions)
          return wrong === undefined
            ? Effect.void
            : Effect.fail(
                new PgUsageError({
                  operation: "acknowledge",
                  argument: wrong,
                  reason: `must be a position that this feed has received, at most ${LsnText.toText(reading.progress.received)}, got ${shown(positions[wrong])}`,
                  sql: ""
                })
              )
        }),
      report: Effect.suspend(() => (reading.isConnected ? link.report : Effect.void)),
      progress: Effect.sync(() => reading.progress)
    }
  })

/**
 * Opens a feed of the cluster's log: pieces of it in order and without a gap, each byte once, over timelines and connections.
 *
 * When a timeline ends, because the standby that is read from was promoted or the feed began in the server's past, the feed goes
 * on with the timeline that follows, and gives its history file as an event. When the connection is lost (the server restarts or
 * fails over, the network breaks, the slot is still held by the session before), the feed opens another one by `reconnect`, on
 * whichever of the hosts answers, and goes on behind the last byte; what happened is given as events.
 *
 * Positions are reported every `statusInterval` and at once when the server asks, while data is read and while it waits. Only
 * what the consumer acknowledges is reported as written, flushed or applied; until then the server keeps its log for the slot,
 * and a primary waits for a synchronous standby. A server that is stopped waits until everything that it has sent is acknowledged
 * as written, or as flushed by a consumer that reports that: a feed that never acknowledges keeps it from stopping.
 *
 * Closing the scope reports a last time and ends the stream politely. Interrupting the stream loses nothing that was not given.
 *
 * Fails with `PgWalError`: `removed` when the server has no longer the log at the position, `beyond-end` when its log ends
 * before, `diverged` when the timeline is not in its history, `other-system` for another cluster. Fails with `PgSlotError`:
 * `missing`, `in-use`, `invalidated`; with `PgUsageError` for a logical slot. The stream fails in the same ways, with
 * `PgProtocolError` when the server contradicts itself, and with what the connection was lost by when `reconnect` ends.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION
 */
export const physical = (
  options: PhysicalOptions = {}
): Effect.Effect<PhysicalFeed, PhysicalError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const connector = yield* PgConnector
    const { reader, ...feed } = yield* open(options, { wholeSegments: false })
    let taken = false
    const events = Stream.suspend((): Stream.Stream<PhysicalEvent, PhysicalError> => {
      if (taken) return Stream.fail(takenTwice)
      taken = true
      return PullStream.make(Effect.provideService(reader.pull, PgConnector, connector))
    })
    return { ...feed, events }
  })
