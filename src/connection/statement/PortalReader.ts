/**
 * Rows of one statement in a transaction block, through a portal, in batches that are sized in bytes: each an exchange of its own with
 * its own Sync, so that statements of the same transaction may run in between, and leaving early cancels nothing.
 *
 * From the third batch on one is asked for ahead of the consumer, so that the server works while rows are decoded and consumed.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ArrayChunk from "../session/ArrayChunk.js"
import type { PgSessionError } from "../../model/PgError.js"
import type { Statement } from "../../model/Statement.js"
import type * as Row from "../../types/Row.js"
import * as Cleanup from "../session/Cleanup.js"
import type { Pull } from "../session/Buffer.js"
import * as Cancel from "../session/Cancel.js"
import type { ConnectionState, Outcome, Request } from "../session/ConnectionState.js"
import * as Deadline from "../session/Deadline.js"
import * as Exchange from "../session/Exchange.js"
import * as Feeding from "../session/Feeding.js"
import * as Outbound from "../session/Outbound.js"
import { BatchSize, batchBytes } from "./BatchSize.js"
import type { Batch, Sink } from "./PortalRequests.js"
import { ClosePortal, FetchPortal, OpenPortal } from "./PortalRequests.js"
import type { Inspector } from "./Preparation.js"
import type { ResultObserver } from "./ResultObserver.js"

/** What rows are asked for by. */
export interface Asked<M extends Row.ResultMode> {
  readonly statement: Statement
  readonly mode: M
  readonly timeout: Duration.DurationInput | undefined
  readonly inspector: Inspector | undefined
  readonly observer: ResultObserver | undefined
}

/** Batches that have come before one is asked for ahead: a consumer that leaves early leaves little behind. */
const batchesBefore = 2

/** How long an interrupted consumer waits for batches on the way before they are cancelled. */
const moment: Duration.Duration = Duration.millis(250)

class PortalReader<M extends Row.ResultMode> {
  private readonly size = new BatchSize()
  /** Rows that the consumer has not taken, as they came, and what each piece weighed. */
  private readonly pieces: Array<ReadonlyArray<Row.RowIn<M>>> = []
  private readonly weights: Array<number> = []
  private waitingBytes = 0
  private readonly onTheWay: Array<Request> = []
  private readonly portal: string
  private readonly block: number
  private decoder: Row.RowDecoder<Row.RowIn<M>> | undefined
  /** Batches that have come. */
  private batches = 0
  private opening: OpenPortal<M> | undefined
  private isEnded = false
  private isWaiting = false
  private isLate = false
  private failure: PgSessionError | undefined
  private wake: (() => void) | undefined
  private readonly sink: Sink<Row.RowIn<M>>

  constructor(
    private readonly core: ConnectionState,
    private readonly asked: Asked<M>,
    private readonly clock: Clock.Clock
  ) {
    this.portal = core.statements.uniqueName()
    this.block = core.blocksEnded
    const sink: Sink<Row.RowIn<M>> = (rows, bytes) => {
      this.pieces.push(rows)
      this.weights.push(bytes)
      this.waitingBytes += bytes
      this.awake()
    }
    this.sink = sink
  }

  private submit(make: (rows: number, outcome: Outcome<Batch<Row.RowIn<M>>>) => Request): void {
    const rows = this.size.next
    const at = this.clock.unsafeCurrentTimeMillis()
    const request = make(rows, (failure, batch) => {
      const index = this.onTheWay.indexOf(request)
      if (index >= 0) this.onTheWay.splice(index, 1)
      this.arrived(failure, batch, rows, this.clock.unsafeCurrentTimeMillis() - at)
    })
    this.onTheWay.push(request)
    Outbound.submit(this.core, request)
  }

  private arrived(
    failure: PgSessionError | undefined,
    batch: Batch<Row.RowIn<M>>,
    asked: number,
    millis: number
  ): void {
    this.batches++
    this.size.arrived(asked, batch.count, batch.bytes, millis)
    this.decoder = batch.decoder
    if (failure !== undefined && !this.isEnded) this.failure = failure
    if (failure !== undefined || !batch.suspended) this.isEnded = true
    if (this.isEnded) this.awake()
    else if (this.wake !== undefined) this.fill()
  }

