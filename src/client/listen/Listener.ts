/**
 * The one session for all channels: opened with the first subscriber, closed with the last, opened again when it is lost. The
 * subscribers are the state; a session is made to listen to whatever they want.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { OpenOverrides, PgConnector } from "../../connection/PgConnector.js"
import * as Reconnect from "../../connection/Reconnect.js"
import { StreamBatching } from "../../connection/session/StreamBatching.js"
import { isTransientAnew } from "../../model/Judgement.js"
import { PgClosedError } from "../../model/PgError.js"
import type { PgSessionError } from "../../model/PgError.js"
import { EventBuffer } from "./EventBuffer.js"
import type { Overflow } from "./EventBuffer.js"
import type { Gap, PgListenError } from "./Events.js"
import { ListenSession } from "./ListenSession.js"
import type { ProbeSettings } from "./ListenSession.js"

export interface ListenerSettings {
  readonly reconnect: Schedule.Schedule<unknown, PgListenError>
  readonly onReconnect: (
    error: PgListenError,
    attempt: number,
    delay: Duration.Duration | undefined
  ) => Effect.Effect<void>
  readonly probe: ProbeSettings
  readonly overrides: OpenOverrides
}

export interface Subscriber {
  readonly channel: string
  readonly buffer: EventBuffer
  /** Whether the effect that subscribed has succeeded: only then can something be missing from its stream. */
  isListening: boolean
}

/** An open session, until `lost` succeeds. */
interface Open {
  readonly session: ListenSession
  readonly lost: Deferred.Deferred<void>
}

/** What the loop of sessions knows of the outage it is in. */
interface Outage {
  readonly error: PgListenError
  attempts: number
}

const overflow = (dropped: number): Gap => ({ _tag: "Gap", reason: { _tag: "Overflow", dropped } })

const closed = (): PgClosedError =>
  new PgClosedError({
    reason: "the layer of Listen was closed",
    sent: false,
    server: undefined,
    sql: "",
    ended: true
  })

/** Whether the session is over: then the next one is made to listen to the same channels. */
const isEnd = (error: PgSessionError): boolean => {
  switch (error._tag) {
    case "PgClosedError":
    case "PgProtocolError":
      return true
    case "PgServerError":
      return error.severity !== "ERROR"
    case "PgTimeoutError":
      return error.deadline === "silence"
    default:
      return false
  }
}

export class Listener {
  private isClosed = false
  private readonly subscribers = new Map<string, Set<Subscriber>>()
  private loop: Fiber.RuntimeFiber<void> | undefined
  private next = Deferred.unsafeMake<Open, PgListenError>(FiberId.none)
  private open: Open | undefined
  private readonly batching: StreamBatching

  constructor(
    private readonly connector: PgConnector["Type"],
    private readonly settings: ListenerSettings,
    private readonly fork: (effect: Effect.Effect<void>) => Fiber.RuntimeFiber<void>
  ) {
    this.batching = new StreamBatching(fork)
  }

  get state(): "idle" | "connecting" | "listening" {
    return this.open !== undefined ? "listening" : this.loop !== undefined ? "connecting" : "idle"
  }
  get channels(): ReadonlyArray<string> {
    return [...this.subscribers.keys()]
  }
  get processId(): number | undefined {
    return this.open?.session.processId
  }

  /** Registered with the server when the effect succeeds; the scope gives the subscription up. */
  subscribe(
    channel: string,
    capacity: number,
    overflow: Overflow
  ): Effect.Effect<Subscriber, PgListenError, Scope.Scope> {
    const add = Effect.sync((): Subscriber => {
      const subscriber = {
        channel,
        buffer: new EventBuffer(capacity, overflow, channel, this.batching),
        isListening: false
      }
      const others = this.subscribers.get(channel)
      if (others === undefined) this.subscribers.set(channel, new Set([subscriber]))
      else others.add(subscriber)
      return subscriber
    })
    return Effect.acquireRelease(add, (subscriber) => Effect.sync(() => this.remove(subscriber))).pipe(
      Effect.tap((subscriber) => this.ensure(subscriber))
    )
  }

