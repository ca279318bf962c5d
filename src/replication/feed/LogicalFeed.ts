/**
 * A logical slot as a stream of typed changes, by the built-in plugin `pgoutput`.
 *
 * @see https://www.postgresql.org/docs/current/protocol-logical-replication.html
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { PgSessionError, PgSlotError } from "../../model/PgError.js"
import type { Registry } from "../../types/Registry.js"
import type { ServerWalMessage } from "../../wire/replication/WalMessage.js"
import type { FeedError, FeedFacts, FeedLink, FeedOptions } from "./FeedLink.js"
import * as Link from "./FeedLink.js"
import * as CatalogSession from "./CatalogSession.js"
import * as FeedFailure from "./FeedFailure.js"
import type { ServerPlace } from "./FeedPlace.js"
import type { PullEvents, ReadError } from "./FeedReader.js"
import type { Learn } from "./FeedTypes.js"
import { FeedReader } from "./FeedReader.js"
import type { LogicalEvent } from "../changes/LogicalEvent.js"
import { PartitionTrees } from "../changes/PartitionTree.js"
import * as MissingPublication from "../slots/MissingPublication.js"
import type { PgOutputOptions, Resolved } from "../slots/PgOutputOptions.js"
import * as PgOutput from "../slots/PgOutputOptions.js"
import type { BeyondReceived } from "../link/Progress.js"
import { Progress } from "../link/Progress.js"
import type * as StandbyStatus from "../link/StandbyStatus.js"
import * as PullStream from "../../connection/session/PullStream.js"
import * as RawMessages from "./RawMessages.js"
import * as PartitionQuery from "./PartitionQuery.js"
import * as PublishedTypes from "../slots/PublishedTypes.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import * as SpillStore from "./SpillStore.js"
import { Signal } from "../link/Signal.js"
import type { TransactionEvent } from "./TransactionAssembler.js"
import * as TypeDefinitions from "./TypeDefinitions.js"
import * as TransactionAssembler from "./TransactionAssembler.js"

/** Transactions that may be handed out and not acknowledged, unless set otherwise: 9 bytes each. */
export const defaultUnacknowledged = 1 << 20

/** Options of a feed of changes. */
export interface LogicalOptions extends FeedOptions, Omit<PgOutputOptions, "publications"> {
  /** The publications whose changes are streamed. */
  readonly publications: ReadonlyArray<string>
  /**
   * What to do where the log has no publication of one of these names, because it was dropped, renamed or made later. `fail`,
   * the default: the feed is not opened, or its stream fails at that change, and no position moves past it. `skip`: changes
   * that nothing but that publication would have published are lost, as PostgreSQL 18 has it by itself; older servers fail.
   */
  readonly missingPublications?: MissingPublication.WhenMissing
  /**
   * Whose keys the old rows of a table may have that publishes its partitions as its own. `same`, the default: those of the table's
   * replica identity; the stream fails with `PgChangeRowError` at an old row without them, which a partition of another replica identity
   * has sent. `any`: such a row has the columns of the partition's key, and `oldKind` is `key`.
   */
  readonly partitionIdentity?: "same" | "any"
  /**
   * How values are read. Unless given, as the connector's sessions read them: types that it does not know are looked up in
   * the catalogue when a table that has them is first described, through a session of its own; a value of a type that is gone
   * since is a `DroppedTypeValue`. With a registry given here none is looked up, and values of a type that it does not know
   * are strings.
   */
  readonly types?: Registry
  /**
   * Where streamed transactions wait for their end. Default `SpillStore.inMemory()`. Feeds may have one after another, not
   * at once: each forgets at its beginning and its end what is there.
   */
  readonly store?: SpillStore.SpillStore
  /** Most bytes of one transaction that `transactions` puts together. Default `defaultTransactionBytes`. */
  readonly transactionBytes?: number
  /** Transactions that may be handed out and not acknowledged before the feed waits. Default `defaultUnacknowledged`. */
  readonly maxUnacknowledged?: number
  /** Ends the stream behind the transaction that reaches this position. Default: never. */
  readonly until?: Lsn
  /**
   * Whether the position follows the server's log by its keepalives when nothing is unacknowledged (`follow`, the default),
   * or moves by `acknowledge` alone (`hold`): for those who keep the position themselves, and compare. With `hold`, a program that
   * has nothing outstanding acknowledges `progress.received` from time to time, or else the slot keeps the log.
   */
  readonly idle?: "follow" | "hold"
}

/** How far a feed is. */
export interface FeedProgress {
  /** The highest position that the server has sent. */
  readonly received: Lsn
  /** Everything before has been taken over. */
  readonly written: Lsn
  /** Everything before is safe; the slot moves up to here. */
  readonly flushed: Lsn
  /** Everything before can be seen by queries. */
  readonly applied: Lsn
  /** Transactions not acknowledged, and the one that is being received. */
  readonly outstanding: number
}

