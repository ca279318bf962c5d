/**
 * The log between the socket and the disk, in one ring of bytes: while one part is written and synced, the next gathers. Reading waits
 * for the disk at the ring's size only, and nothing that is received lives for long.
 */
import * as Effect from "effect/Effect"
import type { Lsn } from "../../model/Lsn.js"
import { ByteRing } from "../link/ByteRing.js"
import { Signal } from "../link/Signal.js"
import type { PhysicalEvent, WalData } from "./PhysicalEvent.js"

/** Most bytes of one piece: larger writes cost more for each page of the cache, smaller ones more turns of the thread pool. */
export const largestPiece = 1 << 19

/** A stretch of the log. */
export interface WalPiece {
  readonly _tag: "WalPiece"
  readonly timeline: number
  readonly start: Lsn
  /** Good until the next is taken, or when it is kept until it is given back. */
  readonly data: Uint8Array
}

/** What happened between two stretches. */
export type LogEvent = Exclude<PhysicalEvent, WalData>

interface Stretch {
  readonly timeline: number
  readonly start: Lsn
  /** Its place in the ring. */
  readonly at: number
  size: number
}

const isStretch = (entry: Stretch | LogEvent): entry is Stretch => "size" in entry

export class WalBuffer<End> {
  private readonly ring: ByteRing
  private readonly entries: Array<Stretch | LogEvent> = []
  /** Of the piece that was taken last. */
  private taken = 0
  private ended: { readonly end: End } | undefined
  private readonly room = new Signal()
  private readonly more = new Signal()

  /** `capacity`: bytes that wait for the disk at which reading stops. */
  constructor(capacity: number) {
    this.ring = new ByteRing(capacity)
  }

  /** Takes an event over; waits while there is no room for its data. Interrupted, it has taken a beginning of the data. */
  put(event: PhysicalEvent): Effect.Effect<void> | undefined {
    if (event._tag === "WalData") return this.putFrom(event, 0)
    this.entries.push(event)
    this.more.notify()
    return undefined
  }

  private putFrom(event: WalData, begin: number): Effect.Effect<void> | undefined {
    const rest = this.copy(event, begin)
    return rest === event.data.length
      ? undefined
      : Effect.flatMap(this.room.wait, () => this.putFrom(event, rest) ?? Effect.void)
  }

  /** Copies as much as there is room for; gives how far it has come. */
  private copy({ data, start, timeline }: WalData, begin: number): number {
    const { ring } = this
    let from = begin
    while (from < data.length) {
      const at = ring.place
      const size = ring.fill(data, from)
      if (size === 0) break
      this.note(timeline, start + BigInt(from), at, size)
      from += size
    }
    if (from > begin) this.more.notify()
    return from
  }

  private note(timeline: number, start: Lsn, at: number, size: number): void {
    const last = this.entries.at(-1)
    if (
      last !== undefined &&
      isStretch(last) &&
      last.size + size <= largestPiece &&
      last.at + last.size === at &&
      last.timeline === timeline &&
      last.start + BigInt(last.size) === start
    ) {
      last.size += size
    } else this.entries.push({ timeline, start, at, size })
  }

  /** Nothing follows. */
  finish(end: End): void {
    this.ended = { end }
    this.more.notify()
  }

  /** Forgets what waits. */
  clear(): void {
    this.entries.length = 0
  }

  /** Gives the room of the piece that was taken last back. */
  private release(): void {
    const { taken } = this
    if (taken === 0) return
    this.taken = 0
    this.giveBack(taken)
  }

  /** Keeps the piece that was taken last until its bytes are given back, in the order in which pieces were taken. */
  keep(): void {
    this.taken = 0
  }

  /** Gives the room of the oldest piece that was kept back. */
  giveBack(size: number): void {
    this.ring.release(size)
    this.room.notify()
  }

  /** The next stretch, with all that has gathered of it, or the next event; `undefined` when nothing waits. */
  take(): WalPiece | LogEvent | undefined {
    this.release()
    const entry = this.entries.shift()
    if (entry === undefined || !isStretch(entry)) return entry
    const { at, size, start, timeline } = entry
    this.taken = size
    return { _tag: "WalPiece", timeline, start, data: this.ring.view(at, size) }
  }

  /** Waits until something can be taken. Gives the end when everything has been taken and nothing follows. */
  readonly arrival: Effect.Effect<{ readonly end: End } | undefined> = Effect.suspend(() => {
    this.release()
    if (this.entries.length > 0) return Effect.succeed(undefined)
    if (this.ended !== undefined) return Effect.succeed(this.ended)
    return Effect.zipRight(this.more.wait, this.arrival)
  })
}