  private remove(subscriber: Subscriber): void {
    const { buffer, channel } = subscriber
    buffer.end(Exit.void)
    const others = this.subscribers.get(channel)
    if (others === undefined || !others.delete(subscriber) || others.size > 0) return
    this.subscribers.delete(channel)
    if (this.subscribers.size > 0) {
      if (this.open !== undefined) this.fork(this.open.session.unlisten(channel))
      return
    }
    const loop = this.loop
    this.loop = undefined
    this.open = undefined
    this.next = Deferred.unsafeMake(FiberId.none)
    if (loop !== undefined) this.fork(Effect.asVoid(Fiber.interrupt(loop)))
  }

  /** Waits until the server has confirmed the subscriber's channel, through lost sessions too. */
  private ensure(subscriber: Subscriber): Effect.Effect<void, PgListenError> {
    return Effect.gen(this, function* () {
      for (;;) {
        if (this.isClosed) return yield* closed()
        this.loop ??= this.fork(this.sessions)
        const { lost, session } = this.open ?? (yield* Deferred.await(this.next))
        const outcome = yield* Effect.either(session.listen([subscriber.channel]))
        if (outcome._tag === "Right") break
        if (!isEnd(outcome.left)) return yield* outcome.left
        yield* Deferred.await(lost)
      }
      subscriber.isListening = true
    })
  }

  /** Session after session, until the schedule or an error that lasts ends it: then every stream fails with the reason. */
  private readonly sessions: Effect.Effect<void> = Effect.gen(this, function* () {
    const reconnect = yield* Reconnect.make(this.settings.reconnect, this.settings.onReconnect)
    let outage: Outage | undefined
    let isFirst = true
    const opened = Effect.sync(() => {
      if (outage !== undefined) this.gap(outage)
      outage = undefined
      isFirst = false
    })
    for (;;) {
      const error = yield* Effect.flip(Effect.scoped(this.one(reconnect, opened)))
      outage ??= { error, attempts: 0 }
      outage.attempts++
      if (isFirst || !isTransientAnew(error) || !(yield* reconnect.next(error))) return this.fail(error)
    }
  })

  /** One session: opened, made to listen to everything, and read until it is lost. */
  private one(
    reconnect: Reconnect.Reconnect<PgListenError>,
    opened: Effect.Effect<void>
  ): Effect.Effect<never, PgListenError, Scope.Scope> {
    return Effect.gen(this, function* () {
      const connection = yield* this.connector.open(this.settings.overrides)
      const session = yield* ListenSession.make(connection)
      yield* session.listen(this.channels)
      const open: Open = { session, lost: yield* Deferred.make<void>() }
      const waiting = this.next
      yield* opened
      this.open = open
      yield* Deferred.succeed(waiting, open)
      let isProven = false
      const answered = (): void => {
        if (isProven) return
        isProven = true
        this.fork(reconnect.reset)
      }
      return yield* session
        .run(this.settings.probe, {
          handle: (notification) => {
            const subscribers = this.subscribers.get(notification.channel)
            if (subscribers !== undefined)
              for (const { buffer } of subscribers) buffer.notification(notification)
          },
          handled: () => this.batching.flush(),
          overflowed: (dropped) => this.each(({ buffer }) => buffer.offer(overflow(dropped))),
          answered
        })
        .pipe(
          Effect.ensuring(
            Effect.suspend(() => {
              if (this.open === open) {
                this.open = undefined
                this.next = Deferred.unsafeMake(FiberId.none)
              }
              return Deferred.succeed(open.lost, undefined)
            })
          )
        )
    })
  }

  /** The layer is closed: nothing is listened to any more. */
  close(): void {
    this.isClosed = true
    this.fail(closed())
  }

  private gap({ attempts, error }: Outage): void {
    this.each(({ buffer }) => buffer.offer({ _tag: "Gap", reason: { _tag: "SessionLost", error, attempts } }))
    this.batching.flush()
  }

  /** Every subscriber whose stream has begun. */
  private each(use: (subscriber: Subscriber) => void): void {
    for (const subscribers of this.subscribers.values())
      for (const subscriber of subscribers) if (subscriber.isListening) use(subscriber)
  }

  private fail(error: PgListenError): void {
    for (const subscribers of this.subscribers.values())
      for (const { buffer } of subscribers) buffer.end(Exit.fail(error))
    this.subscribers.clear()
    const waiting = this.next
    this.next = Deferred.unsafeMake(FiberId.none)
    this.loop = undefined
    Deferred.unsafeDone(waiting, Exit.fail(error))
  }
}