/**
 * An open feed of changes. It is read once, and ends with its scope, which ends the copy politely and keeps the slot.
 */
export interface LogicalFeed {
  readonly facts: FeedFacts
  /**
   * Every change in the order of commits: `Begin`, the changes, `Commit` with the position to acknowledge. A slow consumer slows the server down.
   *
   * The three streams are one, read once: a second reader is refused, since what the first left unfinished would be
   * passed over.
   */
  readonly changes: Stream.Stream<LogicalEvent, ReadError>
  /** Whole transactions, each of which must fit into `transactionBytes`. */
  readonly transactions: Stream.Stream<TransactionEvent, ReadError>
  /**
   * The server's messages, in their order. Nothing but `acknowledge` moves the position, except that an idle server's
   * keepalives count once everything that has come is acknowledged.
   */
  readonly messages: Stream.Stream<ServerWalMessage, ReadError>
  /**
   * Everything that ends at this position or before is safe: it is not sent again, by this feed or a later one. The server is
   * informed with the next report.
   *
   * `written`, `flushed` and `applied` can be given apart, each as far as the consumer is: taken over, safe (the slot moves by this one),
   * visible to queries. What is left out stays. What is flushed or applied counts as written. Until `applied` has been given
   * once, it moves with `flushed`; from then on a transaction is outstanding until both have passed it. A primary whose
   * `synchronous_commit` is `remote_write`, `on` or `remote_apply` waits for `written`, `flushed` or `applied`.
   *
   * Fails with `PgSlotError` (`diverged`) for a position that the server has never sent: it would skip what lies below.
   */
  readonly acknowledge: (
    positions: Lsn | Partial<StandbyStatus.Positions>
  ) => Effect.Effect<void, PgSlotError>
  /** Reports the position now and does not wait for the interval: what a synchronous standby does when something is safe. */
  readonly report: Effect.Effect<void, PgSessionError>
  readonly progress: Effect.Effect<FeedProgress>
  /**
   * The server and the timeline that a position of this feed belongs to: keep it with the position, and give it as `startPlace`. A standby
   * that is promoted while it is read goes on to another timeline; the feed looks for that every `statusInterval`.
   */
  readonly placeAt: (position: Lsn) => ServerPlace
}

/** A feed, and what its consumer finishes it by when that is not done in order. */
export interface OpenFeed {
  readonly feed: LogicalFeed
  readonly progress: Progress
  /** Notified when something is finished. */
  readonly room: Signal
  /** The session that the feed was opened on. */
  readonly session: FeedLink<unknown>["session"]
}

/** Refuses a position that no server has sent. */
export const beyond = (slot: string, { acknowledged, received }: BeyondReceived): PgSlotError =>
  SlotFailure.diverged(
    slot,
    `the position ${LsnText.toText(acknowledged)} was acknowledged, and nothing beyond ${LsnText.toText(received)} has come`
  )

/** How far the link is. */
export const progressOf = <A>({ progress }: FeedLink<A>): Effect.Effect<FeedProgress> =>
  Effect.sync(() => ({
    received: progress.received,
    written: progress.written,
    flushed: progress.flushed,
    applied: progress.applied,
    outstanding: progress.unfinished
  }))

/** Lets one stream have the feed. `ended` runs when the stream has ended or failed by itself. */
export const onceOf = (command: string, ended: Effect.Effect<void> = Effect.void) => {
  let taken = false
  return <A>(make: () => PullEvents<A>): Stream.Stream<A, ReadError> =>
    Stream.suspend(() => {
      if (taken) return Stream.fail(FeedFailure.takenTwice(command))
      taken = true
      return PullStream.make(Effect.tapError(make(), () => ended))
    })
}

/**
 * Ends the session of a feed whose stream has ended or failed as soon as all that was handed out is acknowledged. A server that shuts down
 * waits until its feeds have confirmed the log, and this feed reads nothing more.
 */
const leaving = <A>(
  { copy, progress, report }: FeedLink<A>,
  room: Signal
): Effect.Effect<Effect.Effect<void>, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const acknowledged = Effect.repeat(
      Effect.suspend(() => (progress.outstanding > 0 ? room.wait : Effect.void)),
      {
        while: () => progress.outstanding > 0
      }
    )
    const left = Effect.ignore(Effect.zipRight(acknowledged, Effect.zipRight(report, copy.finish)))
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(left), scope))
  })

