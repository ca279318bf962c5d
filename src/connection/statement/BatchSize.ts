/** How many rows to ask a portal for, so that a batch weighs what it should: by what the batches before it weighed. */

/** Rows of the first batch, of which nothing is known. */
export const firstRows = 16

/** What a batch should weigh on the wire. */
export const batchBytes = 1 << 19

/** A batch is at most so many times as large as the one before. */
const growth = 8

/** A batch that took longer is followed by none that is larger, so that leaving never waits long for one. */
const slowMillis = 100

const maxRows = 0x7fffffff

export class BatchSize {
  /** Rows to ask for. */
  next = firstRows

  /** A batch has come: rows asked for, rows and bytes that came, and how long it took. */
  arrived(asked: number, rows: number, bytes: number, millis: number): void {
    if (rows === 0) return
    const fitting = Math.floor(batchBytes / Math.max(1, bytes / rows))
    const most = millis > 10 * slowMillis ? asked / 2 : millis > slowMillis ? asked : asked * growth
    this.next = Math.max(1, Math.min(fitting, Math.floor(most), maxRows))
  }
}
