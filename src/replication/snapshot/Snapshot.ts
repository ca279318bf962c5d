/**
 * The tables of publications as they are when a slot begins, and then every change from there on: a copy of a database
 * that follows its original.
 *
 * @see https://www.postgresql.org/docs/current/logical-replication-architecture.html#LOGICAL-REPLICATION-SNAPSHOT
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { PgConnection } from "../../connection/PgConnection.js"
import { PgConnector } from "../../connection/PgConnector.js"
import * as LsnText from "../../model/Lsn.js"
import type { Lsn } from "../../model/Lsn.js"
import type { CopiedTable } from "./CatchUp.js"
import { CatchUp } from "./CatchUp.js"
import type { PgCopyRowError } from "../../model/PgError.js"
import * as CatalogSession from "../feed/CatalogSession.js"
import type { FeedError } from "../feed/FeedLink.js"
import { unreadable } from "../feed/FeedLink.js"
import type { LogicalFeed, LogicalOptions } from "../feed/LogicalFeed.js"
import { logical } from "../feed/LogicalFeed.js"
import * as Quoting from "../walsender/Quoting.js"
import * as Slot from "../slots/Slot.js"
import * as SlotFailure from "../slots/SlotFailure.js"
import type { CopyError, CopyEvent, TableProgress } from "./SnapshotCopy.js"
import * as SnapshotCopy from "./SnapshotCopy.js"
import type { PgSnapshotError } from "../../model/SnapshotError.js"
import * as SnapshotFailure from "./SnapshotFailure.js"
import * as SnapshotSession from "./SnapshotSession.js"
import * as SnapshotTables from "./SnapshotTables.js"

/** Tables that are copied at the same time, unless set otherwise. */
export const defaultParallelism = 4

/**
 * A feed's options. `twoPhase` is not among them: a transaction that was prepared before a table was copied and committed
 * after would be in neither the copy nor the stream. Values are read as the connector's sessions read them, in copies and
 * in changes alike.
 */
export interface SnapshotOptions extends Omit<LogicalOptions, "create" | "twoPhase" | "types"> {
  /**
   * What was copied for this slot before, as `CopyFinished` has reported. Default: nothing. A table that is not among it is
   * copied, be it because its copy broke off or because it was added to the publications later.
   */
  readonly copied?: ReadonlyArray<CopiedTable>
  /** Tables that are copied at the same time, each through a session of its own. Default `defaultParallelism`. */
  readonly parallelism?: number
  /** Whether the slot, when it is made, is copied to standbys that synchronise slots. PostgreSQL 17. Default false. */
  readonly failover?: boolean
}

/** What a snapshot can fail with. */
export type SnapshotError = FeedError | PgCopyRowError | PgSnapshotError

/** The stream behind the copies. It has no `messages`, because the copies have some of them already. */
export type SnapshotFeed = Omit<LogicalFeed, "messages">

/** A snapshot of published tables, and the feed that goes on from it. */
export interface Snapshot {
  /** The slot, if it was made now. */
  readonly created: Slot.Created | undefined
  /** The tables that are to be copied, and how far each is: what `copied` names is not among them. */
  readonly progress: Effect.Effect<ReadonlyArray<TableProgress>>
  /**
   * The tables' rows. Of one table: `CopyStarted`, its rows in the server's order, `CopyFinished`; tables come mixed, as many at a time as `parallelism` allows. A slow consumer holds up the server. Read once; leaving it early cancels the copies, and a
   * table whose `CopyFinished` has not come must be copied again from its beginning.
   */
  readonly copy: Stream.Stream<CopyEvent, CopyError>
  /**
   * Opens the feed of the slot once `copy` has come to its end, at once when there was nothing to copy. Changes that a
   * table's copy has already are left out; their transactions come without them, and are acknowledged as all others.
   */
  readonly feed: Effect.Effect<SnapshotFeed, SnapshotError, PgConnector | Scope.Scope>
  /** What `feed` leaves out, for those who read the slot in another way. It counts once `copy` has come to its end. */
  readonly catchUp: CatchUp
}

/** What is done about the slot and the tables. */
interface Plan {
  readonly lsn: Lsn
  readonly created: Slot.Created | undefined
  readonly tables: ReadonlyArray<SnapshotTables.PublishedTable>
  readonly sessions: ReadonlyArray<PgConnection>
  readonly findTypes: SnapshotCopy.FindTypes
}

