/**
 * Consecutive frames of one kind in one chunk: the unit that travels from the framer to the machine. Rows and copy
 * data come as runs of many, everything else as a run of one. Nothing is allocated per frame.
 *
 * Body `i` begins at `starts[i]` in `bytes`; the four bytes before it hold the length word, which counts itself,
 * so the body ends at `starts[i] − 4 + length`.
 *
 * The framer hands out the same object again and again: a run is good until the framer is asked for the next one.
 */
export interface FrameRun {
  /** The message's tag byte. */
  readonly tag: number
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly count: number
}

/** Bytes from the first body to the end of the last: the size of the run where bytes are bounded. */
export const runBytes = (run: FrameRun): number => bodyEnd(run, run.count - 1) - run.starts[0]!

/** Where body `index` ends. */
export const bodyEnd = (run: FrameRun, index: number): number => {
  const start = run.starts[index]!
  const at = start - 4
  const b = run.bytes
  return at + ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!)
}

/** A copy of the run with its own bytes and offsets, so that the chunk can be freed. */
export const copyRun = (run: FrameRun): FrameRun => {
  const from = run.starts[0]! - 4
  return {
    tag: run.tag,
    bytes: run.bytes.slice(from, bodyEnd(run, run.count - 1)),
    starts: run.starts.slice(0, run.count).map((start) => start - from),
    count: run.count
  }
}

/** A copy of the run with its own offsets, which the framer does not overwrite: it may be kept. */
export const keptRun = (run: FrameRun): FrameRun => ({
  tag: run.tag,
  bytes: run.bytes,
  starts: run.starts.slice(0, run.count),
  count: run.count
})