/**
 * Opens a feed of the changes of one logical slot, in the order of commits.
 *
 * ```ts
 * const feed = yield* Replication.logical({ slot: "orders", publications: ["orders"], create: {} })
 * yield* Stream.runForEach(feed.transactions, (event) =>
 *   event._tag === "Transaction" ? Effect.zipRight(handle(event.changes), feed.acknowledge(event.endLsn)) : Effect.void
 * )
 * ```
 *
 * Delivery is at least once: the slot advances only past positions given to `acknowledge`, so a restart repeats what was not acknowledged. When nothing is unacknowledged, the slot follows the server's log by its keepalives, so
 * that an idle table does not hold the log back.
 *
 * The position is reported every `statusInterval`, at once when the server asks while the stream is being read, and on the
 * timer alone while reading is stopped at `bufferBytes` because the consumer is slow. A consumer may be as slow as it likes.
 *
 * Closing the scope reports the position a last time and ends the stream politely. Interrupting a stream leaves what it had
 * not acknowledged to the next feed. When the stream has ended or failed, the session is closed as soon as everything that was
 * emitted is acknowledged; `report` fails with `PgClosedError` from then on.
 *
 * Fails at once with `PgSlotError`: `missing`; `in-use`, unless `inUse` asks to wait or to take over; `invalidated` with the
 * server's reason, which asks for a new slot and a new copy of the data; `recreated` or `diverged` when `start` and the slot
 * or the server do not fit together. Fails with `PgUsageError`, before anything is sent, when the server is too old for an
 * option, and when a publication is missing on PostgreSQL 18 or later, which would pass over it and all its changes with no
 * more than a warning. The streams fail with `PgTimeoutError` (`silence`) when the server does not answer, with
 * `PgClosedError` when the connection is lost, and with `PgServerError` `42704` at the first change for which a publication is
 * missing, on every version: what came before can be acknowledged, and no position moves past it.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-START-REPLICATION-SLOT-LOGICAL
 */
export const logical = (
  options: LogicalOptions
): Effect.Effect<LogicalFeed, FeedError, PgConnector | Scope.Scope> =>
  Effect.map(open(options), ({ feed }) => feed)

/** `logical` for those who finish transactions in another order than they come in. */
export const open = (
  options: LogicalOptions
): Effect.Effect<OpenFeed, FeedError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const connector = yield* PgConnector
    const { types } = options
    const skips = options.missingPublications === "skip"
    const trees = new PartitionTrees()
    const known: { cluster?: CatalogSession.FeedCluster } = {}
    const catalog = yield* CatalogSession.make(() => known.cluster)
    const learn: Learn =
      types === undefined
        ? (oids) => catalog.use((session) => connector.findTypes(oids, session))
        : () => Effect.succeed(types)
    const learnTree = (table: number) => catalog.use((session) => PartitionQuery.learn(session, table, trees))
    const link: FeedLink<Resolved> = yield* Link.open(options, {
      name: "pgoutput",
      options: (version) => PgOutput.resolve({ ...options, binary: options.binary ?? true }, version),
      list: (resolved) => resolved.options,
      check: (connection) =>
        skips ? Effect.void : MissingPublication.refuse(connection, options.publications),
      ...(skips ? {} : { refuses: MissingPublication.passedOver }),
      asText: PgOutput.asText,
      isBinary: Effect.gen(function* () {
        const oids = yield* catalog.use((session) => PublishedTypes.list(session, options.publications))
        const registry = oids.length === 0 ? connector.types : yield* learn(oids)
        return oids.every((oid) => registry.lookup(oid)?.decodeBinary !== undefined)
      }),
      progress: (start) =>
        new Progress(start, options.maxUnacknowledged ?? defaultUnacknowledged, options.idle !== "hold")
    })
    const { command, facts, progress } = link
    known.cluster = facts
    const room = new Signal()
    const store = options.store ?? SpillStore.inMemory()
    // What another feed left of a transaction is sent again as a whole.
    yield* Effect.acquireRelease(store.clear, () => Effect.ignore(store.clear))
    const reader = new FeedReader({
      link,
      registry: types ?? connector.types,
      store,
      learn,
      findsTypes: types === undefined,
      readDefinitions: TypeDefinitions.reading(catalog),
      partitions: { trees, anyIdentity: options.partitionIdentity === "any" },
      learnTree,
      requireCatalogue: (transaction) =>
        catalog.require(transaction === undefined ? progress.received : transaction.commitLsn + 1n),
      room,
      until: options.until
    })
    const raw = new RawMessages.RawMessages(link)
    const once = onceOf(command, yield* leaving(link, room))
    const feed: LogicalFeed = {
      facts,
      changes: once(() => reader.pull),
      transactions: once(() =>
        TransactionAssembler.assemble(
          reader,
          options.transactionBytes ?? TransactionAssembler.defaultTransactionBytes
        )
      ),
      messages: once(() => raw.pull),
      acknowledge: (positions) =>
        Effect.suspend(() => {
          const wrong = raw.isRead ? raw.acknowledge(positions) : progress.acknowledge(positions)
          if (wrong !== undefined) return Effect.fail(beyond(facts.slot, wrong))
          room.notify()
          return Effect.void
        }),
      report: link.report,
      progress: progressOf(link),
      placeAt: link.placeAt
    }
    return { feed, progress, room, session: link.session }
  })
