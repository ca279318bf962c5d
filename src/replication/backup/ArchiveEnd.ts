/** The end of a tar archive: whole blocks, the last two of them zeros. Without it an archive may have been cut between two members. */

/** Bytes of the two blocks of zeros. */
export const endBlocks = 1024
const blockBytes = 512

/** Watches the bytes of an archive go by. */
export class ArchiveEnd {
  private bytes = 0
  /** Zeros at the end of what has come, up to `endBlocks`. */
  private zeros = 0

  reset(): void {
    this.bytes = 0
    this.zeros = 0
  }

  see(data: Uint8Array): void {
    this.bytes += data.length
    const least = Math.max(0, data.length - endBlocks)
    let at = data.length
    while (at > least && data[at - 1] === 0) at--
    const tail = data.length - at
    this.zeros = tail === data.length ? Math.min(endBlocks, this.zeros + tail) : tail
  }

  /** Whether the bytes end with the two blocks. */
  get isThere(): boolean {
    return this.zeros >= endBlocks
  }

  /** Whether the archive is whole blocks and ends with the two. */
  get isWhole(): boolean {
    return this.isThere && this.bytes % blockBytes === 0
  }
}
