/** The metrics of an archive of the log. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Lsn } from "../../model/Lsn.js"

const lagGauge = Metric.gauge("postgres_wal_archive_lag_bytes", {
  description: "bytes of the log that the server has and the archive has not synced",
  bigint: true
})
const flushedGauge = Metric.gauge("postgres_wal_archive_flushed_lsn", {
  description: "the position up to which the log is in synced files",
  bigint: true
})
const bytesCounter = Metric.counter("postgres_wal_archive_received_bytes", {
  description: "bytes of the log that were received",
  bigint: true
})

/** Brings the metrics up to date: bytes that were received since the last time, and the positions of archive and server. */
export const set = (bytes: bigint, flushed: Lsn, serverEnd: Lsn): Effect.Effect<void> =>
  Effect.all(
    [
      Metric.incrementBy(bytesCounter, bytes),
      Metric.set(flushedGauge, flushed),
      Metric.set(lagGauge, serverEnd > flushed ? serverEnd - flushed : 0n)
    ],
    { discard: true }
  )