  private awake(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  /** Asks for as many batches as should be on the way. */
  private fill(): void {
    const { asked, decoder } = this
    if (this.opening === undefined) {
      const { inspector, mode, observer, statement } = asked
      return this.submit(
        (rows, outcome) =>
          (this.opening = new OpenPortal(
            statement,
            this.portal,
            rows,
            mode,
            outcome,
            this.sink,
            inspector,
            observer
          ))
      )
    }
    if (decoder === undefined) return
    const isAhead = this.batches >= batchesBefore
    const wanted = isAhead ? 2 : 1
    while (
      !this.isEnded &&
      this.onTheWay.length < wanted &&
      (isAhead ? this.waitingBytes < batchBytes : this.pieces.length === 0)
    ) {
      this.submit(
        (rows, outcome) =>
          new FetchPortal(asked.statement.sql, this.portal, rows, decoder, outcome, this.sink, asked.observer)
      )
    }
  }

  private next(): Pull<Row.RowIn<M>> | undefined {
    const piece = this.pieces.shift()
    if (piece !== undefined) {
      this.waitingBytes -= this.weights.shift()!
      if (this.batches >= batchesBefore) this.fill()
      return Effect.succeed(ArrayChunk.make(piece))
    }
    return this.isEnded ? Effect.fail(Option.fromNullable(this.failure)) : undefined
  }

  private readonly wait: Pull<Row.RowIn<M>> = Effect.async((resume) => {
    this.isWaiting = true
    const wake = (): void => {
      this.isWaiting = false
      resume(this.pull)
    }
    this.wake = wake
    // A connection that has ended answers at once.
    if (this.pieces.length > 0 || this.isEnded) this.awake()
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  readonly pull: Pull<Row.RowIn<M>> = Effect.suspend(() => {
    const ready = this.next()
    if (ready !== undefined) return ready
    this.fill()
    return (
      this.next() ??
      Deadline.within(
        this.wait,
        this.asked.timeout,
        () => this.onTheWay[0],
        (error) => {
          this.isLate = true
          return Option.some(error)
        }
      )
    )
  })

  /** Gives what is on the way a moment to come, because a consumer behind a buffer is interrupted in good order; then cancels it. */
  private stop(unwanted: ReadonlyArray<Request>): Effect.Effect<void> {
    const over = Effect.forEach(unwanted, Cancel.settled, { discard: true })
    return Effect.flatMap(Cleanup.within(over, this.isLate ? Duration.zero : moment), (done) =>
      Option.isSome(done)
        ? this.close
        : Effect.forEach(unwanted, (request) => Cancel.abandon(this.core, request), { discard: true })
    )
  }

  private get close(): Effect.Effect<void> {
    const { core } = this
    const isThere =
      this.opening?.mayBeThere === true &&
      core.ended === undefined &&
      core.session.status === "T" &&
      core.blocksEnded === this.block
    return isThere
      ? Exchange.finish<void>(core, (outcome) => new ClosePortal(this.portal, outcome))
      : Effect.void
  }

  /**
   * Interrupted, or too late, while the consumer waited: what is on the way is cancelled. Left in good order: it is read to its
   * end and thrown away. Then the portal is closed.
   */
  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    this.isEnded = true
    const unwanted = this.onTheWay.slice().reverse()
    for (const request of unwanted) request.discarding = true
    return this.isWaiting ? this.stop(unwanted) : this.close
  }).pipe(Effect.ensuring(Effect.sync(() => this.core.statements.closed(this.portal))))
}

/** Rows in batches sized in bytes. `timeout`: the longest wait for the server, for each batch anew. */
export const rows = <M extends Row.ResultMode>(
  core: ConnectionState,
  asked: Asked<M>
): Stream.Stream<Row.RowIn<M>, PgSessionError> => {
  const pulled = Stream.fromPull(
    Effect.map(
      Effect.acquireRelease(
        Effect.map(Effect.clock, (clock) => new PortalReader(core, asked, clock)),
        (reader) => reader.leave
      ),
      (reader) => reader.pull
    )
  )
  return Stream.unwrap(Effect.as(Feeding.guard(core, asked.statement.sql), pulled))
}
