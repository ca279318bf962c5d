/**
 * Makes events of the runs of one stream. It is a loop over payloads. Between its turns run effects that wait for the next
 * data, for a store, or for room for one more unacknowledged transaction. Each stream has one reader. After its end or a
 * failure it returns the same end or failure again.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../../connection/session/ArrayChunk.js"
import type { Lsn } from "../../model/Lsn.js"
import type { FrameRun } from "../../wire/FrameRun.js"
import { bodyEnd } from "../../wire/FrameRun.js"
import type { MalformedMessage } from "../../wire/MalformedMessage.js"
import { primaryKeepalive, WalView, xLogData } from "../../wire/replication/WalView.js"
import { ChangeDecoder } from "../changes/ChangeDecoder.js"
import type { Demand, Replaying } from "../changes/ChangeDecoder.js"
import type { ChangeFailure } from "../changes/ChangeFailure.js"
import { FeedTypes } from "./FeedTypes.js"
import * as FeedFailure from "./FeedFailure.js"
import { RelationLookup } from "./RelationLookup.js"
import { positionOf } from "../changes/LogicalEvent.js"
import type { LogicalEvent } from "../changes/LogicalEvent.js"
import type { PullEvents, ReadError, ReaderOptions } from "./ReaderOptions.js"
import type { Keep, Stop } from "./ReaderStop.js"
import { asText, describedIn, full, isRow, isWithoutBinary, reached, tooLarge } from "./ReaderStop.js"
import { SpillBlock } from "../changes/SpillBlock.js"

export type { PullEvents, ReadError } from "./ReaderOptions.js"

/** Bytes of a streamed transaction that are gathered before the store is called. */
const blockBytes = 1 << 16

/**
 * The most events in one batch. Objects that are alive when the engine collects young objects may live until the next full
 * collection. Small batches keep the memory of a feed steady.
 */
const most = 256

const none: ReadonlyArray<FrameRun> = []

interface Replay {
  readonly from: Replaying
  readonly blocks: PullEvents<Uint8Array>
  readonly scope: Scope.CloseableScope
}

export class FeedReader {
  private readonly wal = new WalView()
  private decoder: ChangeDecoder
  private readonly types: FeedTypes
  private readonly lookup: RelationLookup
  private readonly block = new SpillBlock()
  /** The transaction whose payloads are in `block`. */
  private blockOf = 0
  private runs: ReadonlyArray<FrameRun> = none
  /** The current run, and the position in it. */
  private at = 0
  private index = 0
  private stop: Stop | undefined
  private replaying: Replay | undefined
  private over: Option.Option<ReadError> | undefined
  /** Where the stream continues when it begins anew: behind everything that was handed out. */
  private position: Lsn
  /** Events that were handed out of the current transaction, and how many of them still come a second time. */
  private given = 0
  private repeated = 0
  /** Whether one of the gathered events ends a transaction. */
  private hasEnded = false
  /** Bytes of the payloads of the last events. */
  weight = 0

  constructor(private readonly options: ReaderOptions) {
    const { findsTypes, learn, learnTree, partitions, readDefinitions, registry } = options
    this.types = new FeedTypes(registry, learn, readDefinitions, findsTypes, (other) =>
      this.decoder.relations.use(other)
    )
    this.lookup = new RelationLookup(this.types, partitions.trees, () => this.decoder.relations, learnTree)
    this.position = options.link.facts.start
    this.decoder = this.decoderOf()
  }

  private decoderOf(): ChangeDecoder {
    const { link, partitions } = this.options
    return new ChangeDecoder(this.types.registry, link.plugin.streaming, partitions, (transaction) =>
      this.types.describes(transaction)
    )
  }

  /** The next events, at least one. */
  readonly pull: PullEvents<LogicalEvent> = Effect.suspend(() => {
    this.weight = 0
    return Effect.flatMap(this.options.link.copy.turnIfDue, () => this.next())
  })

