/**
 * One open logical stream, whatever its plugin: the slot looked at before it is used, the copy in both directions, the
 * report of our position on its timer, the watch over a silent server, and the polite end.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { CopyBoth } from "../../connection/copy/CopyBoth.js"
import type { PgConnection } from "../../connection/PgConnection.js"
import type { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { Notice } from "../../model/Notice.js"
import type {
  PgChangeRowError,
  PgUsageError,
  PgOpenError,
  PgServerError,
  PgSessionError,
  PgSlotError
} from "../../model/PgError.js"
import * as SqlState from "../../model/SqlState.js"
import * as Command from "../walsender/Command.js"
import { defaultGathering } from "../link/ReadBatching.js"
import type { ServerPlace } from "./FeedPlace.js"
import * as FeedPlace from "./FeedPlace.js"
import * as ReplaceableCopy from "../link/ReplaceableCopy.js"
import type { Progress } from "../link/Progress.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Slot from "../slots/Slot.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import type { SlotState } from "../slots/SlotState.js"
import { isWithoutBinary } from "./ReaderStop.js"
import { defaultBufferBytes, ReplicationLink } from "../link/ReplicationLink.js"
import type { Signal } from "../link/Signal.js"
import * as StandbyStatus from "../link/StandbyStatus.js"
import * as Walsender from "../walsender/Walsender.js"

/** What a feed can fail with. */
export type FeedError = PgOpenError | PgSessionError | PgChangeRowError | PgSlotError

/** How long a feed that takes a slot over waits for the consumer before it, by default. */
export const defaultPatience: Duration.Duration = Duration.seconds(10)

/** What to do about a slot that another session uses. */
export interface InUse {
  /** How long to try again before failing with `in-use`. Default: not at all, with `takeOver` ten seconds. */
  readonly wait?: Duration.DurationInput
  /** Ends the session that uses it. Needs the right to do so. Default false. */
  readonly takeOver?: boolean
}

/** The options of every feed. */
export interface FeedOptions {
  readonly slot: string
  /**
   * Everything before is safe with the consumer already. Unless given, or `0/0`, the slot knows. When the slot is beyond
   * it, or the server's log ends before it, the feed fails at once with `PgSlotError`, because changes would be missing.
   */
  readonly start?: Lsn
  /**
   * Where `start` was reached: what that feed's `placeAt` gave for it. Keep it with the position. When this
   * server is of another cluster, or left that timeline before `start`, the feed fails with `PgSlotError` (`diverged`) before
   * anything is made or moved. Unless given, positions alone are compared.
   */
  readonly startPlace?: ServerPlace
  /** Makes the slot first, unless there is one of this name; a temporary one is gone with the feed. */
  readonly create?: Slot.CreateOptions & { readonly temporary?: boolean }
  readonly inUse?: InUse
  /**
   * How often the position is reported. Default ten seconds, or a third of the server's `wal_sender_timeout`, whichever is
   * less.
   */
  readonly statusInterval?: Duration.DurationInput
  /**
   * How long the server may be silent, though asked for a word, before the feed fails with `PgTimeoutError` (`silence`). It must be
   * longer than the server decodes a transaction of which it sends nothing. Default: no limit, because a server at work may be
   * silent; what ends the link then is a server that cannot be reached (the connector's `silenceProbe`).
   */
  readonly silenceLimit?: Duration.DurationInput
  /** Bytes of the stream that are not taken yet at which reading from the socket stops. Default `defaultBufferBytes`, 1 MiB. */
  readonly bufferBytes?: number
  /**
   * How long the server's messages may gather in the socket while many come, so that many are read at once: it sends each by
   * itself, and to be woken for each costs both sides more than the change. The pauses are on Effect's clock and begin after
   * 1,024 messages. Default `defaultGathering`, two milliseconds. Zero for never: what a synchronous standby wants, for whose
   * acknowledgement every commit waits.
   */
  readonly gathering?: Duration.DurationInput
}

/** What is known of a feed from its beginning. */
export interface FeedFacts {
  readonly slot: string
  readonly plugin: string
  /** With `timeline` decides whether a position kept from an earlier feed is valid here. */
  readonly systemId: string
  readonly timeline: number
  /** When the server was started that is read; see `startPlace`. */
  readonly serverStart?: string
  /** As a number, such as 180004; `undefined` when the server reports none. */
  readonly serverVersion: number | undefined
  /** Where the stream begins: every transaction that was committed before has been confirmed. */
  readonly start: Lsn
  /** How often the position is reported. */
  readonly statusInterval: Duration.Duration
  /** The slot, if this feed has made it. */
  readonly created: Slot.Created | undefined
}

