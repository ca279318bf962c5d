/** What a simulated network does to connections, as a value. */
import type * as Duration from "effect/Duration"

/**
 * Chances are from 0 to 1, and 0 unless given. Those of a connection are drawn once, when it is opened; those of a piece are
 * drawn for each piece of data in each direction.
 */
export interface NetworkConditions {
  /** Longest way of a piece, in each direction. The time is drawn for each piece, and pieces keep their order. Default 0. */
  readonly latency?: Duration.DurationInput
  /** Shortest way of a piece. Default: as `latency`, so that every piece takes as long. */
  readonly minLatency?: Duration.DurationInput
  /** Data arrives in pieces of at most this many bytes. Unless given, as it was sent. */
  readonly slice?: number
  /** Of an opening: it is refused with `ECONNREFUSED`. */
  readonly refuse?: number
  /** Of an opening: it never ends, as when packets to the host are dropped. */
  readonly unreachable?: number
  /** Of a piece: the connection ends in an orderly way in front of it, on both sides. */
  readonly cut?: number
  /** Of a piece: the connection is reset in front of it; the client's side fails with `ECONNRESET`. */
  readonly reset?: number
  /** Of a piece: the connection is half-open from now on. Nothing arrives any more, and neither side is informed. */
  readonly halfOpen?: number
  /** Of a piece: it waits for `stallTime` on top of the latency, and so do the pieces behind it. */
  readonly stall?: number
  /** Default 1 second. */
  readonly stallTime?: Duration.DurationInput
}
