/**
 * Keeps a feed going: opens it, reads it through a handler, acknowledges what the handler has finished, and opens it again
 * after a loss.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { TargetSessionAttrs } from "../../config/Vocabulary.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as TracedFacts from "../../connection/session/TracedFacts.js"
import * as Reconnect from "../../connection/Reconnect.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import { PgClosedError } from "../../model/PgError.js"
import * as Consume from "./Consume.js"
import type { RunFailure } from "./RunFailure.js"
import { serverFailure, isTransient } from "./RunFailure.js"
import { Finished } from "./Finished.js"
import * as KeepIdle from "./KeepIdle.js"
import type { ServerPlace } from "../feed/FeedPlace.js"
import * as FeedPlace from "../feed/FeedPlace.js"
import type { LogicalFeed, LogicalOptions } from "../feed/LogicalFeed.js"
import * as Feed from "../feed/LogicalFeed.js"
import * as Retries from "./Retries.js"
import type { RunError, RunEvent } from "./RunEvent.js"
import type { Handler, Keeper } from "./RunHandler.js"

/** How a lost feed is opened again, unless set otherwise: after a tenth of a second, then longer, up to half a minute. */
export const defaultReconnect: Schedule.Schedule<unknown, RunError> = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("30 seconds")),
  Schedule.jittered
)

/** When a feed that lived for this long is lost, the schedule begins anew. */
export const defaultSteadiness: Duration.Duration = Duration.minutes(1)

/** Options of a run: what it does after failures and losses. */
export interface RunSettings<E = never, R = never> {
  /** When a failed handler is called again, with the same changes. Default: never, and the run fails with the handler's error. */
  readonly retry?: Schedule.Schedule<unknown, E, R>
  /** When a lost feed is opened again. Default `defaultReconnect`: after 100 ms, then longer, up to 30 seconds, without an end. */
  readonly reconnect?: Schedule.Schedule<unknown, RunError, R>
  /** Called for each event, as it happens: the run waits for it. */
  readonly onEvent?: (event: RunEvent<E>) => Effect.Effect<void, never, R>
  /**
   * The role that the server must have. Default: the configuration's. If that is `any` and there are several hosts: the one that accepts writes, which after a failover is the new
   * primary.
   */
  readonly targetSessionAttrs?: TargetSessionAttrs
}

/** What the run knows from one feed to the next. */
interface Memory {
  /** Everything that ends before this position has been handled; `undefined` until a feed has reported where it begins. */
  position: Lsn | undefined
  /** What ends behind this position has not been handled, and its handling has not begun. */
  handled: Lsn | undefined
  /** Where the last feed was read; `undefined` until one has been open. */
  place: ServerPlace | undefined
}

type Connector = PgConnector["Type"]

const towards = (connector: Connector, wanted: TargetSessionAttrs | undefined): Connector => {
  const { hosts, targetSessionAttrs } = connector.config
  const usual = targetSessionAttrs === "any" && hosts.length > 1 ? "read-write" : targetSessionAttrs
  const attrs = wanted ?? usual
  return {
    config: connector.config,
    get types() {
      return connector.types
    },
    findTypes: connector.findTypes,
    refreshTypes: connector.refreshTypes,
    open: (overrides) => connector.open({ targetSessionAttrs: attrs, ...overrides })
  }
}

/** The server has ended the stream, as it does when it shuts down. */
const endedEarly = (slot: string): PgClosedError =>
  new PgClosedError({
    reason: `the server ended the stream of slot ${slot}`,
    sent: true,
    server: undefined,
    sql: ""
  })

/**
 * How far the consumer is, and on which server. The position that is kept with the data takes precedence over the
 * remembered one.
 */
const reachedBy = <E, R>(
  options: LogicalOptions,
  keeper: Keeper<E, R> | undefined,
  memory: Memory
): FeedPlace.ConsumerProgress & { readonly place: ServerPlace | undefined } => {
  if (keeper?.position !== undefined) {
    const { position } = keeper
    // The run's own position is newer: the stored place may be that of a server that was promoted since.
    const isOwn = memory.position !== undefined && position <= memory.position
    const place = (isOwn ? memory.place : undefined) ?? keeper.place ?? memory.place
    // When `handled` is not kept, what ends at the position may have been handled.
    return { position, handled: keeper.handled ?? position, place }
  }
  if (memory.position === undefined) {
    const position = options.start ?? LsnText.zero
    return { position, handled: position, place: options.startPlace }
  }
  return { position: memory.position, handled: memory.handled ?? memory.position, place: memory.place }
}