/** What the plugin is asked for, by the server's version. */
export interface Plugin<A> {
  readonly name: string
  readonly options: (version: Command.ServerVersionNumber) => Effect.Effect<A, PgUsageError>
  readonly list: (resolved: A) => ReadonlyArray<Command.PluginOption>
  /** Whether the database has what the plugin is asked for; looked at before a slot is made. */
  readonly check: (connection: PgConnection) => Effect.Effect<void, FeedError>
  readonly progress: (start: Lsn) => Progress
  /** Why the stream must end at this notice; `undefined` when it goes on. */
  readonly refuses?: (notice: Notice, command: string) => PgServerError | undefined
  /** The same with values as text, for types that cannot be sent or read in binary; `undefined` when they are text already. */
  readonly asText?: (resolved: A) => A | undefined
  /** Whether all that is published has a binary form now. Asked for a temporary slot, whose feed cannot change over later. */
  readonly isBinary?: Effect.Effect<boolean, FeedError>
}

export interface FeedLink<A> {
  readonly facts: FeedFacts
  /** The session that it was opened on. */
  readonly session: PgConnection["facts"]
  readonly command: string
  readonly plugin: A
  /** Its `pull` makes pauses in which messages gather. */
  readonly copy: CopyBoth
  /** Whether the slot goes with the session. */
  readonly isTemporary: boolean
  /** Whether values come as binary now. */
  readonly isBinary: () => boolean
  /** Begins the stream anew from this position on, with values as text. */
  readonly beginAsText: (position: Lsn) => Effect.Effect<void, FeedError>
  readonly progress: Progress
  /** The place to keep with a position. */
  readonly placeAt: (position: Lsn) => ServerPlace
  /** Notified when the position should be reported before its time. */
  readonly due: Signal
  /** The last position reported as safe. */
  readonly reported: () => Lsn
  /** Reports the position now. */
  readonly report: Effect.Effect<void, PgSessionError>
}

/** Makes the slot if it was asked for; one that is there already is left as it is. */
const makeSlot = (
  connection: PgConnection,
  { create, slot }: FeedOptions,
  plugin: string
): Effect.Effect<Slot.Created | undefined, FeedError> =>
  create === undefined
    ? Effect.succeed(undefined)
    : Effect.catchIf(
        Slot.createOn(connection, slot, { plugin, ...create }),
        (error) =>
          create.temporary !== true &&
          error._tag === "PgServerError" &&
          error.code === SqlState.duplicateObject,
        () => Effect.succeed(undefined)
      )

/** Why the slot cannot be read through this plugin, as far as the catalog shows; `undefined` when it can. */
export const unreadable = (state: SlotState, plugin: string): PgUsageError | PgSlotError | undefined => {
  const slot = state.name
  if (state.kind === "physical")
    return Quoting.refusal("slot", `must be a logical slot, and ${slot} is a physical one`)
  if (state.plugin !== plugin) {
    return Quoting.refusal(
      "slot",
      `must be a slot of the plugin ${plugin}, and ${slot} was created for ${state.plugin}`
    )
  }
  return state.invalidation === undefined ? undefined : SlotFailure.invalidated(slot, state.invalidation)
}

/** The slot as the catalog has it, if it can be used for this plugin and from this position. */
const inspect = (
  connection: PgConnection,
  { slot, start = LsnText.zero }: FeedOptions,
  plugin: string,
  system: Walsender.System
): Effect.Effect<SlotFailure.FoundSlot, FeedError> =>
  Effect.gen(function* () {
    const found = yield* SlotFailure.locate(connection, slot)
    if (found === undefined) return yield* SlotFailure.missing(slot)
    const { state } = found
    const wrong = unreadable(state, plugin) ?? SlotFailure.compared(state, start, system.end)
    return wrong === undefined ? found : yield* wrong
  })

/** Refuses a position that was reached on a server with another history. */
const inPlace = (
  connection: PgConnection,
  { slot, start = LsnText.zero, startPlace }: FeedOptions,
  here: ServerPlace
): Effect.Effect<void, FeedError> =>
  startPlace === undefined
    ? Effect.void
    : Effect.flatMap(FeedPlace.compared(connection, slot, start, startPlace, here), (wrong) =>
        wrong === undefined ? Effect.void : Effect.fail(wrong)
      )

/** How often a slot in use is tried. */
const patienceInterval = Duration.millis(100)

/** Ends the session that uses the slot, if there is one. */
const evict = (connection: PgConnection, slot: string): Effect.Effect<void, PgSessionError> =>
  Effect.flatMap(SlotFailure.find(connection, slot), (state) =>
    state?.activePid === undefined
      ? Effect.void
      : Effect.asVoid(
          Walsender.rows(connection, `select pg_catalog.pg_terminate_backend(${state.activePid})`)
        )
  )

/** Tries until the slot is free, if that is wanted. */
const whenFree = <A, R>(
  connection: PgConnection,
  slot: string,
  inUse: InUse,
  start: Effect.Effect<A, FeedError, R>
): Effect.Effect<A, FeedError, R> => {
  const takeOver = inUse.takeOver === true
  const wait = inUse.wait ?? (takeOver ? defaultPatience : undefined)
  if (wait === undefined) return start
  const isInUse = (error: FeedError): boolean => error._tag === "PgSlotError" && error.reason === "in-use"
  return start.pipe(
    Effect.tapError((error) => (takeOver && isInUse(error) ? evict(connection, slot) : Effect.void)),
    Effect.retry({
      while: isInUse,
      schedule: Schedule.spaced(patienceInterval).pipe(Schedule.upTo(wait))
    })
  )
}

