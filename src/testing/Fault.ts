/** What a proxy does to a connection. */
import type * as Duration from "effect/Duration"

/**
 * What happens to the bytes of one direction. Counts begin with the connection, or with the `setFault` that set the fault;
 * 0 means at once. Several faults may be combined. Of two with the same count the earlier in this list is used.
 */
export interface DirectionFault {
  /** Passes on this many bytes, then ends both sides in order (FIN). */
  readonly cutAfter?: number
  /** Passes on this many bytes, then resets both sides (RST; a Unix socket is only closed). */
  readonly resetAfter?: number
  /** Passes on this many bytes, then nothing more. TCP slows the sender, and neither side is notified. */
  readonly stallAfter?: number
  /**
   * Passes on pieces of at most this many bytes, each with its own write and a turn of the event loop after it. A reader in
   * another process may still find several at once.
   */
  readonly slice?: number
  /** Waits this long, by the Clock of `make`, before each chunk read from the sender. */
  readonly delay?: Duration.DurationInput
  /** The most bytes per second, by the Clock of `make`. */
  readonly bytesPerSecond?: number
}

/** The faults of one connection. Without one, everything is passed on unchanged. */
export interface Fault {
  readonly toServer?: DirectionFault
  readonly toClient?: DirectionFault
}