  private next(): PullEvents<LogicalEvent> {
    if (this.over !== undefined) return Effect.fail(this.over)
    const { stop } = this
    if (stop !== undefined) {
      return Effect.flatMap(this.settle(stop), () => {
        this.stop = undefined
        return this.next()
      })
    }
    if (this.replaying !== undefined) return this.replay(this.replaying)
    if (this.runs.length === 0) {
      return Effect.flatMap(this.more, (runs) => {
        this.runs = Chunk.toReadonlyArray(runs)
        return this.next()
      })
    }
    const out: Array<LogicalEvent> = []
    this.stop = this.decode(out)
    return this.give(out)
  }

  /** The next runs. None, with the stop set, when the server cannot go on in binary. */
  private readonly more: PullEvents<FrameRun> = Effect.suspend(() => this.options.link.copy.pull).pipe(
    Effect.catchAll((end) => {
      // A temporary slot is gone with the failure.
      const { isBinary, isTemporary } = this.options.link
      const isLost = Option.isNone(end) || isTemporary || !isBinary()
      if (isLost || !isWithoutBinary(end.value)) return Effect.fail(end)
      this.stop = asText
      return Effect.succeed(Chunk.empty<FrameRun>())
    })
  )

  /** Returns the events without those that were handed out before. */
  private give(out: Array<LogicalEvent>): PullEvents<LogicalEvent> {
    if (this.hasEnded) {
      this.hasEnded = false
      this.given = out.length - 1 - out.findLastIndex((event) => positionOf(event) !== undefined)
    } else this.given += out.length
    if (this.repeated > 0) this.repeated -= out.splice(0, this.repeated).length
    return out.length > 0 ? Effect.succeed(ArrayChunk.make(out)) : this.next()
  }

  /** Goes through the runs until there are enough events, the runs are used up, or other work comes first. */
  private decode(out: Array<LogicalEvent>): Stop | undefined {
    while (this.at < this.runs.length) {
      const run = this.runs[this.at]!
      const stop = this.decodeRun(run, out)
      if (stop !== undefined || this.index < run.count) return stop
      this.index = 0
      this.at++
    }
    this.runs = none
    this.at = 0
    return undefined
  }

  private decodeRun(run: FrameRun, out: Array<LogicalEvent>): Stop | undefined {
    const { due, progress, reported } = this.options.link
    const { decoder, wal } = this
    const { bytes, count, starts } = run
    while (this.index < count && out.length < most) {
      if (progress.isFull) return full
      const start = starts[this.index]!
      const end = bodyEnd(run, this.index++)
      this.weight += end - start
      const malformed = wal.read(bytes, start, end)
      if (malformed !== null) return malformed
      if (wal.tag === xLogData) {
        const before = out.length
        const demand = decoder.next(bytes, wal, out)
        progress.receive(wal.startHigh, wal.startLow)
        const ended = isRow(bytes[wal.dataStart]) ? false : this.handOut(out, before)
        const stop = demand === null ? undefined : this.judge(demand, bytes, start, end)
        if (stop !== undefined) {
          // Its end has come, and none of it was handed out yet. Until then no position may pass it.
          if (stop._tag === "Replaying") progress.begin()
          return stop
        }
        if (ended && this.isReached()) return reached
      } else if (wal.tag === primaryKeepalive) {
        progress.keepalive(wal.endHigh, wal.endLow)
        // The answer to it had the position from before.
        if (wal.replyRequested && progress.flushed !== reported()) due.notify()
        if (this.isReached()) return reached
      }
    }
    return undefined
  }