/**
 * Opens the stream. Closing the scope reports the position a last time, closes our side, waits for the server's, and ends
 * the session; a server that does not end in time is left.
 */
export const open = <A>(
  options: FeedOptions,
  plugin: Plugin<A>
): Effect.Effect<FeedLink<A>, FeedError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const { slot } = options
    const session = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const connection = yield* Scope.extend(Walsender.open, session)
    const version = yield* connection.serverVersion
    const resolved = yield* plugin.options(version)
    const system = yield* Walsender.identify(connection)
    yield* inPlace(connection, options, system)
    yield* plugin.check(connection)
    const created = yield* makeSlot(connection, options, plugin.name)
    const { isStandby, serverStart, state } = yield* inspect(connection, options, plugin.name, system)
    const { systemId, timeline } = system
    const place = new FeedPlace.FeedPlace(systemId, timeline, serverStart)
    const interval =
      options.statusInterval === undefined
        ? StandbyStatus.intervalFor(yield* Walsender.setting(connection, "wal_sender_timeout"))
        : Duration.decode(options.statusInterval)
    let refusal: PgServerError | undefined
    const command = yield* Command.startLogical(slot, options.start ?? LsnText.zero, plugin.list(resolved))
    const commandOf = (position: Lsn, wanted: A) => Command.startLogical(slot, position, plugin.list(wanted))
    const start = LsnText.max(options.start ?? LsnText.zero, state.confirmed ?? LsnText.zero)
    const progress = plugin.progress(start)
    const link = new ReplicationLink({
      positions: () => positionsOf(progress),
      interval,
      bufferBytes: options.bufferBytes ?? defaultBufferBytes,
      longestPause: Duration.decode(options.gathering ?? defaultGathering),
      silenceLimit: options.silenceLimit
    })
    const openOn = (session: PgConnection, command: string, inUse: InUse) =>
      whenFree(
        session,
        slot,
        inUse,
        SlotFailure.diagnosing(
          session,
          slot,
          link.open(session, command, (notice) => {
            refusal = plugin.refuses?.(notice, command)
            return refusal !== undefined
          })
        )
      )
    const asText = plugin.asText?.(resolved)
    // Another server may answer by now.
    const isSamePlace = (other: PgConnection, position: Lsn) =>
      Effect.flatMap(Walsender.identify(other), (here) =>
        inPlace(other, { ...options, start: position, startPlace: place.at(position) }, here)
      )
    const isTemporary = options.create?.temporary === true
    let isBinary = asText !== undefined && (!isTemporary || (yield* plugin.isBinary ?? Effect.succeed(true)))
    // On another session: in the one of a logical copy the server ends the next at once, or takes tables for described.
    const openAsText = (from: Lsn) => {
      isBinary = false
      return Effect.flatMap(commandOf(from, asText ?? resolved), (command) =>
        Scope.close(session, Exit.void).pipe(
          Effect.zipRight(Walsender.open),
          Effect.tap(() => Effect.sync(() => (refusal = undefined))),
          Effect.tap((other) => isSamePlace(other, LsnText.max(from, start))),
          Effect.flatMap((other) => openOn(other, command, { wait: defaultPatience }))
        )
      )
    }
    const from = options.start ?? LsnText.zero
    const opened = yield* Effect.catchIf(
      openOn(
        connection,
        yield* commandOf(from, isBinary ? resolved : (asText ?? resolved)),
        options.inUse ?? {}
      ),
      // The server may meet the value that it cannot send in binary before the copy counts as open.
      (error) => isBinary && !isTemporary && isWithoutBinary(error),
      () => openAsText(from)
    )
    const { copy, replace } = ReplaceableCopy.make(opened)
    const environment = yield* Effect.context<PgConnector | Scope.Scope>()
    const beginAsText = (from: Lsn): Effect.Effect<void, FeedError> =>
      replace(openAsText(from)).pipe(Effect.provide(environment))
    yield* link.attach(copy)
    if (isStandby) yield* Effect.forkScoped(Effect.interruptible(place.watch(interval)))
    return {
      facts: {
        slot,
        plugin: plugin.name,
        systemId,
        timeline,
        ...(serverStart === undefined ? {} : { serverStart }),
        serverVersion: version,
        start,
        statusInterval: interval,
        created
      },
      session: connection.facts,
      command,
      plugin: resolved,
      // Behind what came before it.
      copy: { ...copy, pull: Effect.mapError(link.pull(copy), (end) => refused(end, refusal)) },
      isTemporary,
      isBinary: () => isBinary,
      beginAsText,
      progress,
      placeAt: (position) => place.at(position),
      due: link.due,
      reported: () => link.reported,
      report: link.report
    }
  })

const refused = (
  end: Option.Option<PgSessionError>,
  refusal: PgServerError | undefined
): Option.Option<PgSessionError> => (Option.isNone(end) && refusal !== undefined ? Option.some(refusal) : end)

const positionsOf = ({ applied, flushed, written }: Progress): StandbyStatus.Positions => ({
  written,
  flushed,
  applied
})
