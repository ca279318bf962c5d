/** Following the log of real servers, and what their own files have of it. */
import * as NodeFs from "node:fs"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Lsn from "../../../src/model/Lsn.js"
import type { PhysicalEvent, WalData } from "../../../src/replication/physical/PhysicalEvent.js"
import type { PhysicalFeed } from "../../../src/replication/physical/PhysicalFeed.js"
import type { EmbeddedServer, MajorVersion } from "../../../src/testing/EmbeddedPostgres.js"
import { start } from "../../../src/testing/EmbeddedPostgres.js"
import * as WalSegment from "../../../src/wire/replication/WalSegment.js"
import { eventually } from "../support/eventually.js"
import { rawRows } from "../support/rawSession.js"

export const MiB = 1 << 20

/** A position that the server gives. */
export const position = (server: EmbeddedServer, sql: string) =>
  Effect.map(rawRows(server, `select (${sql})::text`), (rows) =>
    Option.getOrThrow(Lsn.fromText(rows[0]![0]!))
  )

export const flushed = (server: EmbeddedServer) => position(server, "pg_current_wal_flush_lsn()")

/** Has the server write some log, and gives its end. */
export const write = (server: EmbeddedServer, rows = 1000) =>
  Effect.zipRight(
    rawRows(
      server,
      `create table if not exists written (id int, filler text);
       insert into written select i, repeat(md5(i::text), 10) from generate_series(1, ${rows}) i`
    ),
    flushed(server)
  )

/** What has come of a feed so far, while it is read. */
export const following = (feed: PhysicalFeed) =>
  Effect.gen(function* () {
    const events: Array<PhysicalEvent> = []
    yield* Effect.forkScoped(Stream.runForEach(feed.events, (event) => Effect.sync(() => events.push(event))))
    return events
  })

export const pieces = (events: ReadonlyArray<PhysicalEvent>): ReadonlyArray<WalData> =>
  events.filter((event) => event._tag === "WalData")

/** Waits until the feed has got so far. */
export const reached = (feed: PhysicalFeed, end: Lsn.Lsn) =>
  eventually(feed.progress, ({ received }) => received >= end)

/** The pieces that are not the bytes of the server's own files, and gaps between pieces. */
export const faults = (
  server: EmbeddedServer,
  events: ReadonlyArray<PhysicalEvent>,
  segmentSize = 16 * MiB
): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  let before: Lsn.Lsn | undefined
  for (const { data, end, start: from, timeline } of pieces(events)) {
    if (before !== undefined && before !== from) wrong.push(`a gap before ${Lsn.toText(from)}`)
    if (end - from !== BigInt(data.length))
      wrong.push(`a piece of ${data.length} bytes at ${Lsn.toText(from)}`)
    before = end
    for (let at = from; at < end;) {
      const segment = WalSegment.at(timeline, at, segmentSize)
      const first = WalSegment.startOf(segment, segmentSize)
      const until = first + BigInt(segmentSize) < end ? first + BigInt(segmentSize) : end
      const size = Number(until - at)
      const file = NodeFs.openSync(
        `${server.dataFolder}/pg_wal/${WalSegment.fileName(segment, segmentSize)}`,
        "r"
      )
      const own = Buffer.alloc(size)
      NodeFs.readSync(file, own, 0, size, Number(at - first))
      NodeFs.closeSync(file)
      const offset = Number(at - from)
      if (!own.equals(data.subarray(offset, offset + size))) wrong.push(`other bytes at ${Lsn.toText(at)}`)
      at = until
    }
  }
  return wrong
}

/** A standby of a server, which stops for a moment to be copied. */
export const standbyOf = (
  primary: EmbeddedServer,
  version: MajorVersion,
  settings: Record<string, string> = {}
) =>
  Effect.gen(function* () {
    yield* primary.stop()
    const standby = yield* start({
      version,
      listen: "tcp",
      dataFolder: primary.dataFolder,
      settings: {
        primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres`,
        hot_standby: "on",
        ...settings
      }
    })
    yield* primary.startAgain
    return standby
  })

/** Waits until the standby has replayed up to the position. */
export const caughtUp = (standby: EmbeddedServer, end: Lsn.Lsn) =>
  eventually(position(standby, "pg_last_wal_replay_lsn()"), (replayed) => replayed >= end)

export const promote = (standby: EmbeddedServer) => rawRows(standby, "select pg_promote(true, 60)")