  /** The rest of a demand, after the payloads to keep have been gathered. */
  private judge(
    demand: Demand | ChangeFailure | MalformedMessage,
    bytes: Uint8Array,
    start: number,
    end: number
  ): Stop | undefined {
    if (demand._tag !== "Spill") return demand
    const { block } = this
    const other = this.blockOf !== demand.xid && block.size > 0
    let keep: Keep | undefined = other ? { _tag: "Keep", xid: this.blockOf, block: block.take() } : undefined
    this.blockOf = demand.xid
    if (!block.append(bytes, start, end)) return tooLarge
    if (keep === undefined && block.size >= blockBytes) {
      keep = { _tag: "Keep", xid: demand.xid, block: block.take() }
    }
    const described = describedIn(bytes, this.wal.dataStart, this.wal.dataEnd)
    if (described === undefined) return keep
    const { id, oids } = described
    this.decoder.relations.doubt(id)
    const isKnown = this.types.areSettled(oids) && !this.decoder.relations.isStrange(id)
    return isKnown ? keep : { _tag: "Learn", xid: demand.xid, oids, table: id, keep }
  }

  /** Notes the transactions that end in the events from `from` on. True when at least one ends. */
  private handOut(events: ReadonlyArray<LogicalEvent>, from: number): boolean {
    const { progress } = this.options.link
    let ended = false
    for (let at = from; at < events.length; at++) {
      const event = events[at]!
      const position = positionOf(event)
      if (position === undefined) continue
      this.position = position
      this.hasEnded = true
      const isWhole = event._tag === "Commit" || event._tag === "Prepare"
      const ticket = isWhole ? progress.complete(position) : progress.handOut(position)
      if (ticket !== undefined) progress.write(ticket)
      ended = true
    }
    if (this.decoder.isArriving) progress.begin()
    return ended
  }

  private isReached(): boolean {
    const { link, until } = this.options
    return until !== undefined && !this.decoder.isArriving && link.progress.received >= until
  }

  /** Does the work that the loop stopped for. */
  private settle(stop: Stop): Effect.Effect<void, Option.Option<ReadError>> {
    const { store } = this.options
    switch (stop._tag) {
      case "Keep":
        return this.keep(stop)
      case "Learn":
        return Effect.zipRight(
          stop.keep === undefined ? Effect.void : this.keep(stop.keep),
          Effect.zipRight(
            this.lookup.ahead(stop.xid, stop.table, stop.oids),
            Effect.suspend(() => (this.types.areText(stop.oids) ? this.goOnAsText : Effect.void))
          )
        )
      case "AsText":
        return this.goOnAsText
      case "Discard":
        if (this.blockOf === stop.xid) this.block.take()
        this.lookup.forget(stop.xid)
        return Effect.mapError(store.drop(stop.xid), Option.some)
      case "Replaying":
        return this.beginReplay(stop)
      case "Described":
        this.options.requireCatalogue(stop.transaction)
        return Effect.zipRight(
          this.lookup.behind(stop.transaction, stop.relation.id, stop.unknownTypes),
          Effect.suspend(() =>
            this.decoder.relations.isTextOnly(stop.relation.id) ? this.goOnAsText : Effect.void
          )
        )
      case "Doubted":
        this.options.requireCatalogue(stop.transaction)
        return Effect.map(this.types.learnBehind(stop.transaction), () => {
          this.decoder.trust(stop.transaction)
          this.index--
        })
      case "Full":
        return this.roomy
      case "Reached":
        return this.end(Option.none())
      case "UndecodableColumn":
        return this.replaying === undefined ? this.tryAgain(stop) : this.fail(stop)
      default:
        return this.fail(stop)
    }
  }

  private fail(stop: ChangeFailure | MalformedMessage): Effect.Effect<void, Option.Option<ReadError>> {
    const { link } = this.options
    const { error, isFatal } = FeedFailure.of(stop, link.command)
    const left = isFatal ? link.copy.breakOff(error) : Effect.void
    return Effect.zipRight(left, this.end(Option.some(error)))
  }

  private keep({ block, xid }: Keep): Effect.Effect<void, Option.Option<ReadError>> {
    return Effect.mapError(this.options.store.append(xid, block), Option.some)
  }

