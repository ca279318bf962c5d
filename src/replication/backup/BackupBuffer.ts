/**
 * A backup between the socket and the disk. The server sends its archives in pieces of 32 kB; here they gather in a ring, so that
 * they are read and written in large ones. All that is not data keeps its place among them.
 */
import * as Effect from "effect/Effect"
import { ByteRing } from "../link/ByteRing.js"
import { Signal } from "../link/Signal.js"
import type { ArchiveData, BackupEvent, ManifestData } from "./BackupEvent.js"

/** Most bytes of one piece. */
const largestPiece = 1 << 19

/**
 * Data is taken when it has this many bytes, or when something else follows it: a server reports its progress about every
 * second.
 */
const goodPiece = largestPiece >> 1

/** Bytes of the ring at least: several reads of a socket. */
const leastCapacity = 1 << 18

type DataEvent = ArchiveData | ManifestData

interface Stretch {
  readonly tag: DataEvent["_tag"]
  /** Its place in the ring. */
  readonly at: number
  size: number
}

const isStretch = (entry: Stretch | BackupEvent): entry is Stretch => "size" in entry

const isData = (event: BackupEvent): event is DataEvent =>
  event._tag === "ArchiveData" || event._tag === "ManifestData"

export class BackupBuffer {
  private readonly ring: ByteRing
  private readonly entries: Array<Stretch | BackupEvent> = []
  /** What came when the ring was full: at most what one read of the socket brings. */
  private held: Array<BackupEvent> = []
  /** Bytes of the piece that was taken last. */
  private taken = 0
  private readonly room = new Signal()
  private readonly more = new Signal()

  /** `capacity`: bytes that wait for the disk at which reading stops. */
  constructor(capacity: number) {
    this.ring = new ByteRing(Math.max(capacity, leastCapacity))
  }

  /** Takes an event over. An effect: it is nearly full, and the next event should come when that has succeeded. */
  put(event: BackupEvent): Effect.Effect<void> | undefined {
    this.store(event)
    if (this.isReady) this.more.notify()
    return this.isFull ? this.hasRoom : undefined
  }

  private get isReady(): boolean {
    const [first] = this.entries
    return (
      first !== undefined &&
      (!isStretch(first) || first.size >= goodPiece || this.entries.length > 1 || this.isFull)
    )
  }

  private get isFull(): boolean {
    return this.held.length > 0 || this.ring.used > this.ring.capacity - (leastCapacity >> 1)
  }

  private readonly hasRoom: Effect.Effect<void> = Effect.suspend(() =>
    this.ring.used <= this.ring.capacity >> 1 ? Effect.void : Effect.zipRight(this.room.wait, this.hasRoom)
  )

  private store(event: BackupEvent): void {
    if (!isData(event)) {
      if (this.held.length > 0) this.held.push(event)
      else this.entries.push(event)
      return
    }
    const stored = this.held.length > 0 ? 0 : this.fill(event)
    if (stored < event.data.length) {
      this.held.push({ _tag: event._tag, data: event.data.slice(stored) })
    }
  }

  /** Copies as much as there is room for; gives how many bytes that were. */
  private fill({ _tag: tag, data }: DataEvent): number {
    let from = 0
    while (from < data.length) {
      const at = this.ring.place
      const size = this.ring.fill(data, from)
      if (size === 0) break
      from += size
      const last = this.entries.at(-1)
      if (
        last !== undefined &&
        isStretch(last) &&
        last.tag === tag &&
        last.at + last.size === at &&
        last.size + size <= largestPiece
      ) {
        last.size += size
      } else this.entries.push({ tag, at, size })
    }
    return from
  }

  private release(): void {
    if (this.taken === 0) return
    this.ring.release(this.taken)
    this.taken = 0
    const { held } = this
    this.held = []
    for (const event of held) this.store(event)
    this.room.notify()
  }

  /**
   * The next event, waited for: the data of several as one. Data is good until the next event is taken. One fiber at a time.
   */
  readonly take: Effect.Effect<BackupEvent> = Effect.suspend(() => {
    this.release()
    if (!this.isReady) return Effect.zipRight(this.more.wait, this.take)
    const entry = this.entries.shift()!
    if (!isStretch(entry)) return Effect.succeed(entry)
    this.taken = entry.size
    return Effect.succeed({ _tag: entry.tag, data: this.ring.view(entry.at, entry.size) })
  })
}
