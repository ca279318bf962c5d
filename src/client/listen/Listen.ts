/**
 * LISTEN and NOTIFY. One session, outside the pool, listens to all channels; each subscription is a `Stream` of its channel. When
 * that session is lost, it is opened again and every channel is listened to again, and every stream gets a `Gap` before its
 * next notification: the server keeps nothing for a listener that is away.
 *
 * ```ts
 * const orders = yield* Listen.listen("orders", { schema: Schema.parseJson(Order) })
 * yield* Stream.runForEach(orders, (event) => event._tag === "Gap" ? readAllOrders : handle(event))
 * ```
 *
 * @see https://www.postgresql.org/docs/current/sql-notify.html
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TargetSessionAttrs } from "../../config/Vocabulary.js"
import * as PgConnector from "../../connection/PgConnector.js"
import * as Identifier from "../../model/Identifier.js"
import { PgUsageError } from "../../model/PgError.js"
import * as PgClient from "../PgClient.js"
import { sql } from "../Sql.js"
import type { Overflow } from "./EventBuffer.js"
import type { Gap, ListenEvent, Malformed, PgListenError, Received } from "./Events.js"
import { Listener } from "./Listener.js"
import * as Payload from "./Payload.js"

export type { Overflow } from "./EventBuffer.js"
export type { Gap, GapReason, ListenEvent, Malformed, PgListenError, Received } from "./Events.js"

/** How one subscription is buffered. */
export interface ListenOptions {
  /** Notifications that the consumer may be behind, each of at most 8 kB. Default 4096. */
  readonly capacity?: number
  /** What happens when the buffer is full. Default `dropOldest`. */
  readonly overflow?: Overflow
}

/** How payloads are read. */
export interface ListenSchema<A, I extends string> {
  /** From the payload's text, such as `Schema.parseJson(Order)`. A payload that it refuses is emitted as `Malformed`. */
  readonly schema: Schema.Schema<A, I>
}

/** How the one session is kept. */
export interface ListenLayerOptions {
  /**
   * When a lost session is opened again. Begins anew when a session has shown that it lives. Default: after 100 ms, then twice as
   * long each time up to 10 seconds, with jitter, without an end. Errors that last, such as a refused login, end it.
   */
  readonly reconnect?: Schedule.Schedule<unknown, PgListenError>
  /**
   * Called when the session was lost or could not be opened, with the number of the attempt that failed and the delay until the
   * next; `undefined` when there is no next attempt. Default: a warning in the log.
   */
  readonly onReconnect?: (
    error: PgListenError,
    attempt: number,
    delay: Duration.Duration | undefined
  ) => Effect.Effect<void>
  /** After this time without a notification the server is sent an empty query. Default 30 seconds. */
  readonly probeInterval?: Duration.DurationInput
  /** Longest wait for the answer to that query; then the session is lost. Default 10 seconds. */
  readonly probeTimeout?: Duration.DurationInput
  /** Of several hosts the one that is listened to. A standby refuses LISTEN. Default `primary`. */
  readonly targetSessionAttrs?: TargetSessionAttrs
}

/** The state of the listener. */
export interface ListenStatus {
  /** `idle`: no consumer is subscribed, and there is no session. */
  readonly state: "idle" | "connecting" | "listening"
  readonly channels: ReadonlyArray<string>
  /** The process id of the listening session; `undefined` without a session. */
  readonly processId: number | undefined
}

/** Listening on channels by one session beside the pool. Closing its layer ends the session and every stream. */
export interface ListenService {
  /**
   * Subscribes to a channel, whose name is used in its letter case. When the effect succeeds, the server has confirmed the subscription: no later notification is
   * missed. Closing the scope ends the subscription, and the end of the last one closes the session. While a lost session is being opened again, the effect waits; it
   * can be interrupted.
   *
   * Fails with `PgUsageError` for a name that is no channel or a `capacity` below 1, and with the error of opening when the first
   * session cannot be opened. The stream fails with the last error when the `reconnect` schedule has ended, and with
   * `PgLimitError` when its buffer is full under `overflow: "fail"`. Every stream has one consumer.
   */
  readonly listen: {
    <A, I extends string>(
      channel: string,
      options: ListenOptions & ListenSchema<A, I>
    ): Effect.Effect<Stream.Stream<Received<A> | Gap | Malformed, PgListenError>, PgListenError, Scope.Scope>
    (
      channel: string,
      options?: ListenOptions
    ): Effect.Effect<Stream.Stream<ListenEvent<string>, PgListenError>, PgListenError, Scope.Scope>
  }
  readonly status: Effect.Effect<ListenStatus>
}

/** The service of `Listen.layer`. */
export class Listen extends Context.Tag("effect-postgres/Listen")<Listen, ListenService>() {}

const defaultReconnect: Schedule.Schedule<unknown> = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("10 seconds")),
  Schedule.jittered
)