  /** Gives the payload once more to the decoder if a composite has been altered since its table was described. */
  private tryAgain(stop: ChangeFailure): Effect.Effect<void, Option.Option<ReadError>> {
    return Effect.flatMap(this.types.learnFields, (isNew) => {
      if (!isNew) return this.fail(stop)
      this.index--
      return Effect.void
    })
  }

  /**
   * Unless values come as text already, begins the stream anew with text, behind the last transaction that was handed out
   * whole. Of the transaction that follows, the events that were handed out before are skipped.
   */
  private readonly goOnAsText: Effect.Effect<void, Option.Option<ReadError>> = Effect.suspend(() => {
    const { link, store } = this.options
    // A temporary slot ends with its session, so a value that cannot be read in binary fails.
    if (!link.isBinary() || link.isTemporary) return Effect.void
    return Effect.gen(this, function* () {
      yield* link.beginAsText(this.position)
      yield* store.clear
      this.lookup.clear()
      this.decoder = this.decoderOf()
      this.block.take()
      this.blockOf = 0
      this.runs = none
      this.at = 0
      this.index = 0
      this.repeated = this.given
      this.given = 0
    }).pipe(Effect.mapError(Option.some))
  })

  private end(how: Option.Option<ReadError>): Effect.Effect<never, Option.Option<ReadError>> {
    this.over = how
    return Effect.fail(how)
  }

  /** Waits until there is room for one more transaction. */
  private readonly roomy: Effect.Effect<void> = Effect.suspend(() => {
    const { link, room } = this.options
    if (!link.progress.isFull) return Effect.void
    return Effect.logWarning(
      `${link.progress.limit} transactions of slot ${link.facts.slot} are not acknowledged: the feed waits`
    ).pipe(Effect.zipRight(Effect.repeat(room.wait, { while: () => link.progress.isFull })))
  })

  private beginReplay(from: Replaying): Effect.Effect<void, Option.Option<ReadError>> {
    const { store } = this.options
    const { decoder } = this
    const learned = Effect.gen(this, function* () {
      this.options.requireCatalogue(from.transaction)
      yield* this.types.learnBehind(from.transaction)
      const oids = yield* this.lookup.late(from.transaction, from.xid)
      if (!this.types.areBinary(oids)) yield* this.goOnAsText
    })
    const begun = Effect.gen(this, function* () {
      if (this.blockOf === from.xid && this.block.size > 0) yield* store.append(from.xid, this.block.take())
      const scope = yield* Scope.make()
      this.replaying = {
        from,
        scope,
        blocks: yield* Scope.extend(Stream.toPull(store.read(from.xid)), scope)
      }
    }).pipe(Effect.mapError(Option.some))
    // It comes again after the stream has begun anew.
    return Effect.zipRight(
      learned,
      Effect.suspend(() => (this.decoder === decoder ? begun : Effect.void))
    )
  }

  private replay(replay: Replay): PullEvents<LogicalEvent> {
    const { blocks, from } = replay
    return Effect.matchEffect(blocks, {
      onFailure: (end) => (Option.isSome(end) ? this.end(end) : this.endReplay(replay)),
      onSuccess: (chunk) => {
        const out: Array<LogicalEvent> = []
        for (const block of chunk) {
          this.weight += block.length
          const failure = from.next(block, out)
          if (failure !== null) {
            this.stop = failure
            break
          }
        }
        return this.give(out)
      }
    })
  }

  private endReplay({ from, scope }: Replay): PullEvents<LogicalEvent> {
    const { store } = this.options
    return Effect.gen(this, function* () {
      yield* this.roomy
      yield* Scope.close(scope, Exit.void)
      yield* Effect.mapError(store.drop(from.xid), Option.some)
      const out: Array<LogicalEvent> = []
      from.end(out)
      this.replaying = undefined
      this.handOut(out, 0)
      if (this.isReached()) this.stop = reached
      return out
    }).pipe(Effect.flatMap((out) => this.give(out)))
  }
}
