/**
 * How far a consumer of a logical stream is, from the ends of the transactions it has been handed. Whatever the order in
 * which they are finished, only a gapless beginning of what was handed out counts: a restart then repeats what was not
 * finished and loses nothing.
 *
 * A position is the end of a transaction, exactly as the server sends it, never one more. Positions never go back.
 *
 * @see https://www.postgresql.org/docs/current/protocol-replication.html#PROTOCOL-REPLICATION-STANDBY-STATUS-UPDATE
 */
import type * as Lsn from "../../model/Lsn.js"
import type { Positions } from "./StandbyStatus.js"
import { lsnOf } from "../../wire/replication/WalView.js"

/** Most transactions that may be handed out and not finished, unless set otherwise: 9 bytes each. */
export const maxOutstanding = 65_536

/** One transaction that was handed out: its number in the order of receipt. */
export type Ticket = number

/** A position was acknowledged that the server has never sent: it would skip what lies below. */
export interface BeyondReceived {
  readonly _tag: "BeyondReceived"
  readonly acknowledged: Lsn.Lsn
  readonly received: Lsn.Lsn
}

const writtenBit = 1
const flushedBit = 2
const appliedBit = 4
const allBits = 7
const leastRing = 16

/** How far one of the three kinds of finishing has come without a gap. */
class Front {
  /** Number of the first ticket that has not been finished in this way. */
  next = 0
  constructor(
    readonly bit: number,
    public position: Lsn.Lsn
  ) {}

  advance(position: Lsn.Lsn): void {
    if (position > this.position) this.position = position
  }
}

export class Progress {
  /** What is handed out and not finished in every way, as a ring: ends, and bits for the ways they are finished in. */
  private ends = new BigUint64Array(leastRing)
  private bits = new Uint8Array(leastRing)
  /** Number of the oldest ticket in the ring, and of the next one. */
  private first = 0
  private after = 0
  /** Number of the first ticket that is still behind `take`. */
  private untaken = 0
  private receivedHigh: number
  private receivedLow: number
  private arriving = false
  /** Whether the newest place in the ring is that of a keepalive, without work. */
  private idle = false
  private readonly writtenFront: Front
  private readonly flushedFront: Front
  private readonly appliedFront: Front
  /** Whether the consumer gives positions for `applied`. */
  private appliesApart = false

  /**
   * `start`: everything before it is safe already. `limit`: most places for what is not finished. `follows`: whether
   * keepalives move the positions when everything is finished, or only `acknowledge` does.
   */
  constructor(
    start: Lsn.Lsn,
    readonly limit: number = maxOutstanding,
    private readonly follows = true
  ) {
    this.receivedHigh = Number(start >> 32n) | 0
    this.receivedLow = Number(start & 0xffffffffn) | 0
    this.writtenFront = new Front(writtenBit, start)
    this.flushedFront = new Front(flushedBit, start)
    this.appliedFront = new Front(appliedBit, start)
  }

  /** Everything before it has been taken over. */
  get written(): Lsn.Lsn {
    return this.writtenFront.position
  }

  /** Everything before it is safe: what the server may forget. Never beyond `written`. */
  get flushed(): Lsn.Lsn {
    return this.flushedFront.position
  }

  /** Everything before it can be seen by others. Never beyond `written`. */
  get applied(): Lsn.Lsn {
    return this.appliedFront.position
  }

  /** The highest position that the server has sent. */
  get received(): Lsn.Lsn {
    return lsnOf(this.receivedHigh, this.receivedLow)
  }

  /** Places taken: transactions that are not finished in every way, and keepalives behind them. */
  get outstanding(): number {
    return this.after - this.first
  }

  /** Transactions that are not finished in every way, and the one that is on its way; keepalives behind them too. */
  get unfinished(): number {
    return this.outstanding + (this.arriving ? 1 : 0)
  }

  /** True when no further transaction may be handed out until one is finished. */
  get isFull(): boolean {
    return this.outstanding >= this.limit
  }

  /** True when all that has come is finished, and nothing is on its way. */
  get isIdle(): boolean {
    return this.unfinished === 0
  }

  /** Notes a position the server has sent, given by its halves. `0/0` is ignored. */
  receive(high: number, low: number): void {
    const above =
      high === this.receivedHigh ? low >>> 0 > this.receivedLow >>> 0 : high >>> 0 > this.receivedHigh >>> 0
    if (above) {
      this.receivedHigh = high | 0
      this.receivedLow = low | 0
    }
  }

  /** A transaction has begun to arrive: until it is handed out, keepalives are no progress. */
  begin(): void {
    this.arriving = true
  }

  /** The transaction that was arriving is complete, and handed out: see `handOut`. */
  complete(end: Lsn.Lsn): Ticket | undefined {
    const ticket = this.handOut(end)
    if (ticket !== undefined) this.arriving = false
    return ticket
  }

  /**
   * Something with a position of its own is handed out: `end` is what the server calls its end. `undefined`, and nothing
   * noted, when `isFull`.
   */
  handOut(end: Lsn.Lsn): Ticket | undefined {
    if (this.isFull) return undefined
    this.receive(Number(end >> 32n) | 0, Number(end & 0xffffffffn) | 0)
    this.idle = false
    return this.push(end, 0)
  }

