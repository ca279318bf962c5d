/** One session that follows the log: opened, read, taken over to the next timeline, ended. */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { CopyBoth } from "../../connection/copy/CopyBoth.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgProtocolError } from "../../model/PgError.js"
import { PgClosedError } from "../../model/PgError.js"
import * as History from "../../wire/replication/TimelineHistory.js"
import type { ReplicationLink } from "../link/ReplicationLink.js"
import * as Command from "../walsender/Command.js"
import type { TimelineHistoryFile } from "../walsender/Walsender.js"
import * as Walsender from "../walsender/Walsender.js"
import type { LogPlace, PhysicalError } from "./PhysicalFailure.js"
import * as PhysicalFailure from "./PhysicalFailure.js"

/** The timeline that goes on, and where. */
export interface NextTimeline {
  readonly timeline: number
  readonly at: Lsn
  readonly history: TimelineHistoryFile
}

/** The server has ended the stream without another timeline, as it does when it shuts down. */
const endedEarly = (sql: string): PgClosedError =>
  new PgClosedError({ reason: "the server ended the stream of its log", sent: true, server: undefined, sql })

export class PhysicalSession {
  private copy:
    { readonly copy: CopyBoth; readonly scope: Scope.CloseableScope; readonly sql: string } | undefined

  constructor(
    readonly connection: PgConnection,
    private readonly scope: Scope.CloseableScope,
    private readonly link: ReplicationLink,
    private readonly slot: string | undefined
  ) {}

  /** Whether reports reach the server. */
  get isOpen(): boolean {
    return this.copy?.copy.isOpen === true
  }

  /** Begins the stream at this place. */
  begin(place: LogPlace): Effect.Effect<void, PhysicalError, PgConnector> {
    const { connection, link, slot } = this
    const { position, timeline } = place
    return Effect.gen(this, function* () {
      const sql = yield* Command.startPhysical({
        start: position,
        timeline,
        ...(slot === undefined ? {} : { slot })
      })
      const scope = yield* Scope.fork(this.scope, ExecutionStrategy.sequential)
      const copy = yield* link.open(connection, sql).pipe(
        Scope.extend(scope),
        Effect.catchAll((error) => Effect.flatMap(PhysicalFailure.refused(slot, place, error), Effect.fail)),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      this.copy = { copy, scope, sql }
      if (copy.isOpen) yield* Scope.extend(link.attach(copy), scope)
    })
  }

  /** What has come; as a failure, none at the end of the timeline. */
  readonly pull: CopyBoth["pull"] = Effect.suspend(() => this.copy!.copy.pull)

  /** Closes the connection because the server contradicts itself. */
  breakOff(error: PgProtocolError): Effect.Effect<void> {
    return Effect.suspend(() => this.copy?.copy.breakOff(error) ?? Effect.void)
  }

  /** The timeline that goes on where this one has ended, once the server has reported it. `place`: behind the last byte. */
  next(place: LogPlace): Effect.Effect<NextTimeline, PhysicalError> {
    return Effect.gen(this, function* () {
      const { copy, scope, sql } = this.copy!
      const results = yield* copy.finish
      yield* Scope.close(scope, Exit.void)
      this.copy = undefined
      const row = results.find(({ columns }) => columns.some(({ name }) => name === "next_tli"))?.rows[0]
      if (row === undefined) return yield* Effect.fail(endedEarly(sql))
      const timeline = yield* Walsender.timelineOf(row, "next_tli", sql)
      const at = yield* Walsender.lsnOf(row, "next_tli_startpos", sql)
      if (timeline <= place.timeline) {
        return yield* this.contradicts(`timeline ${timeline} follows timeline ${place.timeline}`)
      }
      if (at !== place.position) {
        const ends = `timeline ${place.timeline} ends at ${LsnText.toText(at)}`
        return yield* this.contradicts(
          `${ends}, and its log was sent up to ${LsnText.toText(place.position)}`
        )
      }
      const history = yield* Walsender.history(this.connection, timeline)
      if (History.endOf(history.entries, place.timeline) !== at) {
        return yield* this.contradicts(
          `the history of timeline ${timeline} does not leave timeline ${place.timeline} at ${LsnText.toText(at)}`
        )
      }
      return { timeline, at, history }
    })
  }

  private contradicts(reason: string): Effect.Effect<never, PgProtocolError> {
    return Effect.fail(PhysicalFailure.contradiction("next timeline", reason))
  }

  /** Reports a last time, ends the stream politely, and closes the session. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => Scope.close(this.scope, Exit.void))
}
