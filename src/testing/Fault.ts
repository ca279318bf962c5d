/** What a proxy does to a connection, as a value. */
import type * as Duration from "effect/Duration"

/**
 * What happens to the bytes of one direction. Counts begin with the connection, or with the `setFault` that put the fault
 * there, so that 0 means at once. Several may be combined; of two with the same count the earlier in this list wins.
 */
export interface DirectionFault {
  /** Passes this many bytes on, then ends both sides in an orderly way (FIN). */
  readonly cutAfter?: number
  /** Passes this many bytes on, then resets both sides (RST; a Unix socket just closes). */
  readonly resetAfter?: number
  /** Passes this many bytes on, then nothing more: the sender is slowed by TCP, neither side is notified. */
  readonly stallAfter?: number
  /**
   * Passes pieces of at most this many bytes on, each with a write of its own and a turn of the event loop after it. A
   * reader in another process may still find several at once.
   */
  readonly slice?: number
  /** Waits this long, by the Clock of `make`, before each chunk read from the sender. */
  readonly delay?: Duration.DurationInput
  /** Passes on no more than this, by the Clock of `make`. */
  readonly bytesPerSecond?: number
}

/** What happens to one connection; an empty one is passed through unharmed. */
export interface Fault {
  readonly toServer?: DirectionFault
  readonly toClient?: DirectionFault
}