  /**
   * The ticket of what ends there, for a consumer that begins in order and finishes in any order. What was handed out before it and
   * not taken is nothing to the consumer, and is finished. `undefined` when nothing that is unfinished ends there.
   */
  take(end: Lsn.Lsn): Ticket | undefined {
    for (
      this.untaken = Math.max(this.untaken, this.first);
      this.untaken < this.after;
      this.finish(this.untaken++)
    ) {
      const place = this.place(this.untaken)
      if (this.bits[place] === allBits) continue
      const found = this.ends[place]!
      if (found > end) return undefined
      if (found === end) return this.untaken++
    }
    return undefined
  }

  /** The transaction is taken over, and perhaps not yet safe. */
  write(ticket: Ticket): void {
    this.mark(ticket, writtenBit)
  }

  /** The transaction is safe. */
  flush(ticket: Ticket): void {
    this.mark(ticket, writtenBit | flushedBit)
  }

  /** The transaction can be seen, and is perhaps not yet safe. A place is free when it is flushed and applied. */
  apply(ticket: Ticket): void {
    this.mark(ticket, writtenBit | appliedBit)
  }

  /** The transaction is finished in every way. A second time changes nothing. */
  finish(ticket: Ticket): void {
    this.mark(ticket, allBits)
  }

  /**
   * Everything that ends at a position or before is finished in its way, for consumers that go in order. A position
   * inside a transaction finishes those before it and not that one. When nothing is left, the position is the consumer's.
   * One position stands for all three ways. Until the consumer has given a position for `applied`, what is flushed is applied.
   */
  acknowledge(acknowledged: Lsn.Lsn | Partial<Positions>): BeyondReceived | undefined {
    const { received } = this
    const given =
      typeof acknowledged === "bigint"
        ? { written: acknowledged, flushed: acknowledged, applied: acknowledged }
        : acknowledged
    for (const position of [given.written, given.flushed, given.applied]) {
      if (position !== undefined && position > received)
        return { _tag: "BeyondReceived", acknowledged: position, received }
    }
    const { applied, flushed, written } = given
    if (typeof acknowledged !== "bigint" && applied !== undefined) this.appliesApart = true
    if (written !== undefined) this.finishUpTo(this.writtenFront, written, writtenBit)
    if (flushed !== undefined) {
      this.finishUpTo(this.flushedFront, flushed, writtenBit | flushedBit)
      if (!this.appliesApart) this.finishUpTo(this.appliedFront, flushed, writtenBit | appliedBit)
    }
    if (applied !== undefined) this.finishUpTo(this.appliedFront, applied, writtenBit | appliedBit)
    return undefined
  }

  private finishUpTo(front: Front, position: Lsn.Lsn, bits: number): void {
    // Each place is passed once in each way.
    for (let ticket = Math.max(this.first, front.next); ticket < this.after; ticket++) {
      if (this.ends[this.place(ticket)]! > position) break
      this.mark(ticket, bits)
    }
    if (this.arriving) return
    for (const each of front === this.writtenFront ? [front] : [this.writtenFront, front]) {
      if (each.next === this.after) each.advance(position)
    }
  }

  /** Nothing is on its way any more. */
  settle(): void {
    this.arriving = false
  }

  /**
   * The server has decoded and sent everything before this position, given by its halves. It becomes the consumer's
   * position once all that was handed out before is finished; at once when that is so already.
   */
  keepalive(high: number, low: number): void {
    this.receive(high, low)
    if (this.arriving || !this.follows) return
    const end = lsnOf(high, low)
    // Behind others the keepalive waits in a place of its own, which is finished already and serves for later ones too.
    if (this.outstanding > 0 && this.idle) {
      const place = this.place(this.after - 1)
      if (end > this.ends[place]!) this.ends[place] = end
    } else if (this.outstanding > 0) {
      if (this.isFull) return
      this.push(end, allBits)
      this.idle = true
    }
    this.advance(end)
  }

  /** Moves the fronts behind which nothing is left to finish. */
  private advance(end: Lsn.Lsn): void {
    for (const front of [this.writtenFront, this.flushedFront, this.appliedFront]) {
      this.follow(front)
      if (front.next === this.after) front.advance(end)
    }
  }

  private place(ticket: Ticket): number {
    return ticket & (this.ends.length - 1)
  }

  private push(end: Lsn.Lsn, bits: number): Ticket {
    if (this.outstanding === this.ends.length) this.grow()
    const ticket = this.after++
    const place = this.place(ticket)
    this.ends[place] = end
    this.bits[place] = bits
    return ticket
  }

  private grow(): void {
    const { bits, ends } = this
    this.ends = new BigUint64Array(ends.length * 2)
    this.bits = new Uint8Array(ends.length * 2)
    for (let ticket = this.first; ticket < this.after; ticket++) {
      const from = ticket & (ends.length - 1)
      this.ends[this.place(ticket)] = ends[from]!
      this.bits[this.place(ticket)] = bits[from]!
    }
  }

  private mark(ticket: Ticket, bits: number): void {
    if (!(ticket >= this.first && ticket < this.after)) return
    this.bits[this.place(ticket)]! |= bits
    this.follow(this.writtenFront)
    this.follow(this.flushedFront)
    this.follow(this.appliedFront)
    // Nothing is flushed or applied that is not written.
    this.first = Math.min(this.flushedFront.next, this.appliedFront.next)
  }

  /** Moves a front over all that is finished in its way. Each place is passed once by each front. */
  private follow(front: Front): void {
    for (; front.next < this.after; front.next++) {
      const place = this.place(front.next)
      if ((this.bits[place]! & front.bit) === 0) return
      front.advance(this.ends[place]!)
    }
  }
}
