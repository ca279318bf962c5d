/**
 * Whether a position means the same on the server we are on now. A standby that is promoted goes on from where it was: what the
 * old primary wrote beyond that is not in its log, and other things stand at the same positions.
 *
 * @see https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgOpenError, PgSessionError, PgSlotError } from "../../model/PgError.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as TimelineHistory from "../../wire/replication/TimelineHistory.js"
import * as History from "../walsender/History.js"
import * as Walsender from "../walsender/Walsender.js"

/** A server, and the history that it was in: without them a position means nothing. */
export interface ServerPlace {
  /** The cluster's identifier: a copy has the same as its original, and no other cluster has it. */
  readonly systemId: string
  readonly timeline: number
  /**
   * When the server was started that the position was read from: what the same run of it has sent is in its history, also behind a
   * promotion. Unless given, histories alone are compared.
   */
  readonly serverStart?: string | undefined
}

const serverQuery =
  "select pg_catalog.pg_postmaster_start_time()::pg_catalog.text as server_start, pg_catalog.pg_is_in_recovery() as in_recovery"

/** The run of the server that answers. */
const server = (
  connection: PgConnection
): Effect.Effect<{ readonly serverStart: string | undefined; readonly isStandby: boolean }, PgSessionError> =>
  Effect.map(Walsender.rows(connection, serverQuery), ([row = {}]) => ({
    serverStart: Walsender.textOf(row, "server_start"),
    isStandby: row["in_recovery"] === true
  }))

/** Whether the run of the server answers that the position was read from. */
const isSameRun = (connection: PgConnection, there: ServerPlace): Effect.Effect<boolean, PgSessionError> =>
  there.serverStart === undefined
    ? Effect.succeed(false)
    : Effect.map(server(connection), ({ serverStart }) => serverStart === there.serverStart)

/** Where the server's history left `timeline`; `undefined` when it never was on it. */
const leftHere = (
  connection: PgConnection,
  here: ServerPlace,
  timeline: number
): Effect.Effect<Lsn | undefined, PgSessionError> =>
  Effect.map(History.entriesOf(connection, here.timeline), (history) =>
    TimelineHistory.endOf(history, timeline)
  )

/** How far a consumer is. */
export interface ConsumerProgress {
  /** Everything that ends before has been handled. An idle feed moves it through log that has nothing for it. */
  readonly position: Lsn
  /** What ends behind has not been handled, nor been begun. */
  readonly handled: Lsn
}

/**
 * Where to continue on this server: at the position that was reached on the other one, or, when the history left that
 * timeline before the position and behind all that was handled, where it left. The log between was empty for this slot
 * there and does not exist here; what stands here now is new. `compared` decides whether the result is valid on this server.
 */
export const resume = (
  { handled, position }: ConsumerProgress,
  there: ServerPlace | undefined
): Effect.Effect<Lsn, PgOpenError | PgSessionError, PgConnector> =>
  there === undefined || handled >= position
    ? Effect.succeed(position)
    : Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* Walsender.open
          const here = yield* Walsender.identify(connection)
          if (here.systemId !== there.systemId || here.timeline === there.timeline) return position
          if (yield* isSameRun(connection, there)) return position
          const left = yield* leftHere(connection, here, there.timeline)
          return left !== undefined && left >= handled && left < position ? left : position
        })
      )

/** What is wrong with going on at `position`, which was reached over there, here; asked over a walsender's session. */
export const compared = (
  connection: PgConnection,
  slot: string,
  position: Lsn,
  there: ServerPlace,
  here: ServerPlace
): Effect.Effect<PgSlotError | undefined, PgSessionError> => {
  if (here.systemId !== there.systemId) {
    return Effect.succeed(
      SlotFailure.diverged(
        slot,
        `the position ${LsnText.toText(position)} is of the cluster ${there.systemId}, and this is another cluster: ${here.systemId}`
      )
    )
  }
  if (here.timeline === there.timeline) return Effect.succeed(undefined)
  return Effect.gen(function* () {
    if (yield* isSameRun(connection, there)) return undefined
    const left = yield* leftHere(connection, here, there.timeline)
    if (left !== undefined && left >= position) return undefined
    const where = left === undefined ? "has never been on" : `left at ${LsnText.toText(left)}`
    return SlotFailure.diverged(
      slot,
      `the position ${LsnText.toText(position)} is of timeline ${there.timeline}, which this server ${where}`
    )
  })
}

/** To which timelines the positions of an open feed belong. A standby that is read goes on to another one when it is promoted. */
export class FeedPlace {
  /** Timelines that were left, the oldest first, and where. */
  private left: TimelineHistory.TimelineHistory = []

  constructor(
    private readonly systemId: string,
    private timeline: number,
    private readonly serverStart: string | undefined
  ) {}

  /** What to keep with the position. */
  at(position: Lsn): ServerPlace {
    const { serverStart, systemId } = this
    const timeline = this.left.find(({ end }) => position <= end)?.timeline ?? this.timeline
    return { systemId, timeline, ...(serverStart === undefined ? {} : { serverStart }) }
  }

  /** Looks once at the server that is read; true when it is no standby any more, so that its timeline stays. */
  private readonly look: Effect.Effect<boolean, PgOpenError | PgSessionError, PgConnector> = Effect.scoped(
    Effect.gen(this, function* () {
      const connection = yield* Walsender.open
      const { isStandby, serverStart } = yield* server(connection)
      // Another server, or another run, which the link has been lost by.
      if (serverStart !== this.serverStart) return false
      const { timeline } = yield* Walsender.identify(connection)
      if (timeline !== this.timeline) {
        this.left = yield* History.entriesOf(connection, timeline)
        this.timeline = timeline
      }
      return !isStandby
    })
  )

  /** Looks after every interval until the server has been promoted. What cannot be looked at is looked at later. */
  watch(interval: Duration.Duration): Effect.Effect<void, never, PgConnector> {
    const later = Effect.delay(
      Effect.orElseSucceed(this.look, () => false),
      interval
    )
    return Effect.asVoid(Effect.repeat(later, { until: (isPromoted) => isPromoted }))
  }
}