const plugin = "pgoutput"

/** Whether there is a slot that can go on from where the copies leave off. */
const inspect = (
  connection: PgConnection,
  { copied = [], slot, start = 0n }: SnapshotOptions
): Effect.Effect<boolean, FeedError> =>
  Effect.gen(function* () {
    const state = yield* SlotFailure.find(connection, slot)
    if (state === undefined) {
      // What was copied for a slot that is gone has missed everything since.
      return copied.length === 0 && start === 0n ? false : yield* SlotFailure.missing(slot)
    }
    const wrong = unreadable(state, plugin)
    return wrong === undefined ? true : yield* wrong
  })

const plan = (options: SnapshotOptions): Effect.Effect<Plan, SnapshotError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    const { copied = [], failover = false, parallelism = defaultParallelism, publications, slot } = options
    if (!Number.isSafeInteger(parallelism) || parallelism < 1) {
      return yield* Quoting.refusal("parallelism", `must be a whole number from 1, got ${parallelism}`)
    }
    const ids = new Set(copied.map(({ id }) => id))
    const list = (session: PgConnection) =>
      Effect.map(SnapshotTables.list(session, publications), (tables) =>
        tables.filter(({ id }) => !ids.has(id))
      )
    const connector = yield* PgConnector
    const first = yield* connector.open(SnapshotSession.withoutTypes)
    const exists = yield* inspect(first, options)
    // Before there is a slot: what cannot be copied should leave none behind.
    let tables = yield* list(first)
    if (exists && tables.length === 0) {
      const findTypes = () => Effect.succeed(connector.types)
      return { lsn: 0n, created: undefined, tables, sessions: [], findTypes }
    }
    const snapshot = yield* SnapshotSession.take({
      slot,
      create: exists ? undefined : { plugin, ...(failover ? { failover } : {}) },
      first,
      count: (session) =>
        Effect.map(list(session), (seen) => {
          tables = seen
          return Math.min(parallelism, seen.length)
        })
    })
    const { systemId } = snapshot
    const catalog = yield* CatalogSession.make(() => ({ slot, systemId }))
    const findTypes: SnapshotCopy.FindTypes = (types, position) => {
      const { types: known } = connector
      const isKnown = (oid: number): boolean => {
        const codec = known.lookup(oid)
        return codec !== undefined && codec.hasFields !== true
      }
      if (types.every(isKnown)) return Effect.succeed(known)
      catalog.require(position)
      return catalog.use((session) => connector.findTypes(types, session))
    }
    return { ...snapshot, tables, findTypes }
  })

/** Copies tables through a fixed number of sessions. */
const copyAll = (
  { findTypes, lsn, sessions }: Plan,
  tallies: ReadonlyArray<SnapshotCopy.TableTally>
): Stream.Stream<CopyEvent, CopyError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const free = yield* Queue.unbounded<PgConnection>()
      yield* Queue.offerAll(free, sessions)
      return Stream.flatMap(
        Stream.fromIterable(tallies),
        (tally) =>
          Stream.unwrapScoped(
            Effect.map(
              Effect.acquireRelease(Queue.take(free), (session) => Queue.offer(free, session)),
              (session) => SnapshotCopy.copy(session, tally, lsn, findTypes)
            )
          ),
        { concurrency: Math.max(1, sessions.length), bufferSize: 1 }
      )
    })
  )

/** Refuses a slot that another consumer has moved past the snapshot while tables were copied: the changes between are gone. */
const unmoved = (slot: string, lsn: Lsn): Effect.Effect<void, SnapshotError, PgConnector> =>
  Effect.flatMap(Slot.get(slot), (state) => {
    const confirmed = Option.isSome(state) ? state.value.confirmed : undefined
    return confirmed === undefined || confirmed <= lsn
      ? Effect.void
      : SlotFailure.diverged(
          slot,
          `it stands at ${LsnText.toText(confirmed)}, beyond the snapshot of ${LsnText.toText(lsn)}: another consumer has moved the slot on`
        )
  })

