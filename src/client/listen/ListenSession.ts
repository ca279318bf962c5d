/** One session that listens: its commands, its notifications, its probe. It lives until it is lost. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../connection/PgConnection.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import { arrived, isHeard } from "../../connection/session/Traced.js"
import * as Identifier from "../../model/Identifier.js"
import type { Notification } from "../../model/Notification.js"
import { PgTimeoutError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"

/** `listen` or `unlisten` of a channel whose name has been checked. */
const command = (verb: "listen" | "unlisten", channel: string): string =>
  `${verb} ${Either.getOrThrow(Identifier.quote(channel))}`

export interface ProbeSettings {
  readonly interval: Duration.Duration
  readonly timeout: Duration.Duration
}

export interface ListenHandlers {
  readonly handle: (notification: Notification) => void
  /** All that came together has been given to `handle` and `overflowed`. */
  readonly handled: () => void
  /** Notifications of any channels were dropped before they could be handled. */
  readonly overflowed: (dropped: number) => void
  /** The session has shown that it is alive. */
  readonly answered: () => void
}

/** Spans for notifications, when a tracer is configured. */
const reported = (facts: PgConnection["facts"], chunk: Chunk.Chunk<Notification>): Effect.Effect<void> =>
  Effect.tracerWith((tracer) =>
    isHeard(tracer) ? Effect.forEach(chunk, (each) => span(facts, each), { discard: true }) : Effect.void
  )

const span = (facts: PgConnection["facts"], { channel, payload }: Notification): Effect.Effect<void> =>
  arrived(`receive ${channel}`, () => ({
    ...TracedFacts.placeOf(facts),
    "messaging.destination.name": channel,
    "messaging.operation.name": "receive",
    "messaging.message.body.size": Buffer.byteLength(payload)
  }))

export class ListenSession {
  /** Channels that the server has confirmed, less those that are given up. */
  private readonly confirmed = new Set<string>()
  /** Whether anything arrived since the last probe. */
  private heard = false

  private constructor(
    private readonly connection: PgConnection,
    private readonly notifications: Stream.Stream<Notification, PgSessionError>
  ) {}

  /** Over an open connection; it is subscribed before anything is listened to. */
  static readonly make = (
    connection: PgConnection
  ): Effect.Effect<ListenSession, PgSessionError, Scope.Scope> =>
    Effect.map(connection.notifications, (notifications) => new ListenSession(connection, notifications))

  get processId(): number | undefined {
    return this.connection.facts.processId
  }

  /** Listens to the channels, in one round trip; a refusal leaves all of them as they were. */
  listen(channels: ReadonlyArray<string>): Effect.Effect<void, PgSessionError> {
    return Effect.suspend(() => {
      const missing = channels.filter((channel) => !this.confirmed.has(channel))
      if (missing.length === 0) return Effect.void
      const sql = missing.map((channel) => command("listen", channel)).join("; ")
      return Effect.map(this.connection.simple(sql), () =>
        missing.forEach((each) => this.confirmed.add(each))
      )
    })
  }

  /** Stops listening to a channel. A session that cannot do so any more is lost, and listens to nothing. */
  unlisten(channel: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.confirmed.delete(channel)) return Effect.void
      return Effect.ignore(this.connection.simple(command("unlisten", channel)))
    })
  }

  /** Hands every notification on, and fails with the reason when the session is lost. */
  run(
    probe: ProbeSettings,
    { answered, handle, handled, overflowed }: ListenHandlers
  ): Effect.Effect<never, PgSessionError> {
    let lost = 0
    const dispatch = Stream.runForEachChunk(this.notifications, (chunk) =>
      Effect.flatMap(this.connection.losses, ({ notifications }) => {
        this.heard = true
        answered()
        if (notifications > lost) overflowed(notifications - lost)
        lost = notifications
        for (const each of Chunk.toReadonlyArray(chunk)) handle(each)
        handled()
        return reported(this.connection.facts, chunk)
      })
    )
    const all = Effect.zipRight(
      Effect.map(this.connection.losses, ({ notifications }) => {
        lost = notifications
      }),
      Effect.raceFirst(Effect.zipRight(dispatch, this.connection.ended), this.probing(probe, answered))
    )
    return Effect.flatMap(all, (reason) => Effect.fail(reason))
  }

  /** An empty query after each interval in which nothing arrived: a peer that vanished silently does not answer. */
  private probing(
    { interval, timeout }: ProbeSettings,
    answered: () => void
  ): Effect.Effect<never, PgSessionError> {
    const ask = Effect.mapError(this.connection.simple("", { timeout }), (error) =>
      error._tag === "PgTimeoutError" && error.deadline === "statement"
        ? new PgTimeoutError({
            deadline: "silence",
            millis: Duration.toMillis(timeout),
            sent: true,
            during: "the probe of the listening session",
            detail: "The server did not answer an empty query, so the session was ended."
          })
        : error
    )
    const once = Effect.suspend(() => {
      const wasHeard = this.heard
      this.heard = false
      return wasHeard ? Effect.void : Effect.map(ask, () => answered())
    })
    return Effect.forever(Effect.delay(once, interval))
  }
}
