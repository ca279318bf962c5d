/**
 * The file that an incremental backup has in place of a relation's: which of its blocks have changed, and those blocks.
 *
 * @see https://www.postgresql.org/docs/current/app-pgcombinebackup.html
 */
import * as Either from "effect/Either"

export const blockBytes = 8192
/** What its name begins with. */
export const prefix = "INCREMENTAL."
/** Blocks that a file of a relation may have. */
export const maxBlocks = 131_072

const magic = 0xd3ae1f0d
export const headBytes = 12

export interface IncrementalHead {
  readonly blocks: number
  /** Blocks that the relation had at least while it was backed up: older backups have none behind them. */
  readonly truncation: number
}

/** The first 12 bytes. Left: what is wrong with them. */
export const head = (bytes: Buffer): Either.Either<IncrementalHead, string> => {
  if (bytes.length < headBytes) return Either.left("it is too short")
  if (bytes.readUInt32LE(0) !== magic) return Either.left("it is not an incremental file of PostgreSQL")
  const blocks = bytes.readUInt32LE(4)
  const truncation = bytes.readUInt32LE(8)
  return blocks > maxBlocks || truncation > maxBlocks
    ? Either.left(`it has ${blocks} blocks of ${truncation}, and a file has at most ${maxBlocks}`)
    : Either.right({ blocks, truncation })
}

/** Where the blocks begin: at a multiple of the block size, unless the file has no blocks. */
export const dataOffset = (blocks: number): number =>
  blocks === 0 ? headBytes : Math.ceil((headBytes + 4 * blocks) / blockBytes) * blockBytes

/** The numbers of the blocks. Left: one is out of range. */
export const numbers = (bytes: Buffer, blocks: number): Either.Either<Uint32Array, string> => {
  const all = new Uint32Array(blocks)
  for (let index = 0; index < blocks; index++) {
    const number = bytes.readUInt32LE(4 * index)
    if (number >= maxBlocks) return Either.left(`its block ${number} is out of range`)
    all[index] = number
  }
  return Either.right(all)
}

/** A source of blocks: a whole file, or the blocks that an incremental file has. */
export type BlockSource =
  | { readonly _tag: "WholeFile"; readonly blocks: number; readonly bytes: number }
  | { readonly _tag: "ChangedBlocks"; readonly truncation: number; readonly numbers: Uint32Array }

/** From which source, and from which block of its data, a block comes; `source` -1 for one of zeros. */
export interface BlockPlan {
  readonly length: number
  readonly source: Int32Array
  readonly index: Int32Array
  /** The source that is the file as it is to be, so that it is copied. */
  readonly copy: number | undefined
}

/** Which blocks the file has, and from where: the newest source first, a whole file last. */
export const plan = (sources: ReadonlyArray<BlockSource>): BlockPlan => {
  const [newest] = sources
  if (newest?._tag !== "ChangedBlocks") {
    return { length: 0, source: new Int32Array(0), index: new Int32Array(0), copy: 0 }
  }
  const { truncation } = newest
  let length = truncation
  for (const number of newest.numbers) if (number >= length) length = number + 1
  const source = new Int32Array(length).fill(-1)
  const index = new Int32Array(length)
  let changed = 0
  let copy: number | undefined
  for (const [at, one] of sources.entries()) {
    // What is behind the end that the newest knows comes from the newest alone.
    const end = at === 0 ? length : truncation
    if (one._tag === "ChangedBlocks") {
      for (let block = 0; block < one.numbers.length; block++) {
        const number = one.numbers[block]!
        if (number >= end || source[number] !== -1) continue
        source[number] = at
        index[number] = block
        changed++
      }
    } else {
      for (let number = 0; number < Math.min(end, one.blocks); number++) {
        if (source[number] !== -1) continue
        source[number] = at
        index[number] = number
      }
      if (changed === 0 && one.bytes === truncation * blockBytes) copy = at
      break
    }
  }
  return { length, source, index, copy }
}

/** Where a block of a source begins in its file. */
export const offsetOf = (blocks: BlockSource, index: number): number =>
  (blocks._tag === "WholeFile" ? 0 : dataOffset(blocks.numbers.length)) + index * blockBytes

/** Blocks from `at` on that follow each other in one source, up to `most`. */
export const runOf = ({ index, length, source }: BlockPlan, at: number, most: number): number => {
  let run = 1
  while (
    run < Math.min(length - at, most) &&
    source[at + run] === source[at] &&
    (source[at] === -1 || index[at + run] === index[at]! + run)
  )
    run++
  return run
}

/** The blocks of one source that a window needs: from `first` to `last` of its data, not necessarily all of them. */
export interface Stretch {
  readonly source: number
  first: number
  last: number
  /** Blocks of it that the window needs. */
  used: number
}

/** What the `count` blocks from `at` on need of each source; for source -1 the numbers have no meaning. */
export const stretches = (
  { index, source }: BlockPlan,
  at: number,
  count: number
): ReadonlyArray<Readonly<Stretch>> => {
  const found = new Map<number, Stretch>()
  for (let number = at; number < at + count; number++) {
    const place = index[number]!
    const stretch = found.get(source[number]!)
    if (stretch === undefined) {
      found.set(source[number]!, { source: source[number]!, first: place, last: place, used: 1 })
      continue
    }
    stretch.first = Math.min(stretch.first, place)
    stretch.last = Math.max(stretch.last, place)
    stretch.used++
  }
  return [...found.values()]
}