/** Opens one feed and goes through it to its end. */
const session = <E, R>(
  options: LogicalOptions,
  handler: Handler<E, R>,
  memory: Memory,
  call: Consume.CallHandler<E, R>,
  told: (feed: LogicalFeed, position: Lsn) => Effect.Effect<void>
): Effect.Effect<void, RunFailure<E>, R | PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const keeper: Keeper<E, R> | undefined =
      handler._tag === "ExactlyOnce"
        ? yield* Effect.mapError(handler.open(options.slot), serverFailure)
        : undefined
    const { position, ...reached } = reachedBy(options, keeper, memory)
    const start = yield* Effect.mapError(
      FeedPlace.resume({ position, handled: reached.handled }, reached.place),
      serverFailure
    )
    const { startPlace: _, ...others } = options
    const opened = yield* Effect.mapError(
      Feed.open({
        ...others,
        start,
        ...(reached.place === undefined ? {} : { startPlace: reached.place }),
        ...(keeper === undefined ? {} : { idle: "hold" })
      }),
      serverFailure
    )
    const { feed } = opened
    if (keeper !== undefined) yield* keeper.settle(feed.placeAt, start)
    const finished = new Finished(opened, LsnText.max(start, feed.facts.start))
    memory.position = finished.start
    memory.handled ??= finished.start
    if (keeper !== undefined && keeper.position === undefined) yield* keeper.keep(finished.start)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        memory.position = finished.position
        memory.handled = LsnText.max(memory.handled ?? LsnText.zero, finished.handled)
        memory.place = feed.placeAt(memory.position)
      })
    )
    yield* told(feed, finished.start)
    memory.place = feed.placeAt(finished.start)
    const spans = {
      ...TracedFacts.placeOf(opened.session),
      "messaging.destination.name": options.slot,
      "messaging.operation.name": "process"
    }
    const consumption = { feed, finished, call, spans }
    switch (handler._tag) {
      case "EachTransaction":
        yield* Consume.transactions(consumption, handler)
        break
      case "EachChange":
        yield* Consume.changes(consumption, handler)
        break
      case "EachBatch":
        yield* Consume.eachBatch(consumption, handler)
        break
      case "ExactlyOnce":
        yield* Effect.raceFirst(
          Consume.batches(consumption, Consume.limitsOf(handler.limits), keeper!.handle),
          KeepIdle.keepIdle(feed, keeper!)
        )
    }
    const { received } = yield* feed.progress
    if (options.until === undefined || received < options.until) {
      yield* Effect.fail(serverFailure(endedEarly(options.slot)))
    }
  })

/**
 * Runs a handler for the changes of a slot, until it is interrupted or the feed reaches `until`. It opens the feed, calls the handler, acknowledges what the handler has
 * finished, and opens a lost feed again.
 *
 * ```ts
 * Replication.run(
 *   { slot: "orders", publications: ["orders"] },
 *   Replication.eachTransaction((event) => index(event)),
 *   { retry: Schedule.exponential("100 millis") }
 * )
 * ```
 *
 * A position is acknowledged when everything before it is finished. When a handler fails, the run fails with its error, unless `retry` calls the handler again. When the feed is lost (the server restarts, fails over, ends the
 * session, is silent, or another session still has the slot) the changes that are being handled are finished first. Then the feed is opened
 * again by `reconnect`, on the host that is the primary, and continues behind what was handled.
 *
 * Fails with `PgSlotError` when the slot is missing, invalidated, made anew, or does not fit the position that this run, or
 * the database it writes to, has reached: continuing would leave a gap. Fails with `PgConfigError`, `PgAuthError`,
 * `PgCodecError`, `PgProtocolError` or `PgServerError` for an error that would come again, and with the error that the feed was lost by, when `reconnect` ends.
 *
 * Interrupting interrupts the handlers, waits for them, reports the position that is finished, and closes the feed.
 *
 * @see https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-REPLICATION-SLOTS
 */
export const run = <E, R, R2 = never>(
  options: LogicalOptions,
  handler: Handler<E, R>,
  settings: RunSettings<E, R2> = {}
): Effect.Effect<void, E | RunError, R | R2 | PgConnector> =>
  Effect.gen(function* () {
    const connector = towards(yield* PgConnector, settings.targetSessionAttrs)
    const context = yield* Effect.context<R2>()
    const tell = (event: RunEvent<E>): Effect.Effect<void> =>
      settings.onEvent === undefined ? Effect.void : Effect.provide(settings.onEvent(event), context)
    const memory: Memory = { position: undefined, handled: undefined, place: undefined }
    const known = (): Lsn => memory.position ?? options.start ?? LsnText.zero
    const reconnect: Reconnect.Reconnect<RunError> = yield* Reconnect.make<RunError, R2>(
      settings.reconnect ?? defaultReconnect,
      (reason, attempt, delay) =>
        delay === undefined ? Effect.void : tell({ _tag: "Retrying", reason, attempt, delay })
    )
    const retrying = Retries.calling<E, R2>(settings.retry, (error, attempt, delay) =>
      tell({ _tag: "HandlerFailed", error, attempt, delay })
    )
    const call: Consume.CallHandler<E, R | R2> = retrying
    const told = (feed: LogicalFeed, position: Lsn): Effect.Effect<void> =>
      tell(
        memory.place !== undefined
          ? { _tag: "Resumed", facts: feed.facts, position }
          : { _tag: "Opened", facts: feed.facts }
      )

    const one: Effect.Effect<boolean, E | RunError, R | R2> = Effect.gen(function* () {
      const before = known()
      const begun = yield* Clock.currentTimeMillis
      const outcome = yield* Effect.either(
        Effect.provideService(
          Effect.scoped(session<E, R | R2>(options, handler, memory, call, told)),
          PgConnector,
          connector
        )
      )
      if (outcome._tag === "Right") return true
      const ending = outcome.left
      if (ending._tag === "HandlerFailure") return yield* Effect.fail(ending.error)
      const reason = ending.error
      if (!isTransient(reason)) return yield* Effect.fail(reason)
      const position = known()
      yield* tell({ _tag: "Lost", reason, position })
      const lived = (yield* Clock.currentTimeMillis) - begun
      if (position > before || lived >= Duration.toMillis(defaultSteadiness)) yield* reconnect.reset
      if (!(yield* reconnect.next(reason))) return yield* Effect.fail(reason)
      return false
    })

    yield* Effect.repeat(one, { until: (done) => done }).pipe(
      Effect.onExit((exit) =>
        tell({
          _tag: "Stopped",
          how: Exit.isSuccess(exit) ? "done" : Cause.isInterrupted(exit.cause) ? "interrupted" : "failed",
          position: known()
        })
      )
    )
  })