/** The feed without what is in copies already. */
const behind = (feed: LogicalFeed, catchUp: CatchUp): SnapshotFeed => {
  const { acknowledge, changes, facts, placeAt, progress, report, transactions } = feed
  return {
    facts,
    acknowledge,
    report,
    progress,
    placeAt,
    changes: Stream.mapChunks(changes, catchUp.filter()),
    transactions: Stream.map(transactions, (event) => catchUp.transaction(event))
  }
}

/**
 * Copies the tables that publications come to, and then streams every change from there on: nothing is missing and nothing
 * comes twice.
 *
 * When there is no slot of this name, it is made, and the tables are read as they are at the moment in which it begins:
 * several at a time, with the columns and the rows that are published, in binary where every type has a binary form. The
 * slot then keeps all changes until `feed` reads them.
 *
 * A copy that broke off goes on by tables. The consumer stores `copied` of `CopyFinished` together with the rows, and passes it to the next `snapshot`. Every other table is copied again from its beginning, under a new snapshot, which a temporary slot
 * gives together with the position that it stands for; of changes to such a table only those count that were committed
 * behind that position. So nothing is dropped, whatever crashed: the slot stays as it is. A table that is added to the
 * publications later is copied by the next `snapshot` in the same way. One that is in `copied` and was dropped since is
 * no concern.
 *
 * Making a slot waits until every transaction that runs at that moment has ended. While tables are copied the server keeps
 * the rows that the snapshot sees from being vacuumed, and the log behind the slot.
 *
 * A table that was truncated, rewritten, renamed or dropped after the snapshot fails its copy with `PgSnapshotError`
 * (`changed`): its old rows are gone. Run `snapshot` again, which takes another. From the moment in which a table is
 * read until it is finished no session can do that to it: `ALTER TABLE` waits.
 *
 * Fails with `PgSnapshotError`: `no-publication`, `no-tables`, `columns`, and in `copy` `forbidden` and `changed`, with the
 * table. Fails with `PgSlotError`: `missing` when something was copied for a slot that is gone, which asks for a new copy
 * of everything; `invalidated`; `diverged` when another consumer has moved the slot on while tables were copied. The
 * publications and the slot are looked at before anything is made.
 *
 * Closing the scope ends every session; interrupting the copy cancels it on the server. The slot stays.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-CREATE-REPLICATION-SLOT
 */
export const snapshot = (
  options: SnapshotOptions
): Effect.Effect<Snapshot, SnapshotError, PgConnector | Scope.Scope> =>
  Effect.gen(function* () {
    // The sessions go when the copy is over: a snapshot that is held longer than needed stops vacuum.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const close = Scope.close(scope, Exit.void)
    const planned = yield* Effect.onError(Scope.extend(plan(options), scope), () => close)
    const tallies = planned.tables.map((table) => new SnapshotCopy.TableTally(table))
    if (tallies.length === 0) yield* close
    let isTaken = false
    let isOver = tallies.length === 0
    let isChecked = false
    const catchUp = new CatchUp([
      ...(options.copied ?? []),
      ...planned.tables.map(({ id }) => ({ id, lsn: planned.lsn }))
    ])
    return {
      created: planned.created,
      catchUp,
      progress: Effect.sync(() =>
        tallies.map(({ bytes, relation, rows, state }) => ({ relation, state, rows, bytes }))
      ),
      copy: Stream.suspend(() => {
        if (isTaken)
          return Stream.fail(
            SnapshotFailure.failure("taken", "a copy can be read once, and this one was read already")
          )
        isTaken = true
        return copyAll(planned, tallies).pipe(
          Stream.concat(Stream.execute(Effect.sync(() => (isOver = true)))),
          Stream.ensuring(close)
        )
      }),
      feed: Effect.gen(function* () {
        if (isOver) {
          // Once: the feed itself moves the slot on.
          if (!isChecked && tallies.length > 0) yield* unmoved(options.slot, planned.lsn)
          isChecked = true
          return behind(yield* logical(feedOptions(options)), catchUp)
        }
        const waiting = tallies.find(({ state }) => state !== "copied")
        return yield* SnapshotFailure.failure(
          "unfinished",
          "the copy must be read to its end before the feed is opened",
          waiting?.relation
        )
      })
    }
  })

/** Not for the feed: what is about the copy. */
const feedOptions = ({
  copied: _copied,
  failover: _failover,
  parallelism: _parallelism,
  ...options
}: SnapshotOptions): LogicalOptions => options