const logReconnect: NonNullable<ListenLayerOptions["onReconnect"]> = (error, attempt, delay) =>
  Effect.logWarning(
    `the listening session was lost or could not be opened (attempt ${attempt}); ` +
      (delay === undefined ? "it is not opened again" : `next attempt in ${Duration.format(delay)}`) +
      `: ${error.message}`
  )

/** Makes a listener over a connector. Closing the scope ends every stream with `PgClosedError` and closes the session. */
export const make = (
  options: ListenLayerOptions = {}
): Effect.Effect<ListenService, never, PgConnector.PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const connector = yield* PgConnector.PgConnector
    const fork = yield* FiberSet.makeRuntime<never>()
    const listener = new Listener(
      connector,
      {
        reconnect: options.reconnect ?? defaultReconnect,
        onReconnect: options.onReconnect ?? logReconnect,
        probe: {
          interval: Duration.decode(options.probeInterval ?? "30 seconds"),
          timeout: Duration.decode(options.probeTimeout ?? "10 seconds")
        },
        overrides: { targetSessionAttrs: options.targetSessionAttrs ?? "primary" }
      },
      // Not at once: what the loop of sessions does first belongs after the call that began it.
      (effect) => fork(effect, { immediate: false })
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => listener.close()))
    const listen = (
      channel: string,
      {
        capacity = 4096,
        overflow = "dropOldest",
        schema
      }: ListenOptions & Partial<ListenSchema<unknown, string>> = {}
    ): Effect.Effect<
      Stream.Stream<Received<unknown> | Gap | Malformed, PgListenError>,
      PgListenError,
      Scope.Scope
    > =>
      Effect.gen(function* () {
        yield* checkChannel("Listen.listen", channel)
        if (!Number.isInteger(capacity) || capacity < 1)
          return yield* usage("Listen.listen", "capacity", `must be a whole number from 1, got ${capacity}`)
        const { buffer } = yield* listener.subscribe(channel, capacity, overflow)
        return schema === undefined ? buffer.stream : Payload.through(buffer.pull, schema)
      })
    return {
      listen: listen as ListenService["listen"],
      status: Effect.sync(() => ({
        state: listener.state,
        channels: listener.channels,
        processId: listener.processId
      }))
    }
  })

/** Provides a listener over the connector that `PgClient.layer` provides. The first subscription opens its session, so building the layer does not connect. */
export const layer = (
  options: ListenLayerOptions = {}
): Layer.Layer<Listen, never, PgConnector.PgConnector> => Layer.scoped(Listen, make(options))

/** `ListenService.listen` of the service. */
export const listen: {
  <A, I extends string>(
    channel: string,
    options: ListenOptions & ListenSchema<A, I>
  ): Effect.Effect<
    Stream.Stream<Received<A> | Gap | Malformed, PgListenError>,
    PgListenError,
    Listen | Scope.Scope
  >
  (
    channel: string,
    options?: ListenOptions
  ): Effect.Effect<Stream.Stream<ListenEvent<string>, PgListenError>, PgListenError, Listen | Scope.Scope>
} = (channel: string, options?: ListenOptions) =>
  Effect.flatMap(Listen, (service) => service.listen(channel, options)) as never

/** The subscription as a stream: subscribed when it is run, given up when it ends. */
export const stream: {
  <A, I extends string>(
    channel: string,
    options: ListenOptions & ListenSchema<A, I>
  ): Stream.Stream<Received<A> | Gap | Malformed, PgListenError, Listen>
  (channel: string, options?: ListenOptions): Stream.Stream<ListenEvent<string>, PgListenError, Listen>
} = (channel: string, options?: ListenOptions) => Stream.unwrapScoped(listen(channel, options)) as never

/** Bytes of UTF-8 that a payload may have. */
export const maxPayloadBytes = 7999

/**
 * Notifies a channel, with a payload of at most 7,999 bytes of UTF-8; both are sent as parameters. Inside `withTransaction` the
 * server delivers it when the transaction commits, and delivers equal ones of a transaction once.
 *
 * Fails with `PgUsageError` before anything is sent when the name is no channel or the payload is too long. Interruption as for
 * `PgClient.query`.
 *
 * @see https://www.postgresql.org/docs/current/sql-notify.html
 */
export const notify = (
  channel: string,
  payload = ""
): Effect.Effect<void, PgClient.PgClientError, PgClient.PgClient> =>
  Effect.gen(function* () {
    yield* checkChannel("Listen.notify", channel)
    const bytes = Payload.defectOf(payload, maxPayloadBytes)
    if (bytes !== undefined) return yield* usage("Listen.notify", "payload", bytes)
    const pg = yield* PgClient.PgClient
    yield* pg.execute(sql`select pg_notify(${channel}, ${payload})`)
  })

const usage = (operation: string, argument: string, reason: string): PgUsageError =>
  new PgUsageError({ operation, argument, reason, sql: "" })

const checkChannel = (operation: string, channel: string): Effect.Effect<void, PgUsageError> => {
  const defect = Identifier.defectOf(channel)
  return defect === undefined
    ? Effect.void
    : Effect.fail(usage(operation, "channel", `must be the name of a channel: ${defect}`))
}
